package mqttout

import (
	"fmt"
	"strings"
)

// The templates of Part 14, 7.3.4.7, behind the root.
const (
	dataTopic     = "{RootTopic}/{Encoding}/data/{PublisherId}/{WriterGroup}/{DataSetWriter}"
	metadataTopic = "{RootTopic}/{Encoding}/metadata/{PublisherId}/{WriterGroup}/{DataSetWriter}"
	statusTopic   = "{RootTopic}/json/status/{PublisherId}"
)

// maxTopic is the length of a topic in bytes (MQTT 5, 1.5.4).
const maxTopic = 65535

// variables are the values of variables of topic templates, by name in lower case. They are texts of topics, escaped where need be.
type variables map[string]string

// expand replaces {Name} by the variable of that name, in whatever case; an unknown variable emits its own name. A brace without a counterpart
// stays.
func (v variables) expand(template string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{")
		name, after, closed := strings.Cut(rest, "}")
		b.WriteString(before)
		switch value, known := v[strings.ToLower(name)]; {
		case !ok:
			return b.String()
		case !closed:
			b.WriteString("{" + rest)
			return b.String()
		case known:
			b.WriteString(value)
		default:
			b.WriteString(escape(name))
		}
		template = after
	}
}

// topic expands a template to a topic that may be published to.
func (v variables) topic(template string) (string, error) {
	t := v.expand(template)
	switch {
	case strings.ContainsAny(t, "+#\x00"):
		return "", fmt.Errorf("topic %q: + and # are for subscribers: use a template without them", t)
	case t == "" || len(t) > maxTopic:
		return "", fmt.Errorf("topic of %d bytes: use 1 to %d", len(t), maxTopic)
	case strings.HasPrefix(t, "$"):
		return "", fmt.Errorf("topic %q: what begins with $ is the broker's: use another first level", t)
	}
	return t, nil
}

// escape writes a name as one level of a topic: what MQTT has a meaning for, control characters and the backslash become \x and two
// hexadecimal digits.
func escape(name string) string {
	special := func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune(`+#/\`, r) }
	if strings.IndexFunc(name, special) < 0 {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		if special(r) {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapePath writes a browse path, whose names are separated by '/', as levels of a topic. A name that is empty becomes "_".
func escapePath(path string) string {
	names := strings.Split(path, "/")
	for i, n := range names {
		if names[i] = escape(n); n == "" {
			names[i] = "_"
		}
	}
	return strings.Join(names, "/")
}
