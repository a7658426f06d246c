package bus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Whatever events there are, however they were stored: a query gives those that its filter and its span select, in order, in pages of any
// size.
func TestEventsAreWhatWasStored(t *testing.T) {
	_, c := newBus(t)
	s := newEventStore(t, c)
	random := rand.New(rand.NewPCG(3, 4))
	now := time.Now()
	// Many at the same time, on the edges of hours, days, months and a year.
	moments := []time.Time{now, now.Truncate(time.Hour), now.Truncate(time.Hour).Add(-100), now.Truncate(24 * time.Hour), now.AddDate(0, -1, 0), now.AddDate(0, 0, -300)}
	var all []model.Event
	for i := range 400 {
		at := moments[random.IntN(len(moments))].Add(-time.Duration(random.IntN(3)) * time.Millisecond)
		all = append(all, eventOf(fmt.Sprint("e", i), at, func(e *model.Event) {
			e.Gateway, e.Server, e.Severity = fmt.Sprint("g", random.IntN(3)), fmt.Sprint("s", random.IntN(2)), uint16(1+random.IntN(1000))
		}))
	}
	appendEvents(t, s, all...)
	slices.SortFunc(all, func(a, b model.Event) int { return b.Position().Compare(a.Position()) })
	for range 60 {
		q := model.EventQuery{Limit: 1 + random.IntN(150)}
		if random.IntN(2) == 0 {
			q.From = all[random.IntN(len(all))].At
		}
		if random.IntN(2) == 0 {
			q.To = all[random.IntN(len(all))].At + 1
		}
		if random.IntN(2) == 0 {
			q.Filter.Gateway = fmt.Sprint("g", random.IntN(4))
		}
		if random.IntN(3) == 0 {
			q.Filter.Server = fmt.Sprint("s", random.IntN(2))
		}
		if random.IntN(3) == 0 {
			q.Filter.MinSeverity = uint16(random.IntN(1000))
		}
		var want []string
		for i := range all {
			if e := &all[i]; q.Filter.Matches(e) && (q.From == 0 || e.At >= q.From) && (q.To == 0 || e.At < q.To) {
				want = append(want, e.ID)
			}
		}
		if got := readEvents(t, c, q); got != strings.Join(want, " ") {
			t.Fatalf("%+v:\n%s\nwant\n%s", q, got, strings.Join(want, " "))
		}
	}
}

// FuzzEventAnswer: no payload in the stream breaks a query, or is found twice.
func FuzzEventAnswer(f *testing.F) {
	f.Add([]byte(`{"id":"a","at":5,"fields":[]}`), []byte(`{"id":"b","at":5,"fields":[{"name":"x","value":{"value":{"type":9,"value":"1"}}}]}`))
	f.Add([]byte(`{"id":"a","at":6,"eventType":"nope","fields":null}`), []byte(`{"at":-1}`))
	f.Add([]byte(`[]`), []byte(``))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		answer := eventAnswer{query: model.EventQuery{Limit: 2}, limit: 2}
		for _, payload := range [][]byte{a, b, a, b} {
			answer.add(payload)
		}
		page := answer.page(false)
		for i := range page.Events {
			if i > 0 && page.Events[i].Position().Compare(page.Events[i-1].Position()) >= 0 {
				t.Fatalf("%s behind %s", page.Events[i].Position(), page.Events[i-1].Position())
			}
		}
	})
}

// benchEvents is what a plant with an event a second stores in a bit over a day.
const benchEvents = 100_000

func BenchmarkEvents(b *testing.B) {
	c := connectTo(b, startServer(b, Config{MaxStore: 8 << 30}))
	if err := EnsureStreams(testContext(b), c, StreamsConfig{MaxBytes: 8 << 30}); err != nil {
		b.Fatal(err)
	}
	s := newEventStore(b, c)
	now := time.Now()
	events := make([]model.Event, benchEvents)
	for i := range events {
		events[i] = eventOf(fmt.Sprint("e", i), now.Add(-time.Duration(i)*time.Second), func(e *model.Event) {
			for j := range 20 { // what an alarm has
				e.Fields = append(e.Fields, model.EventField{Name: fmt.Sprint("Field", j), Value: model.DataValue{Value: model.DoubleValue(float64(i))}})
			}
		})
	}
	began := time.Now()
	appendEvents(b, s, events...)
	stored := time.Since(began)
	b.Logf("%.0f events/s stored", benchEvents/stored.Seconds())
	f := func(name string, q model.EventQuery) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				page, err := c.Events(testContext(b), q)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(page.Events)), "events")
			}
		})
	}
	f("newest", model.EventQuery{Limit: 50})
	f("hour", model.EventQuery{Limit: 50, From: events[43000].At, To: events[39400].At})
	f("miss", model.EventQuery{Limit: 50, Filter: model.EventFilter{Text: "no such text"}})
	f("one server", model.EventQuery{Limit: 50, Filter: model.EventFilter{Gateway: "g1", Server: "press"}})
	f("none", model.EventQuery{Limit: 50, Filter: model.EventFilter{Server: "other"}})
}
