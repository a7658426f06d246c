package opcua

import (
	"context"
	"fmt"
	"slices"
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

// Translate implements edge.Translator. A '/' or '&' within a name is written "&/" or "&&" (Part 4, A.2). Where a name without a
// namespace index fits several nodes, the one in the lowest namespace is taken.
func (s *Source) Translate(ctx context.Context, paths []string) ([]model.TranslateResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	walks := make([]walk, len(paths))
	for i, p := range paths {
		walks[i] = ses.walk(model.ExpandedNodeID{}, p)
	}
	if err := ses.follow(ctx, walks); err != nil {
		return nil, fmt.Errorf("translate: %w", err)
	}
	results := make([]model.TranslateResult, len(paths))
	for i, w := range walks {
		if w.status.IsBad() {
			results[i] = model.TranslateResult{Status: w.status, Message: fmt.Sprintf("path %q: %s: %s", paths[i], w.status.Name(), w.message)}
			continue
		}
		results[i].NodeID = ses.namespaces.Expand(w.node)
	}
	return results, nil
}

// walk is a path that is followed name by name: where it is, and what is left.
type walk struct {
	node    model.NodeID
	names   []string
	status  model.StatusCode
	message string
}

// advance takes one step of all walks at once; done when none is left.
func (s *session) advance(ctx context.Context, walks []walk) (done bool, err error) {
	type key struct {
		node model.NodeID
		name string
	}
	first := map[key]int{} // where the candidates of a step begin; paths with the same beginning share it
	var candidates []*ua.BrowsePath
	for i := range walks {
		w := &walks[i]
		if len(w.names) == 0 || w.status.IsBad() {
			continue
		}
		k := key{w.node, w.names[0]}
		if _, ok := first[k]; !ok {
			first[k] = len(candidates)
			for _, name := range s.names(w.names[0]) {
				candidates = append(candidates, step(uaNodeID(w.node), idHierarchicalReferences, name))
			}
		}
	}
	if len(candidates) == 0 {
		return true, nil
	}
	targets, err := s.translate(ctx, candidates)
	if err != nil {
		return false, err
	}
	for i := range walks {
		w := &walks[i]
		if len(w.names) == 0 || w.status.IsBad() {
			continue
		}
		from := first[key{w.node, w.names[0]}]
		w.take(targets[from : from+len(s.names(w.names[0]))])
	}
	return false, nil
}

// take goes on to the first of the targets that is there.
func (w *walk) take(targets []target) {
	for _, t := range targets {
		if t.node != nil {
			w.node, w.names = nodeID(t.node), w.names[1:]
			return
		}
	}
	w.status, w.message = model.StatusBadNoMatch, fmt.Sprintf("there is no %q below %s", w.names[0], w.node)
	for _, t := range targets {
		if t.status.IsBad() && t.status != model.StatusBadNoMatch {
			w.status = t.status
		}
	}
}

// noNamespace is an index that no server has.
const noNamespace = 1<<16 - 1

// names are the qualified names that a name of a path stands for: "Boiler" in any namespace, "2:Boiler" or "nsu=urn:acme;Boiler".
func (s *session) names(name string) []*ua.QualifiedName {
	if uri, bare, ok := cutNamespace(name); ok {
		q := &ua.QualifiedName{NamespaceIndex: noNamespace, Name: bare}
		if i := slices.Index(s.namespaces, uri); i >= 0 {
			q.NamespaceIndex = uint16(i)
		}
		return []*ua.QualifiedName{q}
	}
	q, err := model.ParseQualifiedName(name)
	if err == nil && q.Name != name {
		return []*ua.QualifiedName{{NamespaceIndex: q.Namespace, Name: q.Name}}
	}
	r := make([]*ua.QualifiedName, len(s.namespaces))
	for i := range s.namespaces {
		r[i] = &ua.QualifiedName{NamespaceIndex: uint16(i), Name: name}
	}
	return r
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
