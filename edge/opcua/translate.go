package opcua

import (
	"context"
	"fmt"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// target is the node that a browse path leads to.
type target struct {
	node   *ua.NodeID // nil when there is none
	status model.StatusCode
}

// property is the path from a node to one of its properties of namespace 0.
func property(node model.NodeID, name string) *ua.BrowsePath {
	return step(uaNodeID(node), idHasProperty, &ua.QualifiedName{Name: name})
}

// step is a path of one step.
func step(node *ua.NodeID, referenceType uint32, name *ua.QualifiedName) *ua.BrowsePath {
	return &ua.BrowsePath{StartingNode: node, RelativePath: &ua.RelativePath{Elements: []*ua.RelativePathElement{
		{ReferenceTypeID: ns0(referenceType), IncludeSubtypes: true, TargetName: name},
	}}}
}

// translate asks for the targets of paths (Part 4, 5.9.4) in batches.
func (s *session) translate(ctx context.Context, paths []*ua.BrowsePath) ([]target, error) {
	targets := make([]target, len(paths))
	err := s.limits.translate.each(len(paths), func(from, to int) error {
		r, err := do[*ua.TranslateBrowsePathsToNodeIDsResponse](ctx, s, &ua.TranslateBrowsePathsToNodeIDsRequest{BrowsePaths: paths[from:to]})
		if err != nil {
			return err
		}
		if len(r.Results) != to-from {
			return model.StatusBadUnknownResponse
		}
		for i, x := range r.Results {
			targets[from+i] = s.target(x)
		}
		return nil
	}, func(i int, err error) { targets[i].status = statusOf(err, model.StatusBadDecodingError) })
	return targets, err
}

// target takes the first target that is in this server and that the whole path leads to.
func (s *session) target(r *ua.BrowsePathResult) target {
	if r == nil {
		return target{status: model.StatusBadUnknownResponse}
	}
	if status := model.StatusCode(r.StatusCode); status.IsBad() {
		return target{status: status}
	}
	for _, t := range r.Targets {
		if t != nil && t.RemainingPathIndex == ^uint32(0) {
			if node := s.local(t.TargetID); node != nil {
				return target{node: node}
			}
		}
	}
	return target{status: model.StatusBadNoMatch}
}

// Translate implements edge.Translator: see model.ParseBrowsePath for what a path may be. Where it leads to several nodes, the first one that the server names
// is taken, and of those whose name has no namespace one in the lowest.
func (s *Source) Translate(ctx context.Context, paths []model.BrowsePath) ([]model.TranslateResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	walks := make([]walk, len(paths))
	for i, p := range paths {
		walks[i] = ses.walk(p.StartingNode, p.Path)
	}
	if err := ses.follow(ctx, walks); err != nil {
		return nil, fmt.Errorf("translate: %w", err)
	}
	results := make([]model.TranslateResult, len(paths))
	for i, w := range walks {
		if w.status.IsBad() {
			results[i] = model.TranslateResult{Status: w.status, Message: fmt.Sprintf("path %q: %s: %s", paths[i].Path, w.status.Name(), w.message)}
			continue
		}
		results[i].NodeID = ses.namespaces.Expand(w.node)
	}
	return results, nil
}

// cutNamespace splits "nsu=<uri>;<name>".
func cutNamespace(s string) (uri, name string, ok bool) {
	rest, ok := strings.CutPrefix(s, "nsu=")
	if !ok {
		return "", "", false
	}
	uri, name, ok = strings.Cut(rest, ";")
	return strings.NewReplacer("%3B", ";", "%3b", ";", "%25", "%").Replace(uri), name, ok && name != ""
}
