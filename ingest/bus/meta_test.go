package bus

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestMetaVersions(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	put := func(writer, doc string) {
		t.Helper()
		if err := c.PublishMeta(ctx, "g 1", "gr", writer, ContentJSON, []byte(doc)); err != nil {
			t.Fatal(err)
		}
	}
	if docs, err := c.MetaVersions(ctx, "g 1", "gr", "w"); err != nil || len(docs) != 0 {
		t.Fatalf("versions of a writer without metadata: %v, %v", docs, err)
	}
	put("w", "v1")
	put("other", "v1")
	put("w", "v2")
	put("w", "v2") // a gateway that starts again: no version of its own
	put("w", "v1") // but back to an older one is
	docs, err := c.MetaVersions(ctx, "g 1", "gr", "w")
	if err != nil || len(docs) != 3 {
		t.Fatalf("%d versions, %v; want 3", len(docs), err)
	}
	for i, want := range []string{"v1", "v2", "v1"} {
		d := docs[i]
		if string(d.Data) != want || d.Gateway != "g 1" || d.Group != "gr" || d.Writer != "w" || d.ContentType != ContentJSON || d.Time.IsZero() {
			t.Fatalf("version %d: %+v", i, d)
		}
	}
	for i := range 100 {
		put("w", fmt.Sprint("x", i))
	}
	docs, err = c.MetaVersions(ctx, "g 1", "gr", "w")
	if err != nil || len(docs) != metaVersions || string(docs[len(docs)-1].Data) != "x99" || string(docs[0].Data) != "x36" {
		t.Fatalf("%d versions, %v", len(docs), err)
	}
	if docs, err := c.MetaVersions(ctx, "g 1", "gr", "other"); err != nil || len(docs) != 1 {
		t.Fatalf("the other writer's versions: %v, %v", docs, err)
	}
	if err := c.PublishMeta(ctx, "g", "gr", "w", ContentJSON, make([]byte, 2<<20)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("2 MiB: %v, want ErrTooLarge", err)
	}
}

func TestWatchMeta(t *testing.T) {
	_, c := newBus(t)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	put := func(writer, doc string) {
		t.Helper()
		if err := c.PublishMeta(ctx, "g", "gr", writer, ContentUADP, []byte(doc)); err != nil {
			t.Fatal(err)
		}
	}
	empty, err := c.WatchMeta(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if u := receive(t, empty); !u.InitDone {
		t.Fatalf("update %+v, want the mark", u)
	}
	put("a", "1")
	put("b", "1")
	put("a", "2")
	for _, want := range []string{"a1", "b1", "a2"} {
		if u := receive(t, empty); u.InitDone || u.Writer+string(u.Data) != want {
			t.Fatalf("update %+v, want %s", u, want)
		}
	}
	full, err := c.WatchMeta(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"b1", "a2"} { // the last ones only
		if u := receive(t, full); u.InitDone || u.Writer+string(u.Data) != want {
			t.Fatalf("update %+v, want %s", u, want)
		}
	}
	if u := receive(t, full); !u.InitDone {
		t.Fatalf("update %+v, want the mark", u)
	}
	put("b", "2")
	if u := receive(t, full); string(u.Data) != "2" {
		t.Fatalf("update %+v", u)
	}
	cancel()
	waitClosed(t, empty)
	waitClosed(t, full)
}
