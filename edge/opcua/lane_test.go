package opcua

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// newCrowd has five writers of different publishing intervals at a server that takes two subscriptions in a session.
func newCrowd(t *testing.T) *lives {
	l := newLives(t, opcuatest.Options{Env: []string{"SUBSCRIPTIONS=2"}}, 20)
	l.writers = nil
	for i := range 5 {
		w := dataSetWriter(fmt.Sprintf("w%d", i), time.Duration(150+50*i)*time.Millisecond, counters(20)[4*i:4*i+4]...)
		w.WriterID = uint16(i + 1)
		for j := range w.Fields {
			w.Fields[j].QueueSize = 500
		}
		l.writers = append(l.writers, w)
	}
	return l
}

// comes waits until the fields get new values.
func (l *lives) comes(names ...string) {
	l.t.Helper()
	before := map[string]int{}
	for _, name := range names {
		before[name] = l.count(name)
	}
	for _, name := range names {
		eventually(l.t, 30*time.Second, func() bool { return l.count(name) >= before[name]+3 }, func() string {
			return fmt.Sprintf("values of %s come: %+v, %+v", name, l.source.Status(), l.source.Writers())
		})
	}
}

// count counts the values of a field over all lives.
func (l *lives) count(field string) (n int) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	for _, o := range l.r.opens {
		for i, f := range o.fields {
			if f.Name == field {
				n += len(o.set.values[i])
			}
		}
	}
	return n
}

// Subscriptions that find no room in a session get further ones. Those reconnect by themselves and are taken over after a restart like the first.
func TestSessionFull(t *testing.T) {
	t.Parallel()
	l := newCrowd(t)
	l.begin()
	l.comes(counters(20)...)
	if st := l.source.Status(); st.Figures.Sessions != 3 || st.Figures.Subscriptions != 5 || st.State != model.StateConnected || st.MonitoredItems != 20 {
		t.Errorf("status %+v", st)
	}
	ids := func() map[uint32]bool {
		set := map[uint32]bool{}
		eventually(t, 20*time.Second, func() bool {
			clear(set)
			items := 0
			for _, s := range l.memory.record(t).Subscriptions {
				set[s.ID] = true
				items += len(s.Items)
			}
			return len(set) == 5 && items == 20
		}, func() string { return fmt.Sprintf("five subscriptions are recorded: %v", set) })
		return set
	}
	first := ids()
	l.proxy.Cut()
	eventually(t, 20*time.Second, func() bool { st := l.source.Status(); return st.Reconnects >= 4 && st.State == model.StateConnected }, func() string { return fmt.Sprintf("all are connected again: %+v", l.source.Status()) })
	l.comes(counters(20)...)
	l.die()
	l.begin()
	l.comes(counters(20)...)
	if again := ids(); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("subscriptions %v were made anew as %v", first, again)
	}
	if st := l.source.Status(); st.Figures.Sessions != 3 {
		t.Errorf("status %+v", st)
	}
	for _, name := range counters(20) {
		if missing := l.audit(name); missing != 0 {
			t.Errorf("%d values of %s are missing", missing, name)
		}
	}
	if gaps := l.gaps.all(); len(gaps) != 0 {
		t.Errorf("gaps: %+v", gaps)
	}
	l.end(nil)
}

// There are no more sessions than is allowed: what finds no room says why, and the others go on. Room that becomes free is taken.
func TestSessionsBounded(t *testing.T) {
	t.Parallel()
	l := newCrowd(t)
	l.change = func(c *Config) { c.MaxSessions = 2 }
	l.begin()
	bad := func() (list []model.WriterStatus) {
		for _, w := range l.source.Writers() {
			if w.BadCount > 0 {
				list = append(list, w)
			}
		}
		return list
	}
	without := ""
	eventually(t, 30*time.Second, func() bool {
		st := l.source.Status()
		b := bad()
		if st.MonitoredItems != 16 || st.Figures.Sessions != 2 || len(b) != 1 || len(b[0].Bad) == 0 {
			return false
		}
		without = b[0].Writer.Writer
		return b[0].Bad[0].Status == model.StatusBadTooManySubscriptions
	}, func() string { return fmt.Sprintf("one writer finds no room: %+v, %+v", l.source.Status(), bad()) })
	gone := slices.IndexFunc(l.writers, func(w model.DataSetWriter) bool { return w.Name != without })
	l.source.Configure(slices.Delete(slices.Clone(l.writers), gone, gone+1))
	eventually(t, 30*time.Second, func() bool { return l.source.Status().MonitoredItems == 16 && len(bad()) == 0 }, func() string { return fmt.Sprintf("room is taken: %+v, %+v", l.source.Status(), bad()) })
	l.end(nil)
}
