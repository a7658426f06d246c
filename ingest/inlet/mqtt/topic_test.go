package mqtt

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
)

func newTestTopics(t testing.TB, cfg Config) *topics {
	t.Helper()
	cfg.setDefaults()
	topics, err := newTopics(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	return topics
}

func TestTopics(t *testing.T) {
	topics := newTestTopics(t, Config{})
	f := func(topic string, want address) {
		t.Helper()
		if got, err := topics.parse(topic); err != nil || got != want {
			t.Errorf("%q: %+v %v, want %+v", topic, got, err, want)
		}
	}
	const json, uadp = inlet.EncodingJSON, inlet.EncodingUADP
	f("opcua/json/data/p", address{"p", "", "", json, inlet.KindData})
	f("opcua/uadp/data/p/g", address{"p", "g", "", uadp, inlet.KindData})
	f("opcua/json/metadata/p/g/w", address{"p", "g", "w", json, inlet.KindMetaData})
	f("opcua/json/data/Linie 1/Ofen ä/Zähler 世界", address{"Linie 1", "Ofen ä", "Zähler 世界", json, inlet.KindData})
	f("opcua/json/data/p//w", address{"p", "", "w", json, inlet.KindData})
	for _, other := range []string{"status", "connection", "application", "endpoints", "action-request", "action-metadata"} {
		f("opcua/json/"+other+"/p", address{"p", "", "", json, inlet.KindOther})
	}
	f("opcua/json/data/p/g/diagnostic", address{kind: inlet.KindOther})
	f("plant1/messages/Asset0", address{publisher: "plant1", group: "Asset0"})
	f("plant1/messages/Asset0/metadata", address{publisher: "plant1", group: "Asset0", kind: inlet.KindMetaData})
	f("opc.tcp://opcplc:50000_70FB9F43/messages/Asset0", address{publisher: "opc.tcp://opcplc:50000_70FB9F43", group: "Asset0"})
	f("opc.tcp://h:1/UA/S/messages/g/metadata", address{publisher: "opc.tcp://h:1/UA/S", group: "g", kind: inlet.KindMetaData})
	f("plant1/methods/GetInfo_V2", address{kind: inlet.KindOther})
	f("plant1/diagnostics/Asset0", address{kind: inlet.KindOther})
	f("plant1/messages/Asset0/schema", address{kind: inlet.KindOther})

	for _, topic := range []string{
		"", "/", "opcua", "opcua/json", "opcua/json/data", "opcua/json/data/", "opcua/xml/data/p", "opcua/json/raw/p", "opcua/json/data/p/g/w/x",
		"opcua//data/p", "p/messages", "p/messages/", "/messages/g", "messages/g", "p/telemetry/g", "$SYS/broker", strings.Repeat("a/", 500) + "messages/g",
	} {
		if a, err := topics.parse(topic); !errors.Is(err, errTopic) {
			t.Errorf("%q: %+v %v, want an error", topic, a, err)
		}
	}
}

func TestConfiguredTopics(t *testing.T) {
	topics := newTestTopics(t, Config{
		Prefix: "plant1/ua",
		Topics: []TopicConfig{
			{Topic: "site/+/{publisherid}/{DataSetWriterGroup}/{DataSetWriterName}/raw", Encoding: "json", Type: "data"},
			{Topic: "any/{PublisherId}/#"},
			{Topic: "fixed"},
		},
		Ignore: []string{"any/secret/#"},
	})
	f := func(topic string, want address) {
		t.Helper()
		if got, err := topics.parse(topic); err != nil || got != want {
			t.Errorf("%q: %+v %v, want %+v", topic, got, err, want)
		}
	}
	f("plant1/ua/uadp/data/p", address{"p", "", "", inlet.EncodingUADP, inlet.KindData})
	f("site/berlin/p/g/w/raw", address{"p", "g", "w", inlet.EncodingJSON, inlet.KindData})
	f("site/berlin/p/q/g/w/raw", address{"p/q", "g", "w", inlet.EncodingJSON, inlet.KindData})
	f("any/p", address{publisher: "p"})
	f("any/p/x/y", address{publisher: "p"})
	f("any/secret/x", address{kind: inlet.KindOther})
	f("fixed", address{})
	if _, err := topics.parse("opcua/json/data/p"); !errors.Is(err, errTopic) {
		t.Errorf("the default prefix is still known: %v", err)
	}
}

func TestCovers(t *testing.T) {
	f := func(allowed, filter string, want bool) {
		t.Helper()
		if got := covers([]string{allowed}, filter); got != want {
			t.Errorf("%q covers %q: %v", allowed, filter, got)
		}
	}
	f("#", "a/b", true)
	f("#", "#", true)
	f("#", "$SYS/x", false)
	f("+/x", "$SYS/x", false)
	f("$SYS/#", "$SYS/x", true)
	f("a/#", "a", true)
	f("a/#", "a/b/c", true)
	f("a/#", "ab/c", false)
	f("a/+", "a/b", true)
	f("a/+", "a/+", true)
	f("a/+", "a/#", false)
	f("a/+", "a", false)
	f("a/+", "a/", true)
	f("a/+", "a/b/c", false)
	f("a/b", "a/+", false)
	f("a/b", "a/#", false)
	f("a/+/c/#", "a/b/c/d/e", true)
	f("a/+/c/#", "a/b/d", false)
	f("a", "a/b", false)
}

func FuzzTopic(f *testing.F) {
	for _, s := range []string{
		"opcua/json/data/p/g/w", "opcua/uadp/metadata/p", "p/messages/g", "opc.tcp://h:1/UA/messages/g/metadata", "", "////", "site/x/p/g",
	} {
		f.Add(s)
	}
	topics := newTestTopics(f, Config{Topics: append(DefaultTopics(), TopicConfig{Topic: "site/+/{PublisherId}/{WriterGroup}/#"})})
	f.Fuzz(func(t *testing.T, topic string) {
		a, err := topics.parse(topic)
		if err != nil {
			return
		}
		for _, name := range []string{a.publisher, a.group, a.writer} {
			if !strings.Contains(topic, name) {
				t.Fatalf("%q: the name %q is not in it", topic, name)
			}
		}
		if a.kind != inlet.KindOther && a.publisher == "" {
			t.Fatalf("%q: no publisher in %+v", topic, a)
		}
	})
}

func FuzzCovers(f *testing.F) {
	f.Add("a/+/#", "a/b/c")
	f.Add("#", "$SYS/x")
	f.Fuzz(func(t *testing.T, allowed, topic string) {
		if checkFilter(allowed) != nil || strings.ContainsAny(topic, "+#") {
			return
		}
		if got, want := covers([]string{allowed}, topic), matches(strings.Split(allowed, "/"), strings.Split(topic, "/")); got != want && !strings.HasPrefix(topic, "$") {
			t.Fatalf("%q covers %q: %v, want %v", allowed, topic, got, want)
		}
	})
}

// matches is MQTT 5.0, 4.7 by the letter, slowly.
func matches(filter, topic []string) bool {
	switch {
	case len(filter) == 0:
		return len(topic) == 0
	case filter[0] == "#":
		return true
	case len(topic) == 0:
		return false
	case filter[0] == "+" || filter[0] == topic[0]:
		return matches(filter[1:], topic[1:])
	}
	return false
}
