package graph

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// minRebrowse is the shortest time between two looks at an address space that one can ask for.
const minRebrowse = 10 * time.Second

// changeVerbs are the words for the bits of a model.ModelChangeVerb, in the order of the schema.
var changeVerbs = []struct {
	bit  model.ModelChangeVerb
	verb NodeChangeVerb
}{
	{model.ModelNodeAdded, NodeChangeVerbNodeAdded},
	{model.ModelNodeDeleted, NodeChangeVerbNodeDeleted},
	{model.ModelReferenceAdded, NodeChangeVerbReferenceAdded},
	{model.ModelReferenceDeleted, NodeChangeVerbReferenceDeleted},
	{model.ModelDataTypeChanged, NodeChangeVerbDataTypeChanged},
	{model.ModelSemanticChanged, NodeChangeVerbSemanticChanged},
}

// nodeChanges subscribes to the changes of an address space.
func (r *Resolver) nodeChanges(ctx context.Context, server string, rebrowse time.Duration, verbs []NodeChangeVerb) (<-chan *NodeChanges, error) {
	if rebrowse < minRebrowse {
		return nil, fieldError("rebrowse", "%s is below %s", rebrowse, minRebrowse)
	}
	if verbs != nil && len(verbs) == 0 {
		return nil, fieldError("verbs", "the list is empty; leave it out for changes of all kinds")
	}
	if _, err := r.Registry.Server(server); err != nil {
		return nil, fmt.Errorf("server %q: %w", server, err)
	}
	changes, err := r.Commands.ModelChanges(ctx, server, model.ModelMonitorRequest{Rebrowse: rebrowse})
	if err != nil {
		return nil, fmt.Errorf("monitor the model of server %q: %w", server, err)
	}
	wanted := model.ModelChangeVerb(0xff)
	if verbs != nil {
		wanted = 0
		for _, v := range changeVerbs {
			if slices.Contains(verbs, v.verb) {
				wanted |= v.bit
			}
		}
	}
	selected := make(chan *NodeChanges)
	go func() {
		defer close(selected)
		selectChanges(ctx, changes, selected, wanted)
	}()
	same := func(c *NodeChanges) *NodeChanges { return c }
	return forward(ctx, selected, same, fmt.Errorf("the gateway of server %q went away; subscribe again: %w", server, ErrUnavailable)), nil
}

// selectChanges passes on what is of the wanted kinds, and each delivery that tells more than changes.
func selectChanges(ctx context.Context, in <-chan model.ModelChanges, out chan<- *NodeChanges, wanted model.ModelChangeVerb) {
	var told model.ModelChanges
	for {
		select {
		case <-ctx.Done():
			return
		case d, ok := <-in:
			if !ok {
				return
			}
			n := len(d.Changes)
			d.Changes = slices.DeleteFunc(d.Changes, func(c model.ModelChange) bool { return c.Verb&wanted == 0 })
			if n > 0 && len(d.Changes) == 0 && !d.Reload && d.Told == told.Told && d.Status == told.Status && d.Message == told.Message {
				continue
			}
			told = d
			select {
			case out <- nodeChangesOf(&d):
			case <-ctx.Done():
				return
			}
		}
	}
}

func nodeChangesOf(in *model.ModelChanges) *NodeChanges {
	out := &NodeChanges{
		Sequence: in.Sequence, Reload: in.Reload, Told: in.Told, Status: StatusCode{in.Status}, Message: optional(in.Message), Changes: make([]NodeChange, len(in.Changes)),
	}
	for i := range in.Changes {
		c := &in.Changes[i]
		to := &out.Changes[i]
		*to = NodeChange{NodeID: c.Affected, Path: optional(c.Path), Verbs: []NodeChangeVerb{}}
		if !c.AffectedType.IsNull() {
			to.TypeDefinition = &c.AffectedType
		}
		if c.NodeClass != model.NodeClassUnspecified {
			to.NodeClass = &c.NodeClass
		}
		for _, v := range changeVerbs {
			if c.Verb&v.bit != 0 {
				to.Verbs = append(to.Verbs, v.verb)
			}
		}
	}
	return out
}
