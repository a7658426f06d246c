package bus

import (
	"errors"
	"testing"
	"time"
)

func TestBucketPurge(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	b := openBucket(t, c, BucketConfiguration)
	key := Key{"g", "part", "1"}
	first, err := b.Put(ctx, key, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	last, err := b.Put(ctx, key, []byte("two"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(ctx, Key{"g", "head"}, []byte("h")); err != nil {
		t.Fatal(err)
	}
	keys, err := b.Keys(ctx, Key{"g", "part"})
	if err != nil || len(keys) != 1 || keys[0].Revision != last || len(keys[0].Value) != 0 || time.Since(keys[0].Time).Abs() > time.Minute {
		t.Fatalf("keys %+v, %v", keys, err)
	}
	for _, expected := range []uint64{0, first} {
		if err := b.Purge(ctx, key, expected); !errors.Is(err, ErrRevision) {
			t.Fatalf("purge with revision %d: %v", expected, err)
		}
	}
	if err := b.Purge(ctx, key, last); err != nil {
		t.Fatal(err)
	}
	if keys, err = b.Keys(ctx, nil); err != nil || len(keys) != 1 || keys[0].Key[1] != "head" {
		t.Fatalf("keys after the purge %+v, %v", keys, err)
	}
	if history, err := b.History(ctx, key); err != nil || len(history) != 1 || history[0].Op != EntryDeleted {
		t.Fatalf("history of a purged key %+v, %v", history, err)
	}
}

func TestBucketWatchEach(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	b := openBucket(t, c, BucketConfiguration)
	for _, k := range []Key{{"g 1", "head"}, {"g 1", "part", "head"}, {"g.2", "head"}, {"g.2", "tail"}} {
		if _, err := b.Put(ctx, k, []byte(k.String())); err != nil {
			t.Fatal(err)
		}
	}
	updates, err := b.WatchEach(ctx, "head")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"g 1/head", "g.2/head", ""} {
		if e := <-updates; e.Key.String() != want || (e.Op == EntryInitDone) != (want == "") {
			t.Fatalf("got %+v, want %q", e, want)
		}
	}
}
