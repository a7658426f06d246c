package model

import (
	"fmt"
	"math"
	"time"
)

// Problems returns what is wrong with the field by itself, whatever else its writer has. The paths begin with prefix.
func (f *PublishedField) Problems(prefix string) []ConfigurationProblem {
	p := &problems{}
	p.field(prefix, f)
	return p.list
}

func (p *problems) field(at string, f *PublishedField) {
	p.name(at+".name", f.Name)
	if f.NodeID.IsNull() && f.BrowsePath == "" {
		p.add(at+".nodeId", "is null without a browsePath; give one of them, or both")
	}
	p.fieldOptions(at, f)
}

// fieldOptions checks all but which node it is.
func (p *problems) fieldOptions(at string, f *PublishedField) {
	p.attribute(at+".attribute", f.Attribute)
	p.indexRange(at+".indexRange", f.IndexRange)
	p.interval(at+".samplingInterval", f.SamplingInterval, 0, MaxInterval)
	if f.QueueSize > maxQueueSize {
		p.add(at+".queueSize", "%d is out of range; use 1 to %d, or leave it out", f.QueueSize, maxQueueSize)
	}
	oneOf(p, at+".trigger", f.Trigger, TriggerStatus, TriggerStatusValue, TriggerStatusValueTimestamp)
	p.heartbeat(at+".heartbeat", f.Heartbeat)
	p.deadband(at+".deadband", f)
	if c := f.CyclicRead; c != nil {
		p.interval(at+".cyclicRead.maxAge", c.MaxAge, 0, MaxInterval)
		if f.TriggeredBy != "" {
			p.add(at+".triggeredBy", "%q is given with cyclicRead; a node that is read cyclically is not triggered, leave one of them out", f.TriggeredBy)
		}
	}
}

func (p *problems) deadband(at string, f *PublishedField) {
	d := f.Deadband
	if d == nil {
		return
	}
	if d.Type != DeadbandAbsolute && d.Type != DeadbandPercent {
		p.add(at+".type", "%q is unknown; use %s or %s", d.Type, DeadbandAbsolute, DeadbandPercent)
	}
	switch {
	case math.IsNaN(d.Value) || math.IsInf(d.Value, 0) || d.Value < 0:
		p.add(at+".value", "%v is out of range; use a number from 0", d.Value)
	case d.Type == DeadbandPercent && d.Value > 100:
		p.add(at+".value", "%v is more than 100 percent of the range; use 0 to 100", d.Value)
	}
	if f.Attribute != 0 && f.Attribute != AttributeValue {
		p.add(at, "is given for attribute %d; only values have deadbands, leave it out", f.Attribute)
	}
	if f.Trigger == TriggerStatus {
		p.add(at, "is given with trigger %s, which does not look at values; leave it out or choose another trigger", f.Trigger)
	}
}

// fields checks all fields of a writer, and what they say of each other.
func (p *problems) fields(w *DataSetWriter) {
	if len(w.Fields) > MaxWriterFields {
		p.add("fields", "%d fields are more than a writer can have, %d; use several writers", len(w.Fields), MaxWriterFields)
		return
	}
	index := make(map[string]int, len(w.Fields))
	for i := range w.Fields {
		f := &w.Fields[i]
		at := fmt.Sprintf("fields[%d]", i)
		p.field(at, f)
		if first, ok := index[f.Name]; ok && f.Name != "" {
			p.add(at+".name", "%q is the name of fields[%d], too; choose another", f.Name, first)
			continue
		}
		index[f.Name] = i
	}
	for i := range w.Fields {
		p.triggeredBy(w, i, index)
	}
}

// triggeredBy checks that a field's trigger exists and that following the triggers comes to an end.
func (p *problems) triggeredBy(w *DataSetWriter, i int, index map[string]int) {
	at := fmt.Sprintf("fields[%d].triggeredBy", i)
	name := w.Fields[i].TriggeredBy
	if name == "" {
		return
	}
	j, ok := index[name]
	if !ok {
		p.add(at, "%q is no field of the writer; name one that is", name)
		return
	}
	for range w.Fields {
		if j == i {
			p.add(at, "%q is triggered by field %q itself, directly or through others; break the circle", name, w.Fields[i].Name)
			return
		}
		next, ok := index[w.Fields[j].TriggeredBy]
		if w.Fields[j].TriggeredBy == "" || !ok {
			return
		}
		j = next
	}
}

// selections checks the selections of a writer.
func (p *problems) selections(w *DataSetWriter) {
	if len(w.Selections) > maxSelections {
		p.add("selections", "%d are more than a writer can have, %d; use several writers", len(w.Selections), maxSelections)
		return
	}
	for i := range w.Selections {
		p.selection(fmt.Sprintf("selections[%d]", i), &w.Selections[i], w)
	}
}

// Problems returns what is wrong with the selection by itself. The paths begin with prefix.
func (s *Selection) Problems(prefix string) []ConfigurationProblem {
	p := &problems{}
	p.selection(prefix, s, nil)
	return p.list
}

func (p *problems) selection(at string, s *Selection, w *DataSetWriter) {
	p.patterns(at+".include", s.Include)
	p.patterns(at+".exclude", s.Exclude)
	if s.MaxDepth < 0 || s.MaxDepth > 100 {
		p.add(at+".maxDepth", "%d is out of range; use 1 to 100, or leave it out for 20", s.MaxDepth)
	}
	if s.MaxNodes < 0 || s.MaxNodes > 1_000_000 {
		p.add(at+".maxNodes", "%d is out of range; use 1 to 1000000, or leave it out for 100000", s.MaxNodes)
	}
	p.interval(at+".rebrowse", s.Rebrowse, time.Second, 30*MaxInterval)
	if f := &s.Field; f.Name != "" || !f.NodeID.IsNull() || f.BrowsePath != "" {
		p.add(at+".field", "names a node; its name, nodeId and browsePath are those of what is found, leave them out")
	}
	p.fieldOptions(at+".field", &s.Field)
	if name := s.Field.TriggeredBy; name != "" && w != nil {
		for i := range w.Fields {
			if w.Fields[i].Name == name {
				return
			}
		}
		p.add(at+".field.triggeredBy", "%q is no field of the writer; name one that is", name)
	}
}

func (p *problems) patterns(at string, list []string) {
	if len(list) > maxPatterns {
		p.add(at, "%d patterns are too many; use at most %d", len(list), maxPatterns)
		return
	}
	for i, s := range list {
		if _, err := ParsePattern(s); err != nil {
			p.add(fmt.Sprintf("%s[%d]", at, i), "%v", err)
		}
	}
}
