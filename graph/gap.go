package graph

import (
	"slices"
	"strconv"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Gap shows a time for which values are missing.
type Gap struct {
	gap     model.Gap
	gateway string
}

func keyOfGap(g *Gap) string { return g.gateway + "/" + strconv.FormatUint(g.gap.Number, 10) }

// ID is its number in its gateway.
func (g *Gap) ID() string { return keyOfGap(g) }

// From is when it began.
func (g *Gap) From() time.Time { return g.gap.From }

// To is when it ended.
func (g *Gap) To() time.Time { return g.gap.To }

// Cause is why.
func (g *Gap) Cause() model.GapCause { return g.gap.Cause }

// Writers are those that miss values.
func (g *Gap) Writers() []GapWriter {
	list := make([]GapWriter, len(g.gap.Writers))
	for i, w := range g.gap.Writers {
		list[i] = GapWriter{Group: w.Group, Writer: w.Writer}
	}
	return list
}

// WriterCount is how many they are, nil when it is not known.
func (g *Gap) WriterCount() *int { return optional(g.gap.WriterCount) }

// Messages is how many notifications or frames are missing, nil when it is not known.
func (g *Gap) Messages() *uint64 { return optional(g.gap.Messages) }

// Values is how many values are missing at least, nil when it is not known.
func (g *Gap) Values() *uint64 { return optional(g.gap.Values) }

// Detail is what happened.
func (g *Gap) Detail() *string { return optional(g.gap.Detail) }

// gapServer is the server of a gap, nil when it is not one or is not there any more.
func (r *Resolver) gapServer(g *Gap) *model.Server {
	s, err := r.Registry.Server(g.gap.Server)
	if g.gap.Server == "" || err != nil {
		return nil
	}
	return &s
}

// gaps is a page of the gaps of a gateway, the newest first: those of one server and those that may be of it, or all when server is empty.
func (r *Resolver) gaps(gateway *model.GatewayStatus, server string, first *int, after *string) (*GapConnection, error) {
	var list []Gap
	for _, g := range slices.Backward(gateway.Gaps) {
		if server == "" || g.Server == "" || g.Server == server {
			list = append(list, Gap{g, gateway.Gateway})
		}
	}
	p, err := pageOf(list, keyOfGap, false, first, after)
	if err != nil {
		return nil, err
	}
	c := &GapConnection{PageInfo: p.info, TotalCount: len(list), Edges: make([]GapEdge, len(p.items))}
	for i, g := range p.items {
		c.Edges[i] = GapEdge{Cursor: p.cursors[i], Node: g}
	}
	return c, nil
}
