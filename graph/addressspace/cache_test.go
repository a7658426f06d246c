package addressspace

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// memoryStore is a Store.
type memoryStore struct {
	mu     sync.Mutex
	stored map[string][]byte
	fail   error
	hold   chan struct{} // Save waits until it is closed; nil for not at all
}

func newMemoryStore() *memoryStore { return &memoryStore{stored: map[string][]byte{}} }

func (s *memoryStore) Load(server string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored[server], s.fail
}

func (s *memoryStore) Save(server string, space []byte) error {
	if s.hold != nil {
		<-s.hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored[server] = space
	return s.fail
}

func (s *memoryStore) Keep(servers []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.stored {
		if !slices.Contains(servers, id) {
			delete(s.stored, id)
		}
	}
	return nil
}

// keep runs a Cache within a bubble's clock while test runs.
func keep(t *testing.T, p *plant, store Store, interval time.Duration, test func(t *testing.T, c *Cache)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(Config{Limits: limits, Interval: interval}, p, store, zerolog.Nop())
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { ended <- c.Run(ctx) }()
		test(t, c)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (p *plant) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *plant) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func TestCacheBrowsesOnceAndKeepsOverARestart(t *testing.T) {
	p, store := newPlant(), newMemoryStore()
	p.takes = time.Second
	var version string
	keep(t, p, store, 0, func(t *testing.T, c *Cache) {
		time.Sleep(3500 * time.Millisecond)
		if st := c.Status("s1"); st.State != Browsing || st.Browsed == 0 || st.Found <= st.Browsed || st.Nodes != 0 {
			t.Errorf("while it is browsed: %+v", st)
		}
		time.Sleep(time.Minute)
		st := c.Status("s1")
		if st.State != Current || st.Nodes == 0 || st.Version == "" || st.Found != 0 || st.Error != "" {
			t.Errorf("then: %+v", st)
		}
		version = st.Version
		before := p.requests()
		time.Sleep(24 * time.Hour)
		if p.requests() != before {
			t.Error("it was browsed again without a reason")
		}
	})
	before := p.requests()
	p.set(func() { delete(p.connected, "s1") })
	keep(t, p, store, 0, func(t *testing.T, c *Cache) {
		synctest.Wait()
		if st := c.Status("s1"); st.State != Kept || st.Version != version {
			t.Errorf("after a restart: %+v", st)
		}
		if found, err := c.Search(t.Context(), nil, &Query{Text: "pressure"}); err != nil || len(found) != 2 || found[0].Server != "s1" {
			t.Errorf("found %v, %v", found, err)
		}
		p.set(func() { p.connected["s1"] = time.Unix(2, 0) })
		time.Sleep(time.Minute)
		if st := c.Status("s1"); st.State != Current || p.requests() != before {
			t.Errorf("connected to the same server: %+v, %d requests", st, p.requests()-before)
		}
		p.set(func() { p.connected["s1"], p.started = time.Unix(3, 0), "2" })
		p.link(text("Plant"), organizes, text("Boiler3"), "Boiler3", model.NodeClassObject, text("BoilerType"))
		time.Sleep(time.Minute)
		if st := c.Status("s1"); st.State != Current || st.Version == version {
			t.Errorf("connected to one that was restarted: %+v", st)
		}
	})
}

func TestCacheBrowsesAgainFromTimeToTime(t *testing.T) {
	p := newPlant()
	keep(t, p, newMemoryStore(), time.Hour, func(t *testing.T, c *Cache) {
		time.Sleep(time.Minute)
		first := c.Status("s1")
		p.unlink(text("Plant"), text("Boiler1"))
		time.Sleep(58 * time.Minute)
		if c.Status("s1").Version != first.Version {
			t.Error("it is another one before its time")
		}
		time.Sleep(2 * time.Minute)
		if st := c.Status("s1"); st.Version == first.Version || st.Nodes >= first.Nodes {
			t.Errorf("after an hour: %+v", st)
		}
	})
}

func TestCacheRefreshes(t *testing.T) {
	p := newPlant()
	keep(t, p, newMemoryStore(), 0, func(t *testing.T, c *Cache) {
		time.Sleep(time.Minute)
		before := c.Status("s1")
		if err := c.Refresh("s2"); !errors.Is(err, ErrUnknown) {
			t.Errorf("a server that is not there: %v", err)
		}
		if err := c.Refresh("s1"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if st := c.Status("s1"); !st.BrowsedAt.After(before.BrowsedAt) || st.Version != before.Version {
			t.Errorf("got %+v after %+v", st, before)
		}
	})
}

func TestCacheTriesAgain(t *testing.T) {
	p := newPlant()
	p.refuse = func(int, int) error { return model.StatusBadTooManyOperations }
	keep(t, p, newMemoryStore(), 0, func(t *testing.T, c *Cache) {
		time.Sleep(2 * time.Minute)
		if st := c.Status("s1"); st.State != Failed || st.Error == "" || st.Nodes != 0 {
			t.Errorf("got %+v", st)
		}
		before := p.requests()
		time.Sleep(24 * time.Hour)
		if n := p.requests() - before; n < 8*batchTries || n > 35*batchTries {
			t.Errorf("%d requests in a day", n)
		}
		p.set(func() { p.refuse = nil })
		if err := c.Refresh("s1"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if st := c.Status("s1"); st.State != Current || st.Nodes == 0 {
			t.Errorf("then %+v", st)
		}
	})
}

func TestCacheFollowsTheServersThatThereAre(t *testing.T) {
	p, store := newPlant(), newMemoryStore()
	store.stored["gone"] = []byte("x")
	keep(t, p, store, 0, func(t *testing.T, c *Cache) {
		p.set(func() { p.servers, p.connected["s2"] = []string{"s1", "s2"}, time.Unix(1, 0) })
		time.Sleep(time.Minute)
		found, err := c.Search(t.Context(), nil, &Query{Text: "boiler1"})
		if err != nil || len(found) != 2 || found[0].Server != "s1" || found[1].Server != "s2" {
			t.Errorf("found %v, %v", found, err)
		}
		if found, _ = c.Search(t.Context(), []string{"s2"}, &Query{Text: "boiler1"}); len(found) != 1 || found[0].Server != "s2" {
			t.Errorf("found %v on s2", found)
		}
		p.set(func() { p.servers = []string{"s2"} })
		time.Sleep(time.Minute)
		if found, _ = c.Search(t.Context(), nil, &Query{Text: "boiler1"}); len(found) != 1 || c.Space("s1") != nil {
			t.Errorf("found %v when s1 was removed", found)
		}
		if len(store.stored) != 1 {
			t.Errorf("stored are %d spaces", len(store.stored))
		}
	})
}

// What is shown as current is there after a restart.
func TestCacheIsCurrentWhenItIsSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		store.hold = make(chan struct{})
		c := NewCache(Config{Limits: limits}, newPlant(), store, zerolog.Nop())
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { ended <- c.Run(ctx) }()
		time.Sleep(time.Minute)
		if st := c.Status("s1"); st.State != Browsing || st.Nodes == 0 {
			t.Errorf("while it is saved: %+v", st)
		}
		close(store.hold)
		synctest.Wait()
		if st := c.Status("s1"); st.State != Current || store.stored["s1"] == nil {
			t.Errorf("when it is saved: %+v", st)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestCacheGoesOnWithoutItsStore(t *testing.T) {
	p, store := newPlant(), newMemoryStore()
	store.stored["s1"] = []byte("no space")
	keep(t, p, store, 0, func(t *testing.T, c *Cache) {
		time.Sleep(time.Minute)
		if st := c.Status("s1"); st.State != Current {
			t.Errorf("with a file that is none: %+v", st)
		}
	})
	store.fail = errors.New("no disk")
	keep(t, p, store, 0, func(t *testing.T, c *Cache) {
		time.Sleep(time.Minute)
		if st := c.Status("s1"); st.State != Current {
			t.Errorf("without a disk: %+v", st)
		}
	})
}

func TestCacheFollowsChanges(t *testing.T) {
	p := newPlant()
	keep(t, p, newMemoryStore(), time.Hour, func(t *testing.T, c *Cache) {
		p.set(func() { p.changes = make(chan model.ModelChanges) })
		time.Sleep(time.Minute)
		tell := func(changes ...model.ModelChange) {
			t.Helper()
			p.set(func() { clear(p.browsed) })
			p.changes <- model.ModelChanges{Told: true, Changes: changes}
			time.Sleep(time.Minute)
			if st := c.Status("s1"); st.State != Current || !st.Told {
				t.Errorf("got %+v", st)
			}
			p.set(func() {
				if p.browsed[text("Boiler2")] > 0 {
					t.Errorf("browsed %v for %v", p.browsed, changes)
				}
			})
		}
		p.link(text("Plant"), organizes, text("Boiler3"), "Boiler3", model.NodeClassObject, text("BoilerType"))
		p.link(text("Boiler3"), hasComponent, text("Boiler3.Level"), "Level", model.NodeClassVariable, num(63))
		tell(model.ModelChange{Affected: text("Boiler3"), Verb: model.ModelNodeAdded})
		if i := find(t, c.Space("s1"), text("Boiler3.Level")); c.Space("s1").Path(i) != "Objects/Plant/Boiler3/Level" {
			t.Errorf("path %q", c.Space("s1").Path(i))
		}
		p.unlink(text("Plant"), text("Boiler1"))
		tell(model.ModelChange{Affected: text("Boiler1"), Verb: model.ModelNodeDeleted})
		if _, ok := c.Space("s1").Find(text("Boiler1.Temperature")); ok {
			t.Error("what is below a node that is gone is still there")
		}
		p.set(func() { p.units[text("Boiler2.Pressure.Unit")] = "psi" })
		p.changes <- model.ModelChanges{Told: true, Changes: []model.ModelChange{{Affected: text("Boiler2.Pressure"), Verb: model.ModelSemanticChanged}}}
		time.Sleep(time.Minute)
		if unit := c.Space("s1").Unit(find(t, c.Space("s1"), text("Boiler2.Pressure"))); unit != "psi" {
			t.Errorf("unit %q", unit)
		}
		p.unlink(text("Plant"), text("Boiler2"))
		p.changes <- model.ModelChanges{Told: true, Reload: true}
		time.Sleep(time.Minute)
		if _, ok := c.Space("s1").Find(text("Boiler2")); ok {
			t.Error("what changed unseen is not found")
		}
		before := p.requests()
		time.Sleep(24 * time.Hour)
		if p.requests() != before {
			t.Error("a server that tells of changes was browsed again")
		}
	})
}

func TestCacheLimitsHowOftenItLooks(t *testing.T) {
	p := newPlant()
	p.takes = time.Second
	keep(t, p, newMemoryStore(), 0, func(t *testing.T, c *Cache) {
		p.set(func() { p.changes = make(chan model.ModelChanges) })
		time.Sleep(5 * time.Minute)
		before := p.requests()
		for range 600 { // each second
			p.changes <- model.ModelChanges{Told: true, Reload: true}
			time.Sleep(time.Second)
		}
		if spent := time.Duration(p.requests()-before) * p.takes; spent > 10*time.Minute/share {
			t.Errorf("the server was busy for %s in 10 minutes", spent)
		}
	})
}
