package model

import (
	"fmt"
	"regexp"
	"time"
)

// Limits of a DataSetWriter.
const (
	// MaxWriterFields bounds the fields of a writer: its metadata is one message.
	MaxWriterFields = 5000
	// MaxNameBytes bounds the names of groups, writers and fields.
	MaxNameBytes = 128
	// MinPublishingInterval and MaxInterval bound what is sampled and published.
	MinPublishingInterval = 10 * time.Millisecond
	MaxInterval           = 24 * time.Hour

	maxExtensionFields = 32
	maxExtensionBytes  = 1024
	maxSelections      = 100
	maxPatterns        = 100
	maxQueueSize       = 1_000_000
	// maxProblems bounds the problems of one record.
	maxProblems = 100
)

// problems collects what is wrong with a record, each with the path to its field.
type problems struct{ list []ConfigurationProblem }

func (p *problems) add(field, format string, args ...any) {
	if len(p.list) < maxProblems {
		p.list = append(p.list, ConfigurationProblem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

// interval checks a length of time; 0 is taken, it stands for a default.
func (p *problems) interval(field string, d, least, most time.Duration) {
	if d != 0 && (d < least || d > most) {
		p.add(field, "%s is out of range; use %s to %s", d, least, most)
	}
}

func (p *problems) name(field, name string) {
	switch {
	case name == "":
		p.add(field, "is empty; give a name of at most %d bytes", MaxNameBytes)
	case len(name) > MaxNameBytes:
		p.add(field, "%q has %d bytes; use at most %d", name[:MaxNameBytes], len(name), MaxNameBytes)
	}
}

// oneOf checks an enumeration whose empty value stands for a default.
func oneOf[T ~string](p *problems, field string, v T, values ...T) {
	if v == "" {
		return
	}
	for _, w := range values {
		if v == w {
			return
		}
	}
	p.add(field, "%q is unknown; use one of %q, or leave it out", v, values)
}

var indexRangePattern = regexp.MustCompile(`^\d{1,9}(:\d{1,9})?(,\d{1,9}(:\d{1,9})?)*$`)

func (p *problems) indexRange(field, s string) {
	if s != "" && !indexRangePattern.MatchString(s) {
		p.add(field, `%q is no range of indices; write "3", "2:5" or "0:1,3"`, s)
	}
}

func (p *problems) attribute(field string, a AttributeID) {
	if a > AttributeAccessLevelEx {
		p.add(field, "%d is no attribute; use 1 (NodeId) to %d (AccessLevelEx), or leave it out for the value", a, AttributeAccessLevelEx)
	}
}

// Problems returns what is wrong with the writer by itself, at most 100 problems; none when a gateway can take it. Whether its server exists is for others to tell.
func (w *DataSetWriter) Problems() []ConfigurationProblem {
	p := &problems{}
	p.name("group", w.Group)
	p.name("name", w.Name)
	if w.Server == "" {
		p.add("server", "is empty; name the server that the nodes belong to")
	}
	p.interval("samplingInterval", w.SamplingInterval, 0, MaxInterval)
	if w.PublishingInterval < MinPublishingInterval || w.PublishingInterval > MaxInterval {
		p.add("publishingInterval", "%s is out of range; use %s to %s", w.PublishingInterval, MinPublishingInterval, MaxInterval)
	}
	p.interval("keepAlive", w.KeepAlive, 100*time.Millisecond, MaxInterval)
	p.extensionFields(w.ExtensionFields)
	p.heartbeat("heartbeat", w.Heartbeat)
	p.watchdog(w.Watchdog)
	p.output(w.Output)
	if w.Events != nil {
		if len(w.Fields) > 0 || len(w.Selections) > 0 {
			p.add("events", "is given with fields or selections; use a writer of its own for events")
		}
		p.events(w.Events)
		return p.list
	}
	p.fields(w)
	p.selections(w)
	return p.list
}

func (p *problems) extensionFields(m map[string]string) {
	if len(m) > maxExtensionFields {
		p.add("extensionFields", "has %d entries; use at most %d", len(m), maxExtensionFields)
	}
	for k, v := range m {
		if k == "" || len(k) > MaxNameBytes {
			p.add("extensionFields", "name %q is empty or longer than %d bytes", k, MaxNameBytes)
		}
		if len(v) > maxExtensionBytes {
			p.add("extensionFields."+k, "has %d bytes; use at most %d", len(v), maxExtensionBytes)
		}
	}
}

func (p *problems) watchdog(w *Watchdog) {
	if w == nil {
		return
	}
	if w.Timeout < 100*time.Millisecond || w.Timeout > 7*MaxInterval {
		p.add("watchdog.timeout", "%s is out of range; use 100ms to 7 days", w.Timeout)
	}
	oneOf(p, "watchdog.condition", w.Condition, WatchdogAllLate, WatchdogAnyLate)
	oneOf(p, "watchdog.behavior", w.Behavior, WatchdogDiagnostic, WatchdogReset, WatchdogFailFast, WatchdogExitProcess)
}

func (p *problems) heartbeat(field string, h *Heartbeat) {
	if h == nil {
		return
	}
	p.interval(field+".interval", h.Interval, MinPublishingInterval, 7*MaxInterval)
	oneOf(p, field+".behavior", h.Behavior, HeartbeatWatchdogLKV, HeartbeatWatchdogLKG, HeartbeatPeriodicLKV, HeartbeatPeriodicLKG,
		HeartbeatPeriodicLKVDropValue, HeartbeatPeriodicLKGDropValue, HeartbeatUpdatedTimestamps, HeartbeatDiagnosticsOnly)
}
