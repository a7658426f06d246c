package opcua

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	defaultSelectionDepth = 20
	defaultSelectionNodes = 100_000
	defaultRebrowse       = 12 * time.Hour
	// maxChildren bounds the references of one node.
	maxChildren = 100_000
	// maxSubtypes bounds the subtypes of a type.
	maxSubtypes = 10_000
	// browseAhead is how many nodes of one level are browsed in one go: between two, a selection notices that it has found enough.
	browseAhead = 2_000
	// rateSample is how many nodes are asked for the interval at which they can be sampled.
	rateSample = 1_000
)

// selecting is a walk through the address space for one selection, level by level.
type selecting struct {
	session          *session
	selection        *model.Selection
	include, exclude []model.Pattern
	types            map[model.NodeID]bool // nil for any type
	depth, most      int

	seen      map[model.NodeID]bool
	found     []model.PublishedField
	truncated bool
}

// branch is a node whose children are to be looked at.
type branch struct {
	node model.NodeID
	path []string // below the beginning
	// within tells that it is, or is below, an instance of the wanted type.
	within bool
}

// find finds the fields of a selection, in the order of the levels. A node that is reached in several ways is found once. A name is made of the path below
// the beginning, so that it is the same the next time.
func (s *session) find(ctx context.Context, selection *model.Selection) (*selecting, error) {
	w, err := s.selecting(selection)
	if err != nil {
		return nil, err
	}
	begin, err := s.beginning(ctx, selection)
	if err != nil {
		return nil, err
	}
	if !selection.TypeDefinition.IsNull() {
		if w.types, err = s.subtypes(ctx, selection.TypeDefinition); err != nil {
			return nil, err
		}
	}
	w.seen[begin] = true
	level := []branch{{node: begin, within: w.types == nil}}
	for depth := 0; len(level) > 0; depth++ {
		if depth == w.depth {
			w.truncated = true
			break
		}
		var next []branch
		for part := range slices.Chunk(level, browseAhead) {
			if next, err = w.browse(ctx, part, next); err != nil {
				return nil, err
			}
			if w.truncated {
				return w, nil
			}
		}
		level = next
	}
	return w, nil
}

func (s *session) selecting(selection *model.Selection) (*selecting, error) {
	w := &selecting{session: s, selection: selection, depth: selection.MaxDepth, most: selection.MaxNodes, seen: map[model.NodeID]bool{}}
	if w.depth <= 0 {
		w.depth = defaultSelectionDepth
	}
	if w.most <= 0 {
		w.most = defaultSelectionNodes
	}
	for _, list := range []struct {
		text []string
		to   *[]model.Pattern
	}{{selection.Include, &w.include}, {selection.Exclude, &w.exclude}} {
		for _, text := range list.text {
			p, err := model.ParsePattern(text)
			if err != nil {
				return nil, fmt.Errorf("selection: %w: %w", model.StatusBadConfigurationError, err)
			}
			*list.to = append(*list.to, p)
		}
	}
	return w, nil
}

// beginning is the node that a selection begins at.
func (s *session) beginning(ctx context.Context, selection *model.Selection) (model.NodeID, error) {
	root := selection.Root
	if root.IsNull() {
		root = model.Expanded(objectsFolder)
	}
	walks := []walk{s.walk(root, selection.Path)}
	if err := s.follow(ctx, walks); err != nil {
		return model.NodeID{}, fmt.Errorf("selection: %w", err)
	}
	if w := walks[0]; w.status.IsBad() {
		return model.NodeID{}, fmt.Errorf("selection: path %q below %s: %w: %s", selection.Path, root, w.status, w.message)
	}
	return walks[0].node, nil
}

// subtypes are a type and all of its subtypes.
func (s *session) subtypes(ctx context.Context, root model.ExpandedNodeID) (map[model.NodeID]bool, error) {
	local, err := s.resolve(root)
	if err != nil {
		return nil, fmt.Errorf("selection: type %s: %w", root, err)
	}
	types := map[model.NodeID]bool{nodeID(local): true}
	level := []model.NodeID{nodeID(local)}
	for len(level) > 0 && len(types) < maxSubtypes {
		found, err := s.browse(ctx, forward(level, idHasSubtype), maxChildren)
		if err != nil {
			return nil, fmt.Errorf("selection: browse types: %w", err)
		}
		level = level[:0]
		for _, f := range found {
			for _, r := range f.references {
				if n := s.local(r.NodeID); n != nil && !types[nodeID(n)] {
					types[nodeID(n)] = true
					level = append(level, nodeID(n))
				}
			}
		}
	}
	return types, nil
}

// forward asks for what nodes refer to.
func forward(nodes []model.NodeID, referenceType uint32) []*ua.BrowseDescription {
	list := inverse(nodes, referenceType)
	for _, d := range list {
		d.BrowseDirection = ua.BrowseDirectionForward
	}
	return list
}

// browse looks at the children of branches, and appends those whose children are to be looked at to next.
func (w *selecting) browse(ctx context.Context, level []branch, next []branch) ([]branch, error) {
	nodes := make([]model.NodeID, len(level))
	for i := range level {
		nodes[i] = level[i].node
	}
	found, err := w.session.browse(ctx, forward(nodes, idHierarchicalReferences), maxChildren)
	if err != nil {
		return nil, fmt.Errorf("selection: browse: %w", err)
	}
	for i, f := range found {
		w.truncated = w.truncated || f.more
		for _, r := range f.references {
			next = w.take(&level[i], r, next)
		}
	}
	return next, nil
}

// take decides on one child.
func (w *selecting) take(parent *branch, r *ua.ReferenceDescription, next []branch) []branch {
	local := w.session.local(r.NodeID)
	if local == nil || r.BrowseName == nil || parentRank(nodeID(r.ReferenceTypeID)) == 0 {
		return next
	}
	node := nodeID(local)
	path := append(slices.Clone(parent.path), r.BrowseName.Name)
	if w.seen[node] || slices.ContainsFunc(w.exclude, func(p model.Pattern) bool { return p.Match(path) }) {
		return next
	}
	w.seen[node] = true
	within := parent.within || r.TypeDefinition != nil && w.types[nodeID(w.session.local(r.TypeDefinition))]
	included := len(w.include) == 0 || slices.ContainsFunc(w.include, func(p model.Pattern) bool { return p.Match(path) })
	if within && included && r.NodeClass == ua.NodeClassVariable {
		if len(w.found) == w.most {
			w.truncated = true
			return next
		}
		w.found = append(w.found, w.field(node, path))
	}
	below := len(w.include) == 0 || slices.ContainsFunc(w.include, func(p model.Pattern) bool { return p.MatchBelow(path) })
	if below && (r.NodeClass == ua.NodeClassVariable || r.NodeClass == ua.NodeClassObject) {
		next = append(next, branch{node: node, path: path, within: within})
	}
	return next
}

// field makes the field of a node.
func (w *selecting) field(node model.NodeID, path []string) model.PublishedField {
	f := w.selection.Field
	f.NodeID, f.Name = w.session.namespaces.Expand(node), strings.Join(path, ".")
	if len(f.Name) > model.MaxNameBytes {
		// The end says more than the beginning.
		sum := sha256.Sum256([]byte(f.Name))
		tail := f.Name[len(f.Name)-model.MaxNameBytes+17:]
		f.Name = hex.EncodeToString(sum[:8]) + "…" + strings.ToValidUTF8(tail[2:], "")
	}
	return f
}

// Expand implements edge.Expander.
func (s *Source) Expand(ctx context.Context, selections []model.Selection) ([]model.Expansion, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]model.Expansion, len(selections))
	for i := range selections {
		w, err := ses.find(ctx, &selections[i])
		if err != nil {
			results[i] = model.Expansion{Status: statusOf(err, model.StatusBadConfigurationError), Message: err.Error()}
			continue
		}
		e := model.Expansion{Count: len(w.found), Truncated: w.truncated, Sample: w.found[:min(len(w.found), model.MaxExpansionSample)]}
		if e.ValuesPerSecond, err = ses.valuesPerSecond(ctx, w.found, selections[i].Field.SamplingInterval); err != nil {
			return nil, fmt.Errorf("selection: %w", err)
		}
		results[i] = e
	}
	return results, nil
}

// valuesPerSecond is the most that fields send when they are sampled each interval, 0 for one second; a node is not sampled faster than it
// tells it can be. The first fields stand for all.
func (s *session) valuesPerSecond(ctx context.Context, fields []model.PublishedField, interval time.Duration) (float64, error) {
	if interval <= 0 {
		interval = time.Second
	}
	var reads []*ua.ReadValueID
	for _, f := range fields[:min(len(fields), rateSample)] {
		node, err := s.resolve(f.NodeID)
		if err != nil {
			return 0, err
		}
		reads = append(reads, &ua.ReadValueID{NodeID: node, AttributeID: ua.AttributeIDMinimumSamplingInterval})
	}
	if len(reads) == 0 {
		return 0, nil
	}
	values, err := s.read(ctx, reads)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, v := range values {
		seconds := interval.Seconds()
		if v.Value != nil {
			if ms, ok := v.Value.Value().(float64); ok {
				seconds = max(seconds, ms/1000)
			}
		}
		sum += 1 / seconds
	}
	return sum / float64(len(reads)) * float64(len(fields)), nil
}
