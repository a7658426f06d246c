package opcua

import (
	"context"
	"fmt"
	"slices"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// walk is a path that is followed: where it is, and what is left.
type walk struct {
	node model.NodeID
	path model.RelativePath
	// single has it take one element at a time, to find out which one leads nowhere.
	single  bool
	status  model.StatusCode
	message string
}

// rootNames are the nodes below the root, which all servers have (Part 5, 8.2).
var rootNames = map[string]uint32{"Objects": idObjectsFolder, "Types": idTypesFolder, "Views": idViewsFolder}

// walk begins the path from a node; a null one stands for the root, an empty path for the node itself.
func (s *session) walk(from model.ExpandedNodeID, path string) walk {
	w := walk{node: model.NumericID(0, idRootFolder)}
	if path != "" {
		var err error
		if w.path, err = model.ParseBrowsePath(path); err != nil {
			w.status, w.message = model.StatusBadSyntaxError, err.Error()
			return w
		}
	}
	if !from.IsNull() {
		id, err := s.namespaces.Resolve(from)
		if err != nil {
			w.status, w.message = model.StatusBadNodeIdUnknown, err.Error()
		}
		w.node = id
	}
	if len(w.path) == 0 || w.node != model.NumericID(0, idRootFolder) || w.path[0].Follow != model.FollowHierarchical {
		return w
	}
	name := w.path[0].Target
	if id, ok := rootNames[name.Name]; ok && name.NamespaceURI == "" && name.Namespace <= 0 {
		w.node, w.path = model.NumericID(0, id), w.path[1:]
	}
	return w
}

// open tells whether the end is not reached.
func (w *walk) open() bool { return len(w.path) > 0 && !w.status.IsBad() }

// stride is how many elements can be asked for at once: those whose names stand for one each.
func (w *walk) stride() int {
	n := 0
	for !w.single && n < len(w.path) && w.path[n].Target.Qualified() {
		n++
	}
	return max(n, 1)
}

// follow takes walks to their ends.
func (s *session) follow(ctx context.Context, walks []walk) error {
	types, err := s.followedTypes(ctx, walks)
	if err != nil {
		return err
	}
	for done := false; !done; {
		if done, err = s.advance(ctx, walks, types); err != nil {
			return err
		}
	}
	return s.arrive(ctx, walks, types)
}

// named tells whether the next element has a name.
func (w *walk) named() bool { return w.open() && !w.path[0].Target.IsZero() }

// arrive takes last elements without a name, which stand for all targets: servers do not all translate them.
func (s *session) arrive(ctx context.Context, walks []walk, types map[model.PathName]model.NodeID) error {
	var asked []*ua.BrowseDescription
	var whose []*walk
	for i := range walks {
		w := &walks[i]
		if !w.open() {
			continue
		}
		e := pathElement(&w.path[0], types, nil)
		d := &ua.BrowseDescription{
			NodeID: uaNodeID(w.node), BrowseDirection: ua.BrowseDirectionForward, ReferenceTypeID: e.ReferenceTypeID, IncludeSubtypes: e.IncludeSubtypes,
		}
		if e.IsInverse {
			d.BrowseDirection = ua.BrowseDirectionInverse
		}
		asked, whose = append(asked, d), append(whose, w)
	}
	found, err := s.browse(ctx, asked, maxParents)
	if err != nil {
		return err
	}
	for i, w := range whose {
		t := target{status: found[i].status}
		for _, r := range found[i].references {
			if local := s.local(r.NodeID); local != nil && t.node == nil {
				t.node = local
			}
		}
		w.take([]target{t})
	}
	return nil
}

// advance takes one stride of all walks at once; done when none is left.
func (s *session) advance(ctx context.Context, walks []walk, types map[model.PathName]model.NodeID) (done bool, err error) {
	type key struct {
		node model.NodeID
		path string
	}
	type span struct{ from, to int }
	asked := map[key]span{} // where the candidates of a stride are; paths with the same beginning share them
	taken := make([]span, len(walks))
	var candidates []*ua.BrowsePath
	for i := range walks {
		w := &walks[i]
		if !w.named() {
			continue
		}
		stride := w.path[:w.stride()]
		k := key{w.node, stride.String()}
		c, ok := asked[k]
		if !ok {
			c.from = len(candidates)
			candidates = append(candidates, s.candidates(w.node, stride, types)...)
			c.to = len(candidates)
			asked[k] = c
		}
		taken[i] = c
	}
	if len(candidates) == 0 {
		return true, nil
	}
	targets, err := s.translate(ctx, candidates)
	if err != nil {
		return false, err
	}
	for i := range walks {
		if w := &walks[i]; w.named() {
			w.take(targets[taken[i].from:taken[i].to])
		}
	}
	return false, nil
}

// candidates are the paths that a stride stands for: one for each namespace when its name has none.
func (s *session) candidates(node model.NodeID, stride model.RelativePath, types map[model.PathName]model.NodeID) []*ua.BrowsePath {
	names := s.targetNames(stride[0].Target)
	paths := make([]*ua.BrowsePath, len(names))
	for i := range names {
		elements := make([]*ua.RelativePathElement, len(stride))
		for j := range stride {
			name := names[i]
			if j > 0 {
				name = s.targetNames(stride[j].Target)[0]
			}
			elements[j] = pathElement(&stride[j], types, name)
		}
		paths[i] = &ua.BrowsePath{StartingNode: uaNodeID(node), RelativePath: &ua.RelativePath{Elements: elements}}
	}
	return paths
}

func pathElement(e *model.RelativePathElement, types map[model.PathName]model.NodeID, name *ua.QualifiedName) *ua.RelativePathElement {
	r := &ua.RelativePathElement{ReferenceTypeID: ns0(idHierarchicalReferences), IncludeSubtypes: true, TargetName: name}
	switch e.Follow {
	case model.FollowAggregates:
		r.ReferenceTypeID = ns0(idAggregates)
	case model.FollowNamed:
		r.ReferenceTypeID, r.IsInverse, r.IncludeSubtypes = uaNodeID(types[e.ReferenceType]), e.Inverse, !e.NoSubtypes
	}
	return r
}

// take goes on to the first of the targets that is there.
func (w *walk) take(targets []target) {
	stride := w.stride()
	for _, t := range targets {
		if t.node != nil {
			w.node, w.path = nodeID(t.node), w.path[stride:]
			return
		}
	}
	if stride > 1 {
		w.single = true
		return
	}
	w.status, w.message = model.StatusBadNoMatch, fmt.Sprintf("there is no %s below %s", w.path[:1], w.node)
	for _, t := range targets {
		if t.status.IsBad() && t.status != model.StatusBadNoMatch {
			w.status = t.status
		}
	}
}

// noNamespace is an index that no server has.
const noNamespace = 1<<16 - 1

// targetNames are the qualified names that a name of a path stands for, never none.
func (s *session) targetNames(n model.PathName) []*ua.QualifiedName {
	switch {
	case n.NamespaceURI != "":
		q := &ua.QualifiedName{NamespaceIndex: noNamespace, Name: n.Name}
		if i := slices.Index(s.namespaces, n.NamespaceURI); i >= 0 {
			q.NamespaceIndex = uint16(i)
		}
		return []*ua.QualifiedName{q}
	case n.Namespace >= 0:
		return []*ua.QualifiedName{{NamespaceIndex: uint16(n.Namespace), Name: n.Name}}
	}
	names := make([]*ua.QualifiedName, max(len(s.namespaces), 1))
	for i := range names {
		names[i] = &ua.QualifiedName{NamespaceIndex: uint16(i), Name: n.Name}
	}
	return names
}
