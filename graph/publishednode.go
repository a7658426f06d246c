package graph

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// PublishedNode shows how a published node stands.
type PublishedNode struct{ node model.PublishedNode }

// Field is the name in the writer.
func (n *PublishedNode) Field() string { return n.node.Field }

// NodeID is the published node.
func (n *PublishedNode) NodeID() model.ExpandedNodeID { return n.node.NodeID }

// State is the actual state.
func (n *PublishedNode) State() model.NodeState { return n.node.State }

// Status is the server's answer or that of the newest value.
func (n *PublishedNode) Status() StatusCode { return StatusCode{n.node.Status} }

// Message says more than the status.
func (n *PublishedNode) Message() *string { return optional(n.node.Message) }

// Remedy tells what to do, nil where nothing general can be said.
func (n *PublishedNode) Remedy() *string { return optional(n.node.Status.Remedy()) }

// Since is the time of the last turn to good or bad.
func (n *PublishedNode) Since() time.Time { return n.node.Since }

// LastValueTime is when the newest value arrived.
func (n *PublishedNode) LastValueTime() time.Time { return n.node.LastValue }

// Values counts those that arrived.
func (n *PublishedNode) Values() uint64 { return n.node.Values }

// Overflows counts those of the queue at the server.
func (n *PublishedNode) Overflows() uint64 { return n.node.Overflows }

// SamplingInterval is as the server revised it, nil before.
func (n *PublishedNode) SamplingInterval() *time.Duration {
	if n.node.QueueSize == 0 && n.node.SamplingInterval == 0 {
		return nil
	}
	return &n.node.SamplingInterval
}

// QueueSize is as the server revised it, nil before.
func (n *PublishedNode) QueueSize() *int {
	if n.node.QueueSize == 0 {
		return nil
	}
	size := int(n.node.QueueSize)
	return &size
}

// Series is the id of the series that holds the values.
func (n *PublishedNode) Series() string { return nodeRef(&n.node).String() }

// nodeRef names a published node among all.
func nodeRef(n *model.PublishedNode) model.SeriesID {
	return model.SeriesID{Gateway: n.Writer.Gateway, Group: n.Writer.Group, Writer: n.Writer.Writer, Field: n.Field}
}

// PublishedNodeConnection is a page of them, with sums over all.
type PublishedNodeConnection struct {
	page   model.NodePage
	states []model.NodeState // that were asked for
	cut    page[model.PublishedNode]
}

// Edges are the nodes of the page.
func (c *PublishedNodeConnection) Edges() []PublishedNodeEdge {
	edges := make([]PublishedNodeEdge, len(c.cut.items))
	for i, n := range c.cut.items {
		edges[i] = PublishedNodeEdge{Cursor: c.cut.cursors[i], Node: PublishedNode{n}}
	}
	return edges
}

// PageInfo tells whether there are more.
func (c *PublishedNodeConnection) PageInfo() PageInfo { return c.cut.info }

// TotalCount counts the nodes on all pages.
func (c *PublishedNodeConnection) TotalCount() int {
	states := c.states
	if len(states) == 0 {
		states = model.NodeStates()
	}
	n := 0
	for _, s := range states {
		n += c.page.Totals[s]
	}
	return n
}

// Totals counts by state.
func (c *PublishedNodeConnection) Totals() []NodeStateCount {
	totals := []NodeStateCount{}
	for _, s := range model.NodeStates() {
		if n := c.page.Totals[s]; n > 0 {
			totals = append(totals, NodeStateCount{State: s, Count: n})
		}
	}
	return totals
}

// Values is the sum over all nodes.
func (c *PublishedNodeConnection) Values() uint64 { return c.page.Values }

// Overflows is the sum over all nodes.
func (c *PublishedNodeConnection) Overflows() uint64 { return c.page.Overflows }

// LastValueTime is the newest of all nodes.
func (c *PublishedNodeConnection) LastValueTime() time.Time { return c.page.LastValue }

// troubled are the states that call for somebody.
var troubled = []model.NodeState{model.NodeBad, model.NodeOverflow, model.NodeLate}

// publishedNodes asks a server's gateway; writer nil for all of the server.
func (r *Resolver) publishedNodes(ctx context.Context, server string, writer *model.WriterKey, f *PublishedNodeFilter, first *int, after *string) (*PublishedNodeConnection, error) {
	limit, err := pageSize(first)
	if err != nil {
		return nil, err
	}
	q := model.NodeQuery{Writer: writer, First: limit}
	if f != nil {
		q.States, q.Text = f.States, valueOrZero(f.Text)
	}
	if after != nil {
		key, err := cursorKey(*after)
		if err != nil {
			return nil, err
		}
		if q.After, err = model.ParseSeriesID(key); err != nil {
			return nil, fieldError("after", "%q is no cursor of a published node; take one from pageInfo or an edge", *after)
		}
	}
	pages, err := r.Commands.Nodes(ctx, server, []model.NodeQuery{q})
	if err != nil {
		return nil, fmt.Errorf("published nodes of server %q: %w", server, err)
	}
	p := pages[0]
	switch {
	case p.Status == model.StatusBadNotFound && after != nil:
		return nil, fieldError("after", "%s", p.Message)
	case p.Status.IsBad():
		return nil, &statusError{about: fmt.Sprintf("published nodes of server %q", server), status: p.Status, message: p.Message}
	}
	key := func(n *model.PublishedNode) string { return nodeRef(n).String() }
	return &PublishedNodeConnection{page: p, states: q.States, cut: newPage(p.Nodes, key, after != nil, p.More)}, nil
}
