package bus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"
)

// entryShape compares entries without their times.
var entryShape = cmpopts.IgnoreFields(Entry{}, "Time")

func openBucket(t *testing.T, c *Conn, name string) *Bucket {
	t.Helper()
	b, err := c.Bucket(testContext(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBucketRevisions(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	b := openBucket(t, c, BucketConfiguration)
	key := Key{"Halle 3", "opc.tcp://10.0.0.1:4840/*"}
	if _, err := b.Get(ctx, key); !errors.Is(err, ErrNotFound) {
		t.Fatalf("get of nothing: %v", err)
	}
	r1, err := b.Create(ctx, key, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, key, []byte("x")); !errors.Is(err, ErrRevision) {
		t.Fatalf("create of what exists: %v", err)
	}
	r2, err := b.Update(ctx, key, []byte("2"), r1)
	if err != nil || r2 <= r1 {
		t.Fatalf("update: revision %d after %d, %v", r2, r1, err)
	}
	if _, err := b.Update(ctx, key, []byte("x"), r1); !errors.Is(err, ErrRevision) {
		t.Fatalf("update with an old revision: %v", err)
	}
	if err := b.Delete(ctx, key, r1); !errors.Is(err, ErrRevision) {
		t.Fatalf("delete with an old revision: %v", err)
	}
	if err := b.Delete(ctx, key, 0); !errors.Is(err, ErrRevision) {
		t.Fatalf("delete with revision 0: %v", err)
	}
	e, err := b.Get(ctx, key)
	if err != nil || time.Since(e.Time).Abs() > time.Minute {
		t.Fatalf("get %+v, %v", e, err)
	}
	if diff := cmp.Diff(Entry{Key: key, Value: []byte("2"), Revision: r2}, e, entryShape); diff != "" {
		t.Fatal(diff)
	}
	if err := b.Delete(ctx, key, r2); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(ctx, key); !errors.Is(err, ErrNotFound) {
		t.Fatalf("get of what was deleted: %v", err)
	}
	r4, err := b.Create(ctx, key, []byte("4"))
	if err != nil {
		t.Fatalf("create of what was deleted: %v", err)
	}
	history, err := b.History(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Key: key, Value: []byte("1"), Revision: r1},
		{Key: key, Value: []byte("2"), Revision: r2},
		{Key: key, Revision: r2 + 1, Op: EntryDeleted},
		{Key: key, Value: []byte("4"), Revision: r4},
	}
	if diff := cmp.Diff(want, history, entryShape, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
	if _, err := b.Put(ctx, key, []byte("5")); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []Key{nil, {}, {"a", "b", "c", "d", "e"}} {
		if _, err := b.Get(ctx, bad); !errors.Is(err, ErrName) {
			t.Errorf("key %v: %v, want ErrName", bad, err)
		}
	}
	if _, err := c.Bucket(ctx, "none"); err == nil {
		t.Error("no error for a bucket that does not exist")
	}
}

func TestBucketList(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	b := openBucket(t, c, BucketConfiguration)
	list := func(prefix Key) (keys []string) {
		t.Helper()
		entries, err := b.List(ctx, prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			keys = append(keys, e.Key.String())
		}
		return keys
	}
	if got := list(nil); len(got) != 0 {
		t.Fatalf("empty bucket: %v", got)
	}
	for _, k := range []Key{{"g 1", "w1"}, {"g 1", "w.2"}, {"g"}, {"g", "w"}, {"gone"}} {
		if _, err := b.Create(ctx, k, []byte(k.String())); err != nil {
			t.Fatal(err)
		}
	}
	gone, err := b.Get(ctx, Key{"gone"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, Key{"gone"}, gone.Revision); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		prefix Key
		want   []string
	}{
		{nil, []string{"g 1/w1", "g 1/w.2", "g", "g/w"}},
		{Key{"g 1"}, []string{"g 1/w1", "g 1/w.2"}},
		{Key{"g"}, []string{"g", "g/w"}},
		{Key{"g 1", "w.2"}, []string{"g 1/w.2"}},
		{Key{"gone"}, nil},
		{Key{"none"}, nil},
	} {
		if diff := cmp.Diff(tc.want, list(tc.prefix)); diff != "" {
			t.Errorf("%v: %s", tc.prefix, diff)
		}
	}
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatal("channel is closed")
		}
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing received")
	}
	panic("unreachable")
}

func waitClosed[T any](t *testing.T, c <-chan T) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case _, ok := <-c:
			if !ok {
				return
			}
		case <-deadline:
			t.Fatal("channel is not closed")
		}
	}
}

func TestBucketWatch(t *testing.T) {
	s := startServer(t, Config{Listen: "127.0.0.1:0", Password: "pw"})
	c := connectTo(t, s)
	if err := EnsureStreams(testContext(t), c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	far, err := Dial(s.URL(), "far", "pw", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	b := openBucket(t, c, BucketGateway)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	a1, err := b.Create(ctx, Key{"a"}, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, Key{"b"}, []byte("1")); err != nil {
		t.Fatal(err)
	}
	all, err := openBucket(t, far, BucketGateway).Watch(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	only, err := b.Watch(ctx, Key{"b"})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(c <-chan Entry, key string, op EntryOp, value string) {
		t.Helper()
		if e := receive(t, c); e.Key.String() != key || e.Op != op || string(e.Value) != value {
			t.Fatalf("entry %+v, want %s %d %q", e, key, op, value)
		}
	}
	expect(all, "a", EntryPut, "1")
	expect(all, "b", EntryPut, "1")
	expect(all, "", EntryInitDone, "")
	expect(only, "b", EntryPut, "1")
	expect(only, "", EntryInitDone, "")
	if err := b.Delete(ctx, Key{"a"}, a1); err != nil {
		t.Fatal(err)
	}
	expect(all, "a", EntryDeleted, "")
	// The link breaks; what changes meanwhile and after it arrives, each once and in order.
	if err := s.server.DisconnectClientByID(clientID(t, far)); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"2", "3", "4"} {
		if _, err := b.Put(ctx, Key{"b"}, []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []string{"2", "3", "4"} {
		expect(all, "b", EntryPut, v)
		expect(only, "b", EntryPut, v)
	}
	cancel()
	waitClosed(t, all)
	waitClosed(t, only)
}

// A watcher that nobody reads ends with its context, also while its updates pile up.
func TestBucketWatchUnread(t *testing.T) {
	_, c := newBus(t)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	b := openBucket(t, c, BucketGateway)
	out, err := b.Watch(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if _, err := b.Put(ctx, Key{"k"}, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	waitClosed(t, out)
}

func TestBucketWatchEndsWithConnection(t *testing.T) {
	s, _ := newBus(t)
	c := connectTo(t, s)
	out, err := openBucket(t, c, BucketGateway).Watch(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := receive(t, out); e.Op != EntryInitDone {
		t.Fatalf("entry %+v", e)
	}
	c.Close()
	waitClosed(t, out)
}
