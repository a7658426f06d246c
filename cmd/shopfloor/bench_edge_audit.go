package main

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// timeWindow is a stretch of time; its end is not in it.
type timeWindow struct{ from, to time.Time }

// frameAudit is what the stored frames hold of a timeWindow.
type frameAudit struct {
	window  timeWindow
	nodes   map[auditedField]*auditedNode
	stored  uint64
	latency [60_000]uint64 // values by whole milliseconds; what took longer is in the last one
}

type auditedField struct {
	writer string
	field  uint16
}

// auditedNode follows the values of one node, which go up by one if the server is our own.
type auditedNode struct {
	offered, last, lost, duplicated uint64
	atServer                        uint64 // of lost
	overflow                        bool   // the last value told of one
	newest                          time.Time
}

// auditFrames reads all that is stored.
func auditFrames(ctx context.Context, c *bus.Conn, window timeWindow) (*frameAudit, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, err := c.Frames(ctx, bus.StreamData, 1)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	a := &frameAudit{window: window, nodes: map[auditedField]*auditedNode{}}
	var d uadp.Decoder
	for {
		pending, err := reader.Pending(ctx)
		if err != nil {
			return nil, err
		}
		if pending == 0 {
			return a, nil
		}
		frames, err := reader.Next(ctx)
		if err != nil {
			return nil, err
		}
		for i := range frames {
			if err := a.add(&d, &frames[i]); err != nil {
				return nil, fmt.Errorf("frame %d: %w", frames[i].Sequence, err)
			}
		}
	}
}

func (a *frameAudit) add(d *uadp.Decoder, f *bus.Frame) error {
	if err := d.Decode(f.Data); err != nil {
		return err
	}
	for d.Next() {
		var field uadp.Field
		for d.Field(&field) {
			at := field.Value.SourceTimestamp.Time()
			if at.Before(a.window.from) || !at.Before(a.window.to) {
				continue
			}
			a.stored++
			late := f.Time.Sub(at).Milliseconds()
			a.latency[min(max(late, 0), int64(len(a.latency)-1))]++
			key := auditedField{f.Writer, field.Index}
			n := a.nodes[key]
			if n == nil {
				n = &auditedNode{}
				a.nodes[key] = n
			}
			n.follow(&field.Value)
		}
	}
	return d.Err()
}

func (n *auditedNode) follow(v *model.DataValue) {
	after := n.overflow // where new values are discarded, the one before tells
	n.overflow, n.newest = v.Status.Overflow(), v.SourceTimestamp.Time()
	count, ok := v.Value.Number()
	if !ok || count < 1 {
		return
	}
	switch c := uint64(count); {
	case n.last == 0:
		n.offered, n.last = 1, c
	case c <= n.last:
		n.duplicated++
	default:
		n.offered += c - n.last
		if lost := c - n.last - 1; lost > 0 {
			n.lost += lost
			if after || n.overflow {
				n.atServer += lost
			}
		}
		n.last = c
	}
}

// fill puts what was found into the result; counting tells that the server's values count. Nodes are silent without a value since then.
func (a *frameAudit) fill(r *benchEdgeResult, counting bool, since time.Time) {
	r.Stored = a.stored
	r.SilentNodes = r.Nodes - len(a.nodes)
	for _, n := range a.nodes {
		if n.newest.Before(since) {
			r.SilentNodes++
		}
	}
	r.LatencyP50Ms, r.LatencyP99Ms = a.quantile(0.5), a.quantile(0.99)
	if !counting {
		r.LostAtServer = min(r.Lost, r.Stages.Overflows)
		return
	}
	var offered uint64
	r.Lost, r.Duplicated = 0, 0
	for _, n := range a.nodes {
		offered += n.offered
		r.Lost, r.LostAtServer, r.Duplicated = r.Lost+n.lost, r.LostAtServer+n.atServer, r.Duplicated+n.duplicated
	}
	r.Offered = &offered
}

// quantile is the latency in ms that a part q of the values do not exceed.
func (a *frameAudit) quantile(q float64) float64 {
	var seen uint64
	for ms, n := range a.latency {
		if seen += n; float64(seen) >= q*float64(a.stored) {
			return float64(ms)
		}
	}
	return 0
}
