package model

import "strings"

// maxTopic bounds the template of a topic, in bytes.
const maxTopic = 1024

func (p *problems) output(o *Output) {
	if o == nil {
		return
	}
	if err := o.Validate(); err != nil {
		field, message, _ := strings.Cut(err.Error(), " ")
		p.add("output."+field, "%s", message)
	}
	p.topic("output.topic", o.Topic)
	p.topic("output.metaDataTopic", o.MetaDataTopic)
}

// topic checks the template of an MQTT topic (MQTT 5, 4.7.3).
func (p *problems) topic(field, s string) {
	switch {
	case len(s) > maxTopic:
		p.add(field, "has %d bytes; use at most %d", len(s), maxTopic)
	case strings.ContainsAny(s, "+#\x00"):
		p.add(field, "%q has '+', '#' or NUL, which a topic to publish to may not have; leave them out", s)
	case strings.HasPrefix(s, "$"):
		p.add(field, "%q begins with '$', which is the broker's own; begin with a name", s)
	case strings.Count(s, "{") != strings.Count(s, "}"):
		p.add(field, "%q has a '{' without its '}'; close the variable", s)
	}
}
