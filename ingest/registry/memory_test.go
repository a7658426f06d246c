package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// memory is a bucket in memory.
type memory struct {
	mu       sync.Mutex
	revision uint64
	entries  map[string]Entry
	history  map[string][]Entry
	watchers map[chan Entry]func(key []string) bool
	// before is called before each change but a Put, without the lock; fail can refuse the n-th change, counted from 1.
	before func()
	writes int
	fail   func(write int, key []string) error
}

var _ ConfigurationBucket = (*memory)(nil)

func newMemory() *memory {
	return &memory{entries: map[string]Entry{}, history: map[string][]Entry{}, watchers: map[chan Entry]func([]string) bool{}}
}

// change writes a key for which check, called with its entry, has no error.
func (m *memory) change(key []string, value []byte, del bool, check func(old Entry, exists bool) bool) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if m.fail != nil {
		if err := m.fail(m.writes, key); err != nil {
			return 0, err
		}
	}
	name := joined(key)
	if old, exists := m.entries[name]; !check(old, exists) {
		return 0, fmt.Errorf("%s: %w", name, ErrConflict)
	}
	m.revision++
	e := Entry{Key: key, Value: value, Revision: m.revision, Time: time.Now(), Deleted: del}
	m.history[name] = append(m.history[name], e)
	m.entries[name] = e
	if del {
		delete(m.entries, name)
	}
	for w, wants := range m.watchers {
		if wants(key) {
			w <- e
		}
	}
	return m.revision, nil
}

func (m *memory) another() {
	if before := m.before; before != nil {
		before()
	}
}

func (m *memory) Create(_ context.Context, key []string, value []byte) (uint64, error) {
	m.another()
	return m.change(key, value, false, func(_ Entry, exists bool) bool { return !exists })
}

func (m *memory) Update(_ context.Context, key []string, value []byte, expected uint64) (uint64, error) {
	m.another()
	return m.change(key, value, false, func(old Entry, _ bool) bool { return old.Revision == expected })
}

func (m *memory) Put(_ context.Context, key []string, value []byte) (uint64, error) {
	return m.change(key, value, false, func(Entry, bool) bool { return true })
}

func (m *memory) Delete(_ context.Context, key []string, expected uint64) error {
	m.another()
	_, err := m.change(key, nil, true, func(old Entry, _ bool) bool { return old.Revision == expected })
	return err
}

func (m *memory) Purge(ctx context.Context, key []string, expected uint64) error {
	return m.Delete(ctx, key, expected)
}

func (m *memory) Get(_ context.Context, key []string) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[joined(key)]
	if !ok {
		return e, fmt.Errorf("%s: %w", joined(key), ErrNotFound)
	}
	return e, nil
}

func (m *memory) History(_ context.Context, key []string) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.history[joined(key)]), nil
}

func (m *memory) Keys(_ context.Context, prefix []string) (list []Entry, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries {
		if below(prefix)(e.Key) {
			e.Value = nil
			list = append(list, e)
		}
	}
	return list, nil
}

func (m *memory) MaxValue() int { return 1 << 20 }

// below tells which keys are those of a prefix.
func below(prefix []string) func([]string) bool {
	return func(key []string) bool { return len(key) >= len(prefix) && slices.Equal(key[:len(prefix)], prefix) }
}

func (m *memory) Watch(ctx context.Context, prefix []string) (<-chan Entry, error) {
	return m.watch(ctx, below(prefix)), nil
}

func (m *memory) WatchEach(ctx context.Context, name string) (<-chan Entry, error) {
	return m.watch(ctx, func(key []string) bool { return len(key) == 2 && key[1] == name }), nil
}

func (m *memory) watch(ctx context.Context, wants func([]string) bool) <-chan Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := make(chan Entry, 10_000)
	for _, e := range m.entries {
		if wants(e.Key) {
			w <- e
		}
	}
	w <- Entry{InitDone: true}
	m.watchers[w] = wants
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, w)
		close(w)
	})
	return w
}

// parts counts the entries below a gateway's parts.
func (m *memory) parts(gateway string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.entries {
		if strings.HasPrefix(name, fmt.Sprintf("[%q \"part\"", gateway)) {
			n++
		}
	}
	return n
}

// follow runs Follow until the returned function is called; its end goes to ended.
func follow(t *testing.T, b ConfigurationReader, got chan<- model.Configuration, ended chan<- error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- Follow(ctx, b, "local", func(c model.Configuration) { got <- c }, zerolog.Nop()) }()
	return cancel
}
