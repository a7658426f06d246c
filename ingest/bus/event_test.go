package bus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// eventOf makes an event of the server "press" of the gateway "g1".
func eventOf(id string, at time.Time, change ...func(*model.Event)) model.Event {
	e := model.Event{ID: id, At: model.DateTimeOf(at), Gateway: "g1", Group: "line", Writer: "alarms", Server: "press", Severity: 500, SourceName: "Boiler"}
	e.Message.Text = "event " + id
	e.Fields = []model.EventField{{Name: "Value", Value: model.DataValue{Value: model.UInt64Value(1<<63 + 1)}}}
	for _, c := range change {
		c(&e)
	}
	return e
}

func newEventStore(t testing.TB, c *Conn) *EventStore {
	t.Helper()
	s, err := NewEventStore(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	start(t, s.Run)
	return s
}

func appendEvents(t testing.TB, s *EventStore, events ...model.Event) {
	t.Helper()
	if err := s.AppendEvents(testContext(t), events); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

// readEvents follows all pages of a query and returns the ids.
func readEvents(t testing.TB, c *Conn, q model.EventQuery) string {
	t.Helper()
	var ids []string
	for {
		page, err := c.Events(testContext(t), q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Events {
			ids = append(ids, page.Events[i].ID)
		}
		if len(page.Events) > q.Limit {
			t.Fatalf("a page of %d events, want at most %d", len(page.Events), q.Limit)
		}
		if page.Next.IsZero() {
			return strings.Join(ids, " ")
		}
		if !q.After.IsZero() && page.Next.Compare(q.After) >= 0 {
			t.Fatalf("the page after %s goes on at %s", q.After, page.Next)
		}
		q.After = page.Next
	}
}

// Events come newest first by their own time, in whatever order they were stored, on whatever day, and each once.
func TestEvents(t *testing.T) {
	_, c := newBus(t)
	s := newEventStore(t, c)
	now := time.Now().Truncate(time.Second)
	day := 24 * time.Hour
	appendEvents(t, s,
		eventOf("b", now.Add(-time.Minute)), eventOf("late", now.Add(-40*day)), eventOf("a", now), eventOf("year", now.Add(-365*day)),
		eventOf("c", now.Add(-time.Minute)), eventOf("d", now.Add(-3*time.Hour)), eventOf("ahead", now.Add(50*time.Minute)),
		eventOf("other", now, func(e *model.Event) { e.Gateway, e.Server = "g2", "saw" }),
	)
	all := "ahead other a c b d late year"
	for limit := 1; limit < 10; limit++ {
		if got := readEvents(t, c, model.EventQuery{Limit: limit}); got != all {
			t.Fatalf("pages of %d: %s, want %s", limit, got, all)
		}
	}
	at := func(d time.Duration) model.DateTime { return model.DateTimeOf(now.Add(d)) }
	for _, test := range []struct {
		q    model.EventQuery
		want string
	}{
		{model.EventQuery{From: at(-time.Minute), To: at(0)}, "c b"},
		{model.EventQuery{From: at(0)}, "ahead other a"},
		{model.EventQuery{To: at(-3 * time.Hour)}, "late year"},
		{model.EventQuery{To: at(-3*time.Hour) + 1}, "d late year"},
		{model.EventQuery{Filter: model.EventFilter{Gateway: "g2"}}, "other"},
		{model.EventQuery{Filter: model.EventFilter{Server: "press"}, From: at(-time.Hour)}, "ahead a c b"},
		{model.EventQuery{Filter: model.EventFilter{Gateway: "g2", Server: "press"}}, ""},
		{model.EventQuery{Filter: model.EventFilter{Text: "EVENT LATE"}}, "late"},
	} {
		test.q.Limit = 2
		if got := readEvents(t, c, test.q); got != test.want {
			t.Errorf("%+v: %q, want %q", test.q, got, test.want)
		}
	}
	page, err := c.Events(testContext(t), model.EventQuery{Limit: 100, Filter: model.EventFilter{Text: "event c"}})
	if err != nil || len(page.Events) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if want := eventOf("c", now.Add(-time.Minute)); page.Events[0].Message != want.Message || page.Events[0].Severity != 500 ||
		!page.Events[0].Fields[0].Value.Equal(want.Fields[0].Value) || page.Events[0].At != want.At {
		t.Errorf("what is read is not what was stored: %+v, want %+v", page.Events[0], want)
	}
	for _, limit := range []int{0, -1, maxEventLimit + 1} {
		if _, err := c.Events(t.Context(), model.EventQuery{Limit: limit}); err == nil {
			t.Errorf("limit %d gave no error", limit)
		}
	}
}

func TestEventsOfAnEmptyStream(t *testing.T) {
	_, c := newBus(t)
	if got := readEvents(t, c, model.EventQuery{Limit: 10}); got != "" {
		t.Fatalf("events %q", got)
	}
}

// An event that comes again is not stored again: from the same store, from one that was made after it, and, where neither knows, read once.
func TestEventsOnce(t *testing.T) {
	_, c := newBus(t)
	now := time.Now()
	e := eventOf("a", now)
	first := newEventStore(t, c)
	appendEvents(t, first, e, e)
	appendEvents(t, first, e)
	second := newEventStore(t, c)
	appendEvents(t, second, e, eventOf("b", now))
	if f, s := first.Stats(), second.Stats(); f.Stored != 1 || f.Repeated != 2 || s.Stored != 1 || s.Repeated != 1 {
		t.Errorf("first store %+v, second %+v", f, s)
	}
	// Past both memories, and that of the stream.
	payload := `{"id":"a","at":` + fmt.Sprint(int64(e.At)) + `,"gateway":"g1","server":"press","fields":[]}`
	if _, err := c.js.Publish(testContext(t), Event("g1", "press", now), []byte(payload)); err != nil {
		t.Fatal(err)
	}
	st, err := c.StreamState(testContext(t), StreamEvent)
	if err != nil || st.Messages != 3 {
		t.Fatalf("the stream has %d messages, %v, want 3", st.Messages, err)
	}
	if got := readEvents(t, c, model.EventQuery{Limit: 1}); got != "b a" {
		t.Errorf("read %q, want each event once", got)
	}
}

func TestRecentIDs(t *testing.T) {
	var r recentIDs
	for i := range 5 * maxRecentIDs {
		r.add(fmt.Sprint(i))
		if !r.has("0") {
			t.Fatalf("id that is met again and again is forgotten after %d", i)
		}
		if i > 0 && i%1000 == 0 && !r.has(fmt.Sprint(i-min(i, maxRecentIDs/2))) {
			t.Fatalf("id is forgotten after %d others", min(i, maxRecentIDs/2))
		}
		if n := len(r.young) + len(r.old); n > 2*maxRecentIDs {
			t.Fatalf("%d ids are remembered", n)
		}
	}
	r.forget()
	if r.has("0") || r.learned() {
		t.Error("it does not forget")
	}
}

// A page ends where its memory does, and the next one goes on there.
func TestEventsLargePages(t *testing.T) {
	_, c := newBus(t)
	s := newEventStore(t, c)
	now := time.Now()
	var want []string
	for i := range 60 {
		id := fmt.Sprintf("%02d", i)
		appendEvents(t, s, eventOf(id, now.Add(-time.Duration(i)*time.Second), func(e *model.Event) {
			e.Message.Text = strings.Repeat("x", 400_000)
		}))
		want = append(want, id)
	}
	if got := readEvents(t, c, model.EventQuery{Limit: 1000}); got != strings.Join(want, " ") {
		t.Errorf("read %s", got)
	}
	appendEvents(t, s, eventOf("huge", now, func(e *model.Event) { e.Message.Text = strings.Repeat("x", MaxEvent) }))
	if st := s.Stats(); st.TooLarge != 1 || st.Stored != 60 {
		t.Errorf("stats %+v", st)
	}
}

func TestEventFeed(t *testing.T) {
	_, c := newBus(t)
	s := newEventStore(t, c)
	now := time.Now()
	appendEvents(t, s, eventOf("before", now))
	feed := NewEventFeed(c, zerolog.Nop())
	all := feed.Subscribe(t.Context(), model.EventFilter{})
	ended, end := context.WithCancel(t.Context())
	urgent := feed.Subscribe(ended, model.EventFilter{MinSeverity: 900})
	start(t, feed.Run)
	// The feed is there when something arrives.
	arrived := map[string]bool{}
	for i := 0; len(arrived) == 0; i++ {
		appendEvents(t, s, eventOf(fmt.Sprint("hello", i), now))
		select {
		case e := <-all:
			arrived[e.ID] = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	appendEvents(t, s, eventOf("low", now), eventOf("high", now.Add(-time.Hour), func(e *model.Event) { e.Severity = 900 }))
	var ids []string
	for !slices.Contains(ids, "high") {
		e := receive(t, all)
		ids = append(ids, e.ID)
		if len(e.Fields) != 1 {
			t.Fatalf("event without its fields: %+v", e)
		}
	}
	if slices.Contains(ids, "before") || !slices.Contains(ids, "low") {
		t.Errorf("received %v", ids)
	}
	if e := receive(t, urgent); e.ID != "high" || e.At != model.DateTimeOf(now.Add(-time.Hour)) {
		t.Errorf("received %+v, want the one that the filter selects", e)
	}
	end()
	for range urgent { // until it is closed
	}
}

// A subscriber that is too slow holds nobody up, and is told what it missed.
func TestEventFeedSlowSubscriber(t *testing.T) {
	_, c := newBus(t)
	s := newEventStore(t, c)
	feed := NewEventFeed(c, zerolog.Nop())
	slow := feed.Subscribe(t.Context(), model.EventFilter{SourceName: "Boiler"})
	start(t, feed.Run)
	now := time.Now()
	var sent int
	for feed.Stats().Missed < 10 {
		var events []model.Event
		for range 100 {
			sent++
			events = append(events, eventOf(fmt.Sprint(sent), now))
		}
		appendEvents(t, s, events...)
	}
	received, missed := 0, uint64(0)
	for missed == 0 {
		e := receive(t, slow)
		if e.EventType == eventQueueOverflow {
			missed = e.Fields[0].Value.Value.Uint()
			if !strings.HasPrefix(e.Message.Text, fmt.Sprint(missed, " events were not delivered")) {
				t.Errorf("message %q", e.Message.Text)
			}
			continue
		}
		received++
	}
	if received != eventsAhead || missed < 10 {
		t.Errorf("received %d, want %d, and missed %d", received, eventsAhead, missed)
	}
}
