package model

import (
	"strings"
	"time"
)

const (
	maxTopic     = 1024
	maxBatchSize = 10_000
)

func (p *problems) output(o *Output) {
	if o == nil {
		return
	}
	p.name("output.broker", o.Broker)
	oneOf(p, "output.encoding", o.Encoding, OutputJSON, OutputJSONGzip, OutputUADP)
	oneOf(p, "output.mode", o.Mode, OutputPubSub, OutputDataSetMessages, OutputSingleDataSetMessage, OutputRawDataSets, OutputSingleRawDataSet)
	oneOf(p, "output.routing", o.Routing, RouteBrowsePath, RouteBrowsePathNamespace)
	if o.Encoding == OutputUADP && (o.Mode == OutputRawDataSets || o.Mode == OutputSingleRawDataSet) {
		p.add("output.mode", "%s has no UADP form; use encoding %s, or another mode", o.Mode, OutputJSON)
	}
	p.topic("output.topic", o.Topic)
	p.topic("output.metaDataTopic", o.MetaDataTopic)
	if o.QoS > 2 {
		p.add("output.qos", "%d is out of range; use 0, 1 or 2", o.QoS)
	}
	p.interval("output.ttl", o.TTL, time.Second, 365*MaxInterval)
	if o.BatchSize < 0 || o.BatchSize > maxBatchSize {
		p.add("output.batchSize", "%d is out of range; use 1 to %d, or leave it out", o.BatchSize, maxBatchSize)
	}
	p.interval("output.batchInterval", o.BatchInterval, time.Millisecond, MaxInterval)
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
