package mqtt

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
)

// maxLevels is how many levels a topic may have to be looked at.
const maxLevels = 128

// errTopic says that a topic has none of the known forms.
var errTopic = errors.New("unknown form of topic")

// address is what a topic tells of the messages on it.
type address struct {
	publisher, group, writer string
	encoding                 inlet.Encoding
	kind                     inlet.Kind
}

// topics knows the forms of topics.
type topics struct {
	prefix   string // "opcua/"
	patterns []pattern
	ignore   []string
}

func newTopics(cfg *Config) (*topics, error) {
	t := &topics{prefix: cfg.Prefix + "/", ignore: cfg.Ignore}
	for i, c := range cfg.Topics {
		p, err := compile(c)
		if err != nil {
			return nil, fmt.Errorf("topics[%d]: %w", i, err)
		}
		t.patterns = append(t.patterns, p)
	}
	return t, nil
}

// parse finds what a topic tells. errTopic says that it has no known form.
func (t *topics) parse(topic string) (address, error) {
	if covers(t.ignore, topic) {
		return address{kind: inlet.KindOther}, nil
	}
	if rest, ok := strings.CutPrefix(topic, t.prefix); ok {
		if a, ok := standard(rest); ok {
			return a, nil
		}
	}
	if strings.Count(topic, "/") < maxLevels {
		levels := strings.Split(topic, "/")
		for i := range t.patterns {
			if a, ok := t.patterns[i].match(levels); ok {
				return a, nil
			}
		}
	}
	return address{}, fmt.Errorf("%w: add it to mqtt.topics, or to mqtt.ignore if it is not to be stored", errTopic)
}

// standard reads a topic of Part 14, 7.3.4.7 behind its prefix: <encoding>/<message type>/<publisher>[/<group>[/<writer>]].
func standard(rest string) (a address, ok bool) {
	if strings.Count(rest, "/") > 4 {
		return a, false
	}
	levels := strings.Split(rest, "/")
	if len(levels) < 3 || levels[2] == "" {
		return a, false
	}
	if a.encoding, ok = inlet.ParseEncoding(levels[0]); !ok || a.encoding == inlet.EncodingUnknown {
		return a, false
	}
	switch levels[1] {
	case "data":
		a.kind = inlet.KindData
	case "metadata":
		a.kind = inlet.KindMetaData
	case "status", "connection", "application", "endpoints", "action-request", "action-response", "action-metadata", "action-responder":
		a.kind = inlet.KindOther
	default:
		return a, false
	}
	a.publisher = levels[2]
	if len(levels) > 3 {
		a.group = levels[3]
	}
	if len(levels) > 4 {
		a.writer = levels[4]
	}
	return a, true
}

// name tells which name a level of a pattern is.
type name uint8

const (
	literal name = iota
	anyLevel
	publisherID
	writerGroup
	dataSetWriter
)

// names are the placeholders, in lower case; OPC Publisher has two for some.
var names = map[string]name{
	"{publisherid}": publisherID, "{writergroup}": writerGroup, "{datasetwritergroup}": writerGroup,
	"{datasetwriter}": dataSetWriter, "{datasetwritername}": dataSetWriter,
}

// pattern is a form of topics, compiled.
type pattern struct {
	levels   []level
	open     bool // any more levels may follow
	encoding inlet.Encoding
	kind     inlet.Kind
	// wide is the place of the level that takes several, or -1.
	wide int
}

type level struct {
	text string
	name name
}

func compile(c TopicConfig) (pattern, error) {
	p := pattern{wide: -1}
	var ok bool
	if p.encoding, ok = inlet.ParseEncoding(c.Encoding); !ok {
		return p, fmt.Errorf("encoding %q: use json, uadp, or nothing if the content tells", c.Encoding)
	}
	switch c.Type {
	case "":
	case "data":
		p.kind = inlet.KindData
	case "metadata":
		p.kind = inlet.KindMetaData
	default:
		return p, fmt.Errorf("type %q: use data, metadata, or nothing if the content tells", c.Type)
	}
	if c.Topic == "" {
		return p, errors.New("topic is empty: write a form of topics, \"{PublisherId}/data/{WriterGroup}\"")
	}
	texts := strings.Split(c.Topic, "/")
	seen := map[name]bool{}
	for i, text := range texts {
		l := level{text: text}
		switch {
		case text == "#" && i == len(texts)-1:
			p.open = true
			continue
		case text == "+":
			l.name = anyLevel
		case strings.ContainsAny(text, "{}"):
			if l.name, ok = names[strings.ToLower(text)]; !ok || seen[l.name] {
				return p, fmt.Errorf("topic %q: level %q: use {PublisherId}, {WriterGroup} and {DataSetWriter}, each once and as a whole level", c.Topic, text)
			}
			seen[l.name] = true
		case strings.ContainsAny(text, "+#"):
			return p, fmt.Errorf("topic %q: level %q: + is a whole level, # the last one", c.Topic, text)
		}
		if l.name == publisherID {
			p.wide = len(p.levels)
		}
		p.levels = append(p.levels, l)
	}
	if p.open {
		p.wide = -1
	}
	return p, nil
}

// match reads a topic's levels.
func (p *pattern) match(topic []string) (a address, ok bool) {
	more := len(topic) - len(p.levels)
	if more < 0 || more > 0 && !p.open && p.wide < 0 {
		return a, false
	}
	a.encoding, a.kind = p.encoding, p.kind
	at := 0
	for i, l := range p.levels {
		text := topic[at]
		at++
		switch l.name {
		case literal:
			if text != l.text {
				return a, false
			}
		case publisherID:
			if i == p.wide {
				text = strings.Join(topic[at-1:at+more], "/")
				at += more
			}
			a.publisher = text
		case writerGroup:
			a.group = text
		case dataSetWriter:
			a.writer = text
		}
		if l.name > anyLevel && text == "" {
			return a, false
		}
	}
	return a, true
}
