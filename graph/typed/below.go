package typed

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// browsing is what is below a node.
type browsing struct {
	children []*instance
	err      error
}

func (r *run) browse(level []*pending) map[place]*browsing {
	found := map[place]*browsing{}
	asked := map[string][]model.BrowseDescription{}
	for _, p := range level {
		at := place{p.instance.server, p.instance.id}
		if found[at] == nil && r.live != nil && r.live.known[at] != nil {
			found[at] = r.live.known[at]
		}
		if found[at] == nil {
			found[at] = &browsing{}
			asked[at.server] = append(asked[at.server], model.BrowseDescription{
				NodeID: at.id, ReferenceType: typemodel.HierarchicalReferences, IncludeSubtypes: true,
				NodeClassMask: model.NodeClassObject | model.NodeClassVariable,
			})
		}
	}
	each(asked, func(server string, nodes []model.BrowseDescription) {
		fail := func(err error) {
			for _, n := range nodes {
				found[place{server, n.NodeID}].err = err
			}
		}
		defer r.caught(fail)
		results, err := inBatches(nodes, func(batch []model.BrowseDescription) ([]model.BrowseResult, error) {
			results, err := r.x.services.Browse(r.ctx, server, batch)
			return checked(results, err, len(batch), "browse", server)
		})
		if err != nil {
			fail(err)
			return
		}
		for i := range results {
			b := found[place{server, nodes[i].NodeID}]
			if results[i].Status.IsBad() {
				b.err = &StatusError{fmt.Sprintf("browse %s of server %q", nodes[i].NodeID, server), results[i].Status, results[i].Message}
				continue
			}
			for j := range results[i].References {
				b.children = append(b.children, instanceOf(server, &results[i].References[j]))
			}
		}
	})
	if r.live != nil {
		r.live.learn(found)
	}
	return found
}
