package mqttout

import (
	"bytes"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestExpand(t *testing.T) {
	v := variables{"publisherid": "g1", "writergroup": `a\x2fb`}
	f := func(template, want string) {
		t.Helper()
		if got := v.expand(template); got != want {
			t.Errorf("%q: got %q, want %q", template, got, want)
		}
	}
	f("", "")
	f("plain/topic", "plain/topic")
	f("{PublisherId}/{WRITERGROUP}", `g1/a\x2fb`)
	f("x/{Nope}/{publisherid}y", "x/Nope/g1y")
	f("{a/b}", `a\x2fb`)
	f("open{PublisherId", "open{PublisherId")
	f("}{}{", "}{")
}

func TestEscape(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := escape(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	f("Temperatur Kühler", "Temperatur Kühler")
	f("a/b+c#d", `a\x2fb\x2bc\x23d`)
	f("\\\x00\n", `\x5c\x00\x0a`)
	if got := escapePath("Objects//Boiler #1/T"); got != `Objects/_/Boiler \x231/T` {
		t.Errorf("path %q", got)
	}
}

func TestTopicsThatCannotBe(t *testing.T) {
	for _, topic := range []string{"a/+", "#", "$SYS/x", "{SiteId}"} {
		if got, err := (variables{"siteid": ""}).topic(topic); err == nil {
			t.Errorf("%q becomes %q", topic, got)
		}
	}
}

func TestQueueDropsTheOldest(t *testing.T) {
	q := newQueue(10*(100+itemOverhead), 1000)
	w := &writer{queue: q}
	for i := range 25 {
		q.put(item{w, bytes.Repeat([]byte{byte(i)}, 100)})
	}
	q.put(item{writer: w}) // takes the place of one more
	items, size, dropped := q.statistics()
	if items != 10 || size != 9*(100+itemOverhead)+itemOverhead || dropped != 16 {
		t.Errorf("%d items of %d bytes, %d dropped", items, size, dropped)
	}
	for i := 16; i < 25; i++ {
		if it, ok := q.pop(); !ok || it.frame[0] != byte(i) {
			t.Fatalf("item %d is missing", i)
		}
	}
	q.clear()
	if items, size, dropped := q.statistics(); items != 0 || size != 0 || dropped != 16 {
		t.Errorf("%d items of %d bytes, %d dropped after clear", items, size, dropped)
	}
}

// BenchmarkPut is what the gateway's own path pays: one copy of each frame.
func BenchmarkPut(b *testing.B) {
	q := newQueue(defaultMaxQueueBytes, defaultMaxQueueMessages)
	w := &writer{queue: q, output: model.Output{}}
	frame := make([]byte, 16<<10)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		w.Put(frame)
		q.pop()
	}
}
