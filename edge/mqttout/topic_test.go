package mqttout

import (
	"testing"
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
