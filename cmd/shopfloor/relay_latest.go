package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// askTimeout is how long an owner may take, and askPatience how long one who asks waits for it and for the request before.
	askTimeout  = time.Second
	askPatience = 2 * time.Second
	// askSilence is how long an owner that did not answer in time is not asked again.
	askSilence = 2 * time.Second
	// maxAsks bounds what is asked in one request.
	maxAsks = 500
	// verbLook asks an owner for newest values and rates.
	verbLook = "look"
)

// lookRequest asks the owner of a partition, and lookReply answers with one item for each of the request, in the same order.
type lookRequest struct {
	Latest []model.SeriesID  `json:"latest,omitempty"`
	Rates  []model.WriterKey `json:"rates,omitempty"`
}

type lookReply struct {
	Latest []*model.DataValue `json:"latest,omitempty"` // nil for a series that has no value
	Rates  []float64          `json:"rates,omitempty"`
}

// answer answers what other processes ask for of a partition of this one.
func (r *relay) answer(_ context.Context, verb string, body []byte) ([]byte, error) {
	var q lookRequest
	switch err := json.Unmarshal(body, &q); {
	case verb != verbLook:
		return nil, &bus.RemoteError{Code: "unknown", Text: fmt.Sprintf("verb %q is unknown here: run the same version of shopfloor in all processes", verb)}
	case err != nil:
		return nil, fmt.Errorf("decode request: %w", err)
	case len(q.Latest)+len(q.Rates) > maxAsks:
		return nil, fmt.Errorf("%d things are asked for at once, at most %d may be", len(q.Latest)+len(q.Rates), maxAsks)
	}
	var a lookReply
	for _, id := range q.Latest {
		var found *model.DataValue
		if v, ok := r.local.Latest(id); ok {
			found = &v
		}
		a.Latest = append(a.Latest, found)
	}
	for _, key := range q.Rates {
		a.Rates = append(a.Rates, r.local.WriterRate(key))
	}
	return json.Marshal(a)
}

// Latest implements graph.Live. What another process has is waited for at most 2 s: then there is none.
func (r *relay) Latest(id model.SeriesID) (model.DataValue, bool) {
	if v, ok := r.local.Latest(id); ok {
		return v, true
	}
	for _, partition := range partitionsOf(model.WriterKey{Gateway: id.Gateway, Group: id.Group, Writer: id.Writer}) {
		if a := r.ask(partition, &question{series: id}); a.latest != nil {
			return *a.latest, true
		}
	}
	return model.DataValue{}, false
}

// WriterRate implements graph.Live.
func (r *relay) WriterRate(key model.WriterKey) float64 {
	if rate := r.local.WriterRate(key); rate > 0 {
		return rate
	}
	for _, partition := range partitionsOf(key) {
		if a := r.ask(partition, &question{writer: key, isRate: true}); a.rate > 0 {
			return a.rate
		}
	}
	return 0
}

// partitionsOf returns where the frames of a writer may be. A foreign publisher, whose gateway's name begins with the way it came,
// may not name its writers in the subject, but in the frame.
func partitionsOf(w model.WriterKey) []int {
	names := []model.WriterKey{w}
	if strings.Contains(w.Gateway, ":") {
		names = append(names, model.WriterKey{Gateway: w.Gateway, Group: w.Group}, model.WriterKey{Gateway: w.Gateway, Writer: w.Writer},
			model.WriterKey{Gateway: w.Gateway})
	}
	var partitions []int
	for _, n := range names {
		// A name that is too long for a subject belongs to no writer.
		if p, err := bus.Partition(n.Gateway, n.Group, n.Writer); err == nil && !slices.Contains(partitions, p) {
			partitions = append(partitions, p)
		}
	}
	return partitions
}

// question is one thing that somebody waits for.
type question struct {
	series model.SeriesID
	writer model.WriterKey
	isRate bool
	answer chan askAnswer // has room for it
}

type askAnswer struct {
	latest *model.DataValue
	rate   float64
}

// ask asks the owner of a partition, unless this process is it.
func (r *relay) ask(partition int, a *question) askAnswer {
	if r.owns(partition) {
		return askAnswer{}
	}
	a.answer = make(chan askAnswer, 1)
	patience := time.NewTimer(askPatience)
	defer patience.Stop()
	select {
	case r.askers[partition].asks <- a:
	case <-patience.C:
		return askAnswer{}
	}
	select {
	case answer := <-a.answer:
		return answer
	case <-patience.C:
		return askAnswer{}
	}
}

// asker asks the owner of one partition, one request at a time: what is asked for meanwhile goes into the next one, so that a page of
// series takes few requests.
type asker struct {
	relay     *relay
	partition int
	asks      chan *question

	// Of run alone.
	silentUntil time.Time
}

func (k *asker) run(ctx context.Context) {
	for {
		var batch []*question
		select {
		case a := <-k.asks:
			batch = append(batch, a)
		case <-ctx.Done():
			return
		}
		for more := true; more && len(batch) < maxAsks; {
			select {
			case a := <-k.asks:
				batch = append(batch, a)
			default:
				more = false
			}
		}
		k.ask(ctx, batch)
	}
}

// ask answers a batch.
func (k *asker) ask(ctx context.Context, batch []*question) {
	var q lookRequest
	for _, a := range batch {
		if a.isRate {
			q.Rates = append(q.Rates, a.writer)
		} else {
			q.Latest = append(q.Latest, a.series)
		}
	}
	reply := k.request(ctx, &q)
	for _, a := range batch {
		var answer askAnswer
		switch {
		case a.isRate && len(reply.Rates) > 0:
			answer.rate, reply.Rates = reply.Rates[0], reply.Rates[1:]
		case !a.isRate && len(reply.Latest) > 0:
			answer.latest, reply.Latest = reply.Latest[0], reply.Latest[1:]
		}
		a.answer <- answer
	}
}

// request returns an empty reply when there is none: nobody holds the partition, or its owner hangs.
func (k *asker) request(ctx context.Context, q *lookRequest) (reply lookReply) {
	if time.Now().Before(k.silentUntil) {
		return reply
	}
	body, err := json.Marshal(q)
	if err != nil {
		return reply
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := k.relay.conn.AskOwner(ctx, k.partition, verbLook, body)
	if ctx.Err() != nil {
		k.silentUntil = time.Now().Add(askSilence)
	}
	if err == nil {
		err = json.Unmarshal(answer, &reply)
	}
	if err == nil && (len(reply.Latest) != len(q.Latest) || len(reply.Rates) != len(q.Rates)) {
		err = fmt.Errorf("%d values and %d rates for %d and %d", len(reply.Latest), len(reply.Rates), len(q.Latest), len(q.Rates))
	}
	if err != nil {
		k.relay.log.Debug().Err(err).Int("partition", k.partition).Msg("owner does not tell its live values")
		return lookReply{}
	}
	return reply
}
