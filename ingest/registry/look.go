package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// lookTimeout bounds looking at nodes: a server that is slower gets its nodes published unseen.
const lookTimeout = 10 * time.Second

// hierarchical is HierarchicalReferences (Part 3, 7.3).
var hierarchical = model.Expanded(model.NumericID(0, 33))

// sight is what is known of a node that is to be published.
type sight struct {
	// id is the node's id in its nsu= form, if the server told it.
	id      model.ExpandedNodeID
	status  model.StatusCode
	message string
	// names are candidates for the field's name, best first; there is at least one.
	names []string
}

// look reads class and name of all nodes, in one batch.
func (r *Registry) look(ctx context.Context, p *model.PublishRequest) []sight {
	looked := make([]sight, len(p.Nodes))
	for i, n := range p.Nodes {
		looked[i] = sight{id: n.NodeID, names: []string{n.NodeID.String()}}
	}
	if r.nodes == nil || len(p.Nodes) == 0 {
		return looked
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	attributes := []model.AttributeID{model.AttributeNodeID, model.AttributeNodeClass, model.AttributeBrowseName}
	ids := make([]model.ReadValueID, 0, len(attributes)*len(p.Nodes))
	for _, n := range p.Nodes {
		for _, a := range attributes {
			ids = append(ids, model.ReadValueID{NodeID: n.NodeID, Attribute: a})
		}
	}
	results, err := r.nodes.Read(ctx, p.Server, ids)
	for i := range looked {
		if err != nil {
			looked[i].message = fmt.Sprintf("the server cannot be asked now (%v); the node is checked when it is connected", err)
			continue
		}
		looked[i].judge(p.Nodes[i].NodeID, results[3*i], results[3*i+1], results[3*i+2])
	}
	if err == nil {
		r.addParents(ctx, p, looked)
	}
	return looked
}

// judge takes what was read of one node.
func (s *sight) judge(asked model.ExpandedNodeID, id, class, name model.ReadResult) {
	switch {
	case class.Status.IsBad():
		s.status, s.message = class.Status, class.Message
		if s.message == "" {
			s.message = fmt.Sprintf("node %s: %s", asked, class.Status.Name())
		}
		return
	case model.NodeClass(class.Value.Int()) != model.NodeClassVariable:
		s.status = model.StatusBadNodeClassInvalid
		s.message = fmt.Sprintf("node %s is of class %s; only Variables can be published", asked, model.NodeClass(class.Value.Int()))
		return
	}
	if e := id.Value.ExpandedNodeID(); !e.IsNull() {
		s.id = e
	}
	if n := name.Value.QualifiedName().Name; n != "" && len(n) <= model.MaxNameBytes {
		s.names = []string{n}
	}
}

// addParents gives the nodes that share a name with others the name of what is above them as well: "Boiler1.Temperature".
func (r *Registry) addParents(ctx context.Context, p *model.PublishRequest, looked []sight) {
	count := map[string]int{}
	for _, w := range r.Writers() {
		if w.Server == p.Server {
			for _, f := range w.Fields {
				count[f.Name]++
			}
		}
	}
	for _, s := range looked {
		count[s.names[0]]++
	}
	var shared []int
	var ask []model.BrowseDescription
	for i, s := range looked {
		if count[s.names[0]] > 1 && p.Nodes[i].Name == "" && !s.status.IsBad() {
			shared = append(shared, i)
			ask = append(ask, model.BrowseDescription{
				NodeID: s.id, Direction: model.BrowseInverse, ReferenceType: hierarchical, IncludeSubtypes: true, MaxReferences: 1,
			})
		}
	}
	if len(ask) == 0 {
		return
	}
	parents, err := r.nodes.Browse(ctx, p.Server, ask)
	if err != nil {
		return // the names get numbers instead
	}
	for j, i := range shared {
		if refs := parents[j].References; len(refs) > 0 {
			if name := refs[0].BrowseName.Name + "." + looked[i].names[0]; len(name) <= model.MaxNameBytes {
				looked[i].names = []string{name}
			}
		}
	}
}
