package opcua

import (
	"context"
	"slices"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxPathDepth bounds the way up to the Objects folder.
const maxPathDepth = 32

// parent is the node above another.
type parent struct {
	node model.NodeID
	name string // of the node above
}

// paths finds the browse paths of nodes from the root by their inverse hierarchical references, level by level for all nodes at
// once. A path is "" when a node is not below the Objects folder.
func (s *session) paths(ctx context.Context, nodes []model.NodeID) ([]string, error) {
	parents := map[model.NodeID]parent{}
	level := slices.Clone(nodes)
	for depth := 0; len(level) > 0 && depth < maxPathDepth; depth++ {
		var asked []model.NodeID
		for _, n := range level {
			if _, known := parents[n]; !known && n != objectsFolder {
				parents[n] = parent{}
				asked = append(asked, n)
			}
		}
		found, err := s.browse(ctx, inverse(asked, idHierarchicalReferences), maxParents)
		if err != nil {
			return nil, err
		}
		level = level[:0]
		for i, f := range found {
			if p, ok := s.chooseParent(f.references); ok {
				parents[asked[i]] = p
				level = append(level, p.node)
			}
		}
	}
	names, err := s.browseNames(ctx, nodes)
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(nodes))
	for i, n := range nodes {
		paths[i] = joinPath(n, names[i], parents)
	}
	return paths, nil
}

var objectsFolder = model.NumericID(0, idObjectsFolder)

// chooseParent prefers what a node is a part of over where it is listed. References of event sources and types are no way up.
func (s *session) chooseParent(refs []*ua.ReferenceDescription) (parent, bool) {
	best, bestRank := parent{}, 0
	for _, r := range refs {
		node := s.local(r.NodeID)
		if node == nil || r.BrowseName == nil {
			continue
		}
		if rank := parentRank(nodeID(r.ReferenceTypeID)); rank > bestRank {
			best, bestRank = parent{nodeID(node), r.BrowseName.Name}, rank
		}
	}
	return best, bestRank > 0
}

func parentRank(referenceType model.NodeID) int {
	if referenceType.Namespace() != 0 {
		return 1
	}
	switch referenceType.Numeric() {
	case idHasComponent, idHasProperty, idHasOrderedComponent:
		return 3
	case idOrganizes:
		return 2
	case idHasEventSource, idHasNotifier, idHasSubtype:
		return 0
	}
	return 1
}

// browseNames reads the names of nodes.
func (s *session) browseNames(ctx context.Context, nodes []model.NodeID) ([]string, error) {
	reads := make([]*ua.ReadValueID, len(nodes))
	for i, n := range nodes {
		reads[i] = &ua.ReadValueID{NodeID: uaNodeID(n), AttributeID: ua.AttributeIDBrowseName}
	}
	values, err := s.read(ctx, reads)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(nodes))
	for i, v := range values {
		if q, ok := v.Value.Value().(*ua.QualifiedName); ok {
			names[i] = q.Name
		}
	}
	return names, nil
}

// joinPath goes up from a node and joins the names.
func joinPath(node model.NodeID, name string, parents map[model.NodeID]parent) string {
	if name == "" {
		return ""
	}
	names := []string{model.EscapeBrowseName(name)}
	for range maxPathDepth {
		if node == objectsFolder {
			slices.Reverse(names)
			return strings.Join(names, "/")
		}
		p := parents[node]
		if p.name == "" {
			return ""
		}
		names = append(names, model.EscapeBrowseName(p.name))
		node = p.node
	}
	return ""
}
