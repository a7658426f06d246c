package publishednodes

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// assembly makes writers of nodes.
type assembly struct {
	options Options
	issues  *Issues
	servers *connections
	parts   map[partKey]*part
	order   []*part
	events  map[partKey][]*part // by their keys without the number
}

// partKey is what the fields of one writer have in common.
type partKey struct {
	group, name, server string
	interval            time.Duration
	topic, qos          string
	events              int // 0 for fields; 1, 2 … for each source of events
}

// part is one writer to be, before names and limits.
type part struct {
	key    partKey
	label  string // of events
	writer model.DataSetWriter
	// entry is the one that it was made of first, last the one that was added last.
	entry, last int
	seen        map[fieldKey][]seenField
	names       taken
}

// fieldKey is what a field publishes.
type fieldKey struct {
	node      model.ExpandedNodeID
	path      string
	attribute model.AttributeID
	indices   string
}

// seenField is where a field is, and the name that was wanted for it.
type seenField struct {
	index  int
	wanted string
}

// source is an entry with what its nodes share.
type source struct {
	entry    *entry
	at       *place
	base     partKey
	defaults model.DataSetWriter
}

// settings makes a writer without fields and names of what an entry says of it.
func (a *assembly) settings(e *entry, at *place) model.DataSetWriter {
	w := model.DataSetWriter{
		Gateway: a.options.Gateway, DataSetName: e.dataSetName, ExtensionFields: e.extensionFields(at), KeyFrameCount: e.keyFrames,
		PublishingInterval: publishing(e.publishing.or(time.Second), "DataSetPublishingInterval", at),
		Priority:           uint8(e.priority), Output: e.output(a.options.Broker, at),
	}
	w.SamplingInterval = sampling(e.sampling.or(time.Second), w.PublishingInterval, "DataSetSamplingInterval", at)
	switch {
	case e.heartbeat.value < 0 || e.watchdog.value < 0:
		at.report("DefaultHeartbeatInterval", nil, wrong("or OpcNodeWatchdogTimespan is negative", "write 0 for none"))
	case e.heartbeat.value > 0:
		w.Heartbeat = &model.Heartbeat{Interval: e.heartbeat.value, Behavior: e.heartbeatBehavior}
	}
	switch {
	case e.watchdog.value > 0:
		w.Watchdog = &model.Watchdog{Timeout: e.watchdog.value, Condition: e.watchdogCondition, Behavior: e.watchdogBehavior}
	case e.watchdogCondition != "" || e.watchdogBehavior != "":
		at.report("OpcNodeWatchdogCondition", nil, note("and DataSetWriterWatchdogBehavior have no effect without OpcNodeWatchdogTimespan", "write it"))
	}
	switch {
	case e.sendKeepAlive:
		w.KeepAlive = keepAlive(w.PublishingInterval, e.keepAlives)
	case e.keepAlives != 0:
		at.report("MaxKeepAliveCount", nil, note("has an effect with SendKeepAliveDataSetMessages only; the connection is watched anyway", ""))
	}
	return w
}

// defaultKeepAlives is how many publishing intervals without a value make a keep-alive.
const defaultKeepAlives = 10

// keepAlive is the time of so many publishing intervals, within what the platform takes.
func keepAlive(publishing time.Duration, intervals uint32) time.Duration {
	return max(min(publishing*time.Duration(cmp.Or(intervals, defaultKeepAlives)), longest), shortestKeepAlive)
}

const shortestKeepAlive = 100 * time.Millisecond

// part returns the writer for key, which is made of the settings of s when there is none. The settings of the first entry count.
func (a *assembly) part(s *source, key partKey) *part {
	w := s.defaults
	w.PublishingInterval = key.interval
	if w.KeepAlive != 0 && key.interval != s.defaults.PublishingInterval {
		w.KeepAlive = keepAlive(key.interval, s.entry.keepAlives)
	}
	if key.topic != "" || key.qos != "" {
		o := *w.Output
		o.Topic = cmp.Or(key.topic, o.Topic)
		if key.qos != "" {
			o.QoS = qos(key.qos)
		}
		w.Output = &o
	}
	if p := a.parts[key]; p != nil {
		if p.last != s.at.entry {
			p.last = s.at.entry
			p.compare(&w, s.at)
		}
		return p
	}
	p := &part{key: key, entry: s.at.entry, last: s.at.entry, writer: w, seen: map[fieldKey][]seenField{}, names: taken{}}
	a.parts[key] = p
	a.order = append(a.order, p)
	return p
}

// compare reports what another entry wants otherwise.
func (p *part) compare(other *model.DataSetWriter, at *place) {
	mine, theirs := p.writer, *other
	mine.Fields = nil
	a, b := reflect.ValueOf(mine), reflect.ValueOf(theirs)
	var differ []string
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			differ = append(differ, a.Type().Field(i).Name)
		}
	}
	if len(differ) > 0 {
		at.report("DataSetWriterId", nil, warn(fmt.Sprintf("is that of entry %d as well, with another %s; that of entry %d counts", p.entry, strings.Join(differ, ", "), p.entry),
			"give the entries the same settings, or different DataSetWriterIds"))
	}
}

// add adds a field under a name that is unique in the writer, which it returns. A field that is there already, with all its settings, is not added again.
func (p *part) add(f model.PublishedField, at *place) string {
	key := fieldKey{f.NodeID, f.BrowsePath, f.Attribute, f.IndexRange}
	for _, s := range p.seen[key] {
		same := p.writer.Fields[s.index]
		name := same.Name
		if same.Name = s.wanted; reflect.DeepEqual(same, f) {
			at.report("Id", nil, note("is published by this writer already, with the same settings", "remove one of them"))
			return name
		}
	}
	wanted := f.Name
	name := p.names.unique("#", maxName, f.Name)
	if name != f.Name {
		at.report("DataSetFieldId", nil, note(fmt.Sprintf("%.40q is the name of another field of the writer or too long, this one becomes %q", f.Name, name), "choose another one"))
	}
	f.Name = name
	p.seen[key] = append(p.seen[key], seenField{len(p.writer.Fields), wanted})
	p.writer.Fields = append(p.writer.Fields, f)
	return name
}

// addEvents adds a writer of events.
func (a *assembly) addEvents(s *source, key partKey, e *model.EventSource, label string) {
	for _, p := range a.events[key] {
		if reflect.DeepEqual(p.writer.Events, e) {
			return // a duplicate
		}
	}
	own := key
	own.events = len(a.events[key]) + 1
	p := a.part(s, own)
	a.events[key] = append(a.events[key], p)
	p.label = label
	if label == "" && e.ModelChange != nil {
		p.label = "ModelChange"
	} else if label == "" {
		p.label = "Events"
	}
	w := &p.writer
	w.Events, w.KeyFrameCount, w.Heartbeat, w.Watchdog = e, 0, nil, nil
}

// config gives the writers their names, divides those that are too large, and leaves out those without a node.
func (a *assembly) config() *Config {
	c := &Config{Servers: a.servers.list}
	groups := map[string]taken{}
	type base struct{ group, name string }
	first := map[base]*part{}
	for _, p := range a.order {
		b := base{p.key.group, p.key.name}
		if old := first[b]; old == nil || p.key.rank() < old.key.rank() {
			first[b] = p
		}
		if groups[b.group] == nil {
			groups[b.group] = taken{}
		}
		groups[b.group][b.name] = 2
	}
	for _, p := range a.order {
		p.writer.Group, p.writer.Name = p.key.group, p.key.name
		if plain := first[base{p.key.group, p.key.name}]; plain != p {
			p.writer.Name = groups[p.key.group].unique("_", maxName, p.key.name+p.suffix(plain))
		}
		if !p.usable(a.issues) {
			continue
		}
		for _, w := range divide(p.writer, a.options.MaxFields, groups[p.key.group]) {
			c.Writers, c.Entries = append(c.Writers, w), append(c.Entries, p.entry)
		}
	}
	return c
}

// usable reports what the platform would refuse of the writer besides its fields, which were checked one by one.
func (p *part) usable(issues *Issues) bool {
	w := p.writer
	w.Fields = nil
	at := &place{issues: issues, entry: p.entry, node: -1}
	for _, problem := range w.Problems() {
		at.report("", nil, wrong(fmt.Sprintf("writer %s/%s: %s: %s", w.Group, w.Name, problem.Field, problem.Message), ""))
	}
	return !at.failed
}

// rank is lowest for the writer that has the plain name if an entry makes several: fields with the entry's own settings.
func (k *partKey) rank() int {
	switch {
	case k.events != 0:
		return 2
	case k.topic != "" || k.qos != "":
		return 1
	}
	return 0
}

// suffix says in what a writer differs from the one that has the plain name.
func (p *part) suffix(plain *part) string {
	s := ""
	if p.key.server != plain.key.server {
		s += "_" + p.key.server
	}
	if p.key.interval != plain.key.interval {
		s += "_" + p.key.interval.String()
	}
	if p.key.topic != plain.key.topic {
		s += "_" + strings.Trim(p.key.topic[strings.LastIndexByte(p.key.topic, '/')+1:], "{}")
	}
	if p.key.qos != plain.key.qos {
		s += "_" + cmp.Or(p.key.qos, qosNames[1])
	}
	if p.label != "" {
		s += "_" + p.label
	}
	return s
}

// divide makes several writers of one with more fields than most. Fields that are triggered stay with the one that triggers them.
func divide(w model.DataSetWriter, most int, names taken) []model.DataSetWriter {
	if len(w.Fields) <= most {
		return []model.DataSetWriter{w}
	}
	var divided []model.DataSetWriter
	for fields := together(w.Fields); len(fields) > 0; {
		cut := min(most, len(fields))
		for cut < len(fields) && cut > 1 && fields[cut].TriggeredBy != "" {
			cut--
		}
		piece := w
		piece.Fields = slices.Clip(fields[:cut])
		piece.Name = names.unique("_", maxName, fmt.Sprintf("%s_%d", w.Name, len(divided)))
		divided, fields = append(divided, piece), fields[cut:]
	}
	return divided
}

// together has each triggered field follow the one that triggers it.
func together(fields []model.PublishedField) []model.PublishedField {
	triggered := map[string][]model.PublishedField{}
	for _, f := range fields {
		if f.TriggeredBy != "" {
			triggered[f.TriggeredBy] = append(triggered[f.TriggeredBy], f)
		}
	}
	sorted := make([]model.PublishedField, 0, len(fields))
	for _, f := range fields {
		if f.TriggeredBy == "" {
			sorted = append(append(sorted, f), triggered[f.Name]...)
		}
	}
	return sorted
}
