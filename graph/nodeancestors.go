package graph

import (
	"cmp"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxParents bounds the nodes above one that are looked at, maxWays the ways up from it.
const (
	maxParents = 100
	maxWays    = 1000
)

// rootFolder is the node that all others hang from (Part 5, 8.2.1).
var rootFolder = model.Expanded(model.NumericID(0, 84))

// BrowsePaths are ways from the root to the node, the shortest first, in the text form of Part 4, Annex A.
func (n *node) BrowsePaths(first *int) ([]string, error) {
	x, err := n.explored(explorePaths, nil, first, nil)
	if err != nil {
		return nil, err
	}
	return x.paths, nil
}

// ancestors are the nodes above nodes, with the names of all.
type ancestors struct {
	parents map[model.ExpandedNodeID][]model.ExpandedNodeID
	names   map[model.ExpandedNodeID]model.PathName
}

// paths finds the ways down to nodes.
func (x *explorer) paths(l exploreLevel, q exploreQuery, nodes []*node) error {
	a := ancestors{parents: map[model.ExpandedNodeID][]model.ExpandedNodeID{}, names: map[model.ExpandedNodeID]model.PathName{}}
	var level []model.ExpandedNodeID
	for _, n := range nodes {
		level = append(level, n.asked)
	}
	for depth := 0; len(level) > 0 && depth < maxExploreDepth; depth++ {
		var asked []model.BrowseDescription
		for _, id := range level {
			if _, known := a.parents[id]; !known && id != rootFolder {
				a.parents[id] = nil
				asked = append(asked, model.BrowseDescription{
					NodeID: id, Direction: model.BrowseInverse, ReferenceType: allParents.referenceType, IncludeSubtypes: true, MaxReferences: maxParents,
				})
			}
		}
		found, err := x.browse(asked)
		if err != nil {
			return err
		}
		level = level[:0]
		for i := range found {
			for _, r := range found[i].References {
				if r.NodeID.ServerIndex == 0 && !tellsOfEvents(r.ReferenceType) {
					a.parents[asked[i].NodeID] = append(a.parents[asked[i].NodeID], r.NodeID)
					a.names[r.NodeID] = pathName(r.BrowseName)
					level = append(level, r.NodeID)
				}
			}
		}
	}
	if err := x.nameNodes(&a, nodes); err != nil {
		return err
	}
	for _, n := range nodes {
		l[exploreKey{n.asked, q}].paths = a.paths(n.asked, q.limit)
	}
	return nil
}

// nameNodes reads the names of the nodes themselves.
func (x *explorer) nameNodes(a *ancestors, nodes []*node) error {
	reads := make([]model.ReadValueID, len(nodes))
	for i, n := range nodes {
		reads[i] = model.ReadValueID{NodeID: n.asked, Attribute: model.AttributeBrowseName}
	}
	l := newLevel()
	if err := l.read(x.ctx, x.commands, x.server.ID, reads); err != nil {
		return err
	}
	for _, id := range reads {
		if r := l.reads[id]; r != nil && !r.Status.IsBad() {
			a.names[id.NodeID] = pathName(r.Value.QualifiedName())
		}
	}
	return nil
}

// tellsOfEvents tells whether references of the type are about events (HasEventSource, HasNotifier) and no way through the tree.
func tellsOfEvents(referenceType model.ExpandedNodeID) bool {
	return referenceType == model.Expanded(model.NumericID(0, 36)) || referenceType == model.Expanded(model.NumericID(0, 48))
}

// pathName is a name with its namespace.
func pathName(q model.QualifiedName) model.PathName {
	n := model.PathName{Name: q.Name, NamespaceURI: q.NamespaceURI, Namespace: model.AnyNamespace}
	if n.NamespaceURI == "" {
		n.Namespace = int(q.Namespace)
	}
	return n
}

// paths goes up from a node until it comes to the root, on all ways.
func (a *ancestors) paths(id model.ExpandedNodeID, limit int) []string {
	type way struct {
		at   model.ExpandedNodeID
		path []model.ExpandedNodeID // from the node up
	}
	var found []model.RelativePath
	ways := []way{{id, nil}}
	for i := 0; i < len(ways) && i < maxWays && len(found) < limit; i++ { // the shortest first
		w := ways[i]
		if w.at == rootFolder {
			found = append(found, a.down(w.path))
			continue
		}
		if len(w.path) == maxExploreDepth || slices.Contains(w.path, w.at) {
			continue
		}
		path := append(slices.Clone(w.path), w.at)
		for _, parent := range a.parents[w.at] {
			ways = append(ways, way{parent, path})
		}
	}
	texts := []string{}
	slices.SortStableFunc(found, func(a, b model.RelativePath) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a.String(), b.String()))
	})
	for _, p := range found {
		if text := p.String(); text != "" && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// down is the path from the root to the first of nodes, which are on the way up.
func (a *ancestors) down(up []model.ExpandedNodeID) (path model.RelativePath) {
	for _, id := range slices.Backward(up) {
		path = append(path, model.RelativePathElement{Target: a.names[id]})
	}
	return path
}
