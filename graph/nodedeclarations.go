package graph

import (
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// InstanceDeclarationConnection is a page of what a type declares.
type InstanceDeclarationConnection struct {
	Edges      []InstanceDeclarationEdge
	PageInfo   PageInfo
	TotalCount int
}

// InstanceDeclarationEdge is a node that instances of a type have, too, as its modelling rule says (Part 3, 6.3).
type InstanceDeclarationEdge struct {
	Cursor          string
	BrowsePath      string
	DeclaredBy      model.ExpandedNodeID
	ModellingRule   string
	ModellingRuleID model.ExpandedNodeID
	Node            Node
}

// InstanceDeclarations are those of the type, with the inherited ones.
func (n *ObjectTypeNode) InstanceDeclarations(first *int, after *string) (*InstanceDeclarationConnection, error) {
	return n.declarations(first, after)
}

// InstanceDeclarations are those of the type, with the inherited ones.
func (n *VariableTypeNode) InstanceDeclarations(first *int, after *string) (*InstanceDeclarationConnection, error) {
	return n.declarations(first, after)
}

func (n *node) declarations(first *int, after *string) (*InstanceDeclarationConnection, error) {
	x, err := n.explored(exploreDeclarations, nil, first, after)
	if err != nil {
		return nil, err
	}
	return x.declarations, nil
}

// maxDeclarationDepth bounds the levels below a type.
const maxDeclarationDepth = 8

// declaredClasses are those of InstanceDeclarations.
const declaredClasses = model.NodeClassObject | model.NodeClassVariable | model.NodeClassMethod

// foundDeclaration is an InstanceDeclaration of a type.
type foundDeclaration struct {
	path       model.RelativePath
	declaredBy model.ExpandedNodeID
	rule       model.Reference
	reference  model.Reference
}

// declarations finds what types and their supertypes declare, a step for all of them at a time.
func (x *explorer) declarations(l exploreLevel, q exploreQuery, nodes []*node) error {
	chains := make([][]model.ExpandedNodeID, len(nodes)) // the type first
	for i, n := range nodes {
		chains[i] = []model.ExpandedNodeID{n.asked}
	}
	if err := x.supertypes(chains); err != nil {
		return err
	}
	declared := map[model.ExpandedNodeID][]foundDeclaration{}
	var types []model.ExpandedNodeID
	for _, chain := range chains {
		for _, id := range chain {
			if _, known := declared[id]; !known {
				declared[id] = nil
				types = append(types, id)
			}
		}
	}
	if err := x.declaredBy(types, declared); err != nil {
		return err
	}
	for i, n := range nodes {
		to := l[exploreKey{n.asked, q}]
		to.declarations, to.nodes = x.declarationPage(q, inherit(chains[i], declared))
	}
	return nil
}

// supertypes extends chains upwards.
func (x *explorer) supertypes(chains [][]model.ExpandedNodeID) error {
	open := make([]int, len(chains))
	for i := range open {
		open[i] = i
	}
	for depth := 0; len(open) > 0 && depth < maxExploreDepth; depth++ {
		asked := make([]model.BrowseDescription, len(open))
		for j, i := range open {
			asked[j] = model.BrowseDescription{
				NodeID: chains[i][len(chains[i])-1], Direction: model.BrowseInverse, ReferenceType: hasSubtype, IncludeSubtypes: true, MaxReferences: maxParents,
			}
		}
		found, err := x.browse(asked)
		if err != nil {
			return err
		}
		var next []int
		for j, i := range open {
			if refs := found[j].References; len(refs) > 0 && refs[0].NodeID.ServerIndex == 0 && !slices.Contains(chains[i], refs[0].NodeID) {
				chains[i] = append(chains[i], refs[0].NodeID)
				next = append(next, i)
			}
		}
		open = next
	}
	return nil
}

// declaring is a node of which it is asked what it declares, with the declaration that it is itself; none for a type.
type declaring struct {
	declaredBy model.ExpandedNodeID
	id         model.ExpandedNodeID
	path       model.RelativePath
	reference  *model.Reference
}

// declaredBy goes down from types. A node without a modelling rule is none of their declarations, nor is what hangs from it.
func (x *explorer) declaredBy(types []model.ExpandedNodeID, declared map[model.ExpandedNodeID][]foundDeclaration) error {
	var level []declaring
	for _, id := range types {
		level = append(level, declaring{declaredBy: id, id: id})
	}
	for depth := 0; len(level) > 0 && depth <= maxDeclarationDepth; depth++ {
		asked := make([]model.BrowseDescription, 0, 2*len(level))
		for _, d := range level {
			asked = append(asked,
				model.BrowseDescription{NodeID: d.id, ReferenceType: hasModellingRule, IncludeSubtypes: true},
				model.BrowseDescription{NodeID: d.id, ReferenceType: allParents.referenceType, IncludeSubtypes: true, NodeClassMask: declaredClasses})
		}
		found, err := x.browse(asked)
		if err != nil {
			return err
		}
		var next []declaring
		for i, d := range level {
			rules, below := found[2*i].References, found[2*i+1].References
			if d.reference != nil {
				if len(rules) == 0 {
					continue
				}
				declared[d.declaredBy] = append(declared[d.declaredBy], foundDeclaration{d.path, d.declaredBy, rules[0], *d.reference})
			}
			for _, r := range below {
				if r.NodeID.ServerIndex == 0 && !tellsOfEvents(r.ReferenceType) {
					path := append(slices.Clone(d.path), model.RelativePathElement{Target: pathName(r.BrowseName)})
					next = append(next, declaring{d.declaredBy, r.NodeID, path, &r})
				}
			}
		}
		level = next
	}
	return nil
}

// inherit joins what the types of a chain declare: those of the supertypes first, each path once, as the nearest type has it (Part 3, 6.3.3.2).
func inherit(chain []model.ExpandedNodeID, declared map[model.ExpandedNodeID][]foundDeclaration) (list []foundDeclaration) {
	place := map[string]int{}
	for _, id := range slices.Backward(chain) {
		for _, d := range declared[id] {
			key := d.path.String()
			if i, inherited := place[key]; inherited {
				list[i] = d
				continue
			}
			place[key] = len(list)
			list = append(list, d)
		}
	}
	return list
}

func (x *explorer) declarationPage(q exploreQuery, list []foundDeclaration) (*InstanceDeclarationConnection, []*node) {
	from, to, info := q.cut(len(list))
	c := &InstanceDeclarationConnection{PageInfo: info, TotalCount: len(list), Edges: []InstanceDeclarationEdge{}}
	var nodes []*node
	for i, d := range list[from:to] {
		n := referencedNode(x.server, &d.reference)
		e := InstanceDeclarationEdge{
			Cursor: placeCursor(from + i), BrowsePath: d.path.String(), DeclaredBy: d.declaredBy, ModellingRule: d.rule.BrowseName.Name,
			ModellingRuleID: d.rule.NodeID, Node: n.typed(),
		}
		c.Edges, nodes = append(c.Edges, e), append(nodes, n)
	}
	c.PageInfo.end(from, to)
	return c, nodes
}
