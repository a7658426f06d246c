package publishednodes

import (
	"cmp"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Options tell how a file is read.
type Options struct {
	// Gateway is the id of the gateway that servers and writers are for.
	Gateway string
	// Servers are those of the gateway that exist already. A connection of the file that is the same as one of them is that one; the others
	// get an id of their host and port.
	Servers []model.Server
	// Reserved are ids of servers that are not to be used: those of other gateways.
	Reserved []string
	// Broker is the name of the broker of entries with transport Mqtt; empty stands for "default".
	Broker string
	// MaxFields is where a writer is divided into several, "<name>_0", "<name>_1" …; 0 stands for model.MaxWriterFields.
	MaxFields int
}

const (
	defaultBroker    = "default"
	defaultMaxFields = model.MaxWriterFields
)

// Config is what a file asks for. Numbers of groups and writers are not given: GroupID and WriterID are 0.
type Config struct {
	Servers []Connection
	Writers []model.DataSetWriter
	// Entries has, for each of Writers, the index of the entry that it was made of first.
	Entries []int
}

// Parse reads a published nodes file: a JSON array of entries. An error says that the text is no such array and nothing can be read (a
// *SyntaxError when it is no JSON); what is wrong with single entries and nodes is in the issues, and the rest is in the Config. The same text
// and options give the same result. Nothing returned refers to data.
func Parse(data []byte, o Options) (*Config, *Issues, error) {
	root, err := checkDocument(data)
	if err != nil {
		return nil, nil, err
	}
	o.Broker, o.MaxFields = cmp.Or(o.Broker, defaultBroker), cmp.Or(o.MaxFields, defaultMaxFields)
	issues := &Issues{}
	a := &assembly{options: o, issues: issues, servers: newConnections(o.Servers, o.Reserved), parts: map[partKey]*part{}, events: map[partKey][]*part{}}
	if root.kind() == '{' { // what its API takes
		a.addEntry(root, &place{issues: issues, node: -1, here: root})
		return a.config(), issues, nil
	}
	if root.kind() != '[' {
		return nil, nil, fmt.Errorf("the file is no array of entries; write [ { \"EndpointUrl\": …, \"OpcNodes\": [ … ] } ]")
	}
	for i, v := range root.items() {
		at := &place{issues: issues, entry: i, node: -1, here: v}
		if at.isObject(v) {
			a.addEntry(v, at)
		}
	}
	return a.config(), issues, nil
}

// addEntry adds the server and the nodes of an entry.
func (a *assembly) addEntry(v value, at *place) {
	var e entry
	entrySchema.read(&e, v, at)
	if isSet(e.legacyNode) && isSet(e.nodes) {
		at.report("NodeId", &e.legacyNode, wrong("is given beside OpcNodes", "move it to OpcNodes, as { \"Id\": … }"))
	}
	connection := e.connection(at)
	defaults := a.settings(&e, at)
	if at.failed {
		return
	}
	server := a.servers.add(connection)
	defaults.Server = server.ID
	s := &source{entry: &e, at: at, base: partKey{group: cmp.Or(e.group, server.ID), name: cmp.Or(e.writer, "default"), server: server.ID}, defaults: defaults}
	s.base.group, s.base.name = fitName(s.base.group, "DataSetWriterGroup", at), fitName(s.base.name, "DataSetWriterId", at)
	switch {
	case isSet(e.legacyNode):
		var n legacyNode
		legacySchema.read(&n, e.legacyNode, at.within("NodeId."))
		if n.identifier == "" {
			at.report("NodeId.Identifier", nil, wrong("is missing", "write it as in nsu=urn:acme;s=Temp"))
			return
		}
		a.addNode(s, &node{id: n.identifier}, at)
	case isSet(e.nodes):
		a.addNodes(s)
	default:
		at.report("OpcNodes", nil, note("is missing or null, the entry publishes nothing", ""))
	}
}

// legacyNode is the NodeId of an entry of version 2.5.
type legacyNode struct{ identifier string }

var legacySchema = newSchema(map[string]property[legacyNode]{
	"Identifier": text(func(n *legacyNode) *string { return &n.identifier }),
})

func fitName(s, property string, at *place) string {
	short := fit(s, maxName)
	if short != s {
		at.report(property, nil, note(fmt.Sprintf("is longer than %d bytes and becomes %q", maxName, short), "choose a shorter one"))
	}
	return short
}

// addNodes adds OpcNodes.
func (a *assembly) addNodes(s *source) {
	for i, v := range s.entry.nodes.items() {
		at := &place{issues: s.at.issues, entry: s.at.entry, node: i, here: v}
		if !at.isObject(v) {
			continue
		}
		var n node
		nodeSchema.read(&n, v, at)
		if !at.failed {
			a.addNode(s, &n, at)
		}
	}
}

// addNode adds a node, with those that it triggers, to the writer that it belongs to.
func (a *assembly) addNode(s *source, n *node, at *place) {
	if n.method {
		at.report("MethodMetadata", nil, wrong("tells of a method, and methods are not published", "call it through the platform's API"))
		return
	}
	key := s.base
	key.interval = s.defaults.PublishingInterval
	if n.publishing.given {
		key.interval = publishing(n.publishing.value, "OpcPublishingInterval", at)
	}
	key.topic, key.qos = n.topic, n.qos
	if s.defaults.Output == nil && (n.topic != "" || n.qos != "") {
		key.topic, key.qos = "", ""
		at.report("Topic", nil, note("and QualityOfService have no effect without WriterGroupTransport Mqtt", "write it in the entry"))
	}
	if n.isEvents() {
		if source := n.eventSource(at); !at.failed {
			a.addEvents(s, key, source, n.displayName)
		}
		return
	}
	f := n.field(s.entry, key.interval, at)
	if checkField(f, at); at.failed {
		return
	}
	p := a.part(s, key)
	name := p.add(f, at)
	if isSet(n.triggered) {
		a.addTriggered(s, p, n, name, at)
	}
}

// addTriggered adds what is reported when the field of that name is.
func (a *assembly) addTriggered(s *source, p *part, by *node, name string, at *place) {
	for i, v := range by.triggered.items() {
		if i == maxTriggered {
			at.report("TriggeredNodes", nil, warn(fmt.Sprintf("has more than %d nodes, the rest is left out", maxTriggered), "divide them among several nodes"))
			return
		}
		inner := at.within(fmt.Sprintf("TriggeredNodes[%d].", i))
		inner.parent = nil // a bad triggered node leaves the others alone
		if !inner.isObject(v) {
			continue
		}
		var n node
		nodeSchema.read(&n, v, inner)
		switch {
		case inner.failed:
			continue
		case n.isEvents() || isSet(n.triggered) || n.method:
			inner.report("", nil, wrong("is no plain variable; only those can be triggered, one level deep", "move it to OpcNodes"))
			continue
		case n.publishing.given && publishing(n.publishing.value, "OpcPublishingInterval", inner) != p.key.interval, n.topic != "", n.qos != "":
			inner.report("", nil, warn("has a publishing interval, topic or quality of service of its own; those of the triggering node count", "remove them"))
		}
		f := n.field(s.entry, p.key.interval, inner)
		f.TriggeredBy = name
		if checkField(f, inner); !inner.failed {
			p.add(f, inner)
		}
	}
}

// checkField reports what the platform would refuse of a field.
func checkField(f model.PublishedField, at *place) {
	if at.failed {
		return
	}
	f.Name = fit(f.Name, maxName)
	for _, p := range f.Problems("field") {
		at.report("", nil, wrong(p.Field+": "+p.Message, ""))
	}
}
