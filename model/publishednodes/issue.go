package publishednodes

import (
	"fmt"
	"strings"
)

// maxIssues bounds the issues that are kept; the rest is counted.
const maxIssues = 10_000

// Severity tells what became of the thing that an Issue is about.
type Severity uint8

// The severities.
const (
	// Info: it is taken, and works differently from OPC Publisher or has no effect here.
	Info Severity = iota
	// Warning: it is taken without what the issue names, or with another value.
	Warning
	// Error: the node is not taken; without a node, the whole entry is not.
	Error
)

// String prints the name in lower case.
func (s Severity) String() string { return [...]string{"info", "warning", "error"}[s] }

// Issue is one thing in a file, or in what is to be written to one, that somebody should know of.
type Issue struct {
	// Entry is the index of the entry in the file, from 0; -1 for what concerns all of it.
	Entry int
	// Node is the index in OpcNodes; -1 for the entry itself.
	Node int
	// Line is where it stands in the file, from 1; 0 when it stands in none.
	Line     int
	Property string
	// Value is what is written there, shortened; passwords are never shown.
	Value    string
	Problem  string
	Remedy   string
	Severity Severity
}

// String prints "error: entry 3, node 7 (line 41): OpcSamplingInterval "fast": is no number; write …".
func (i Issue) String() string {
	var b strings.Builder
	b.WriteString(i.Severity.String() + ": ")
	if i.Entry >= 0 {
		fmt.Fprintf(&b, "entry %d", i.Entry)
		if i.Node >= 0 {
			fmt.Fprintf(&b, ", node %d", i.Node)
		}
		if i.Line > 0 {
			fmt.Fprintf(&b, " (line %d)", i.Line)
		}
		b.WriteString(": ")
	}
	if i.Property != "" {
		b.WriteString(i.Property)
		if i.Value != "" {
			b.WriteString(" " + i.Value)
		}
		b.WriteString(": ")
	}
	b.WriteString(i.Problem)
	if i.Remedy != "" {
		b.WriteString("; " + i.Remedy)
	}
	return b.String()
}

// Issues collects issues.
type Issues struct {
	// List has the first 10,000.
	List []Issue
	// Errors, Warnings and Infos count all.
	Errors, Warnings, Infos int
}

func (l *Issues) add(i Issue) {
	switch i.Severity {
	case Error:
		l.Errors++
	case Warning:
		l.Warnings++
	default:
		l.Infos++
	}
	if len(l.List) < maxIssues {
		l.List = append(l.List, i)
	}
}

// Dropped is how many are not in the list.
func (l *Issues) Dropped() int { return l.Errors + l.Warnings + l.Infos - len(l.List) }

// complaint is what is wrong with a value; who read it adds where it stood.
type complaint struct {
	severity        Severity
	problem, remedy string
}

func wrong(problem, remedy string) *complaint { return &complaint{Error, problem, remedy} }
func warn(problem, remedy string) *complaint  { return &complaint{Warning, problem, remedy} }
func note(problem, remedy string) *complaint  { return &complaint{Info, problem, remedy} }

// place is where in a file issues are found.
type place struct {
	issues      *Issues
	entry, node int
	here        value  // the entry or the node, for its line
	prefix      string // "TriggeredNodes[2]." within a node
	failed      bool   // an Error was reported here or within
	parent      *place
}

// within is a place in an object of this one.
func (p *place) within(prefix string) *place {
	q := *p
	q.prefix, q.parent, q.failed = p.prefix+prefix, p, false
	return &q
}

// isObject reports a value that is no object.
func (p *place) isObject(v value) bool {
	if v.kind() == '{' {
		return true
	}
	p.report("", &v, wrong("is no object", "write it in curly brackets"))
	return false
}

// isSecret tells whether the value of a property, or of what may be meant for one, is not shown.
func isSecret(property string) bool {
	property = strings.ToLower(property)
	for _, part := range []string{"pass", "pwd", "secret", "encrypted", "credential", "configuration"} {
		if strings.Contains(property, part) {
			return true
		}
	}
	return false
}

// report adds an issue about a property, whose value is v if it has one.
func (p *place) report(property string, v *value, c *complaint) {
	i := Issue{Entry: p.entry, Node: p.node, Property: p.prefix + property, Problem: c.problem, Remedy: c.remedy, Severity: c.severity}
	if isSet(p.here) {
		i.Line, _ = p.here.doc.position(p.here.from)
	}
	if v != nil {
		i.Line, _ = v.doc.position(v.from)
		if !isSecret(property) {
			i.Value = shown(*v)
		}
	}
	if c.severity == Error {
		for at := p; at != nil; at = at.parent {
			at.failed = true
		}
	}
	p.issues.add(i)
}

// shown is a value as an issue shows it.
func shown(v value) string {
	raw := string(v.raw())
	if v.kind() == '{' || v.kind() == '[' {
		raw = strings.Join(strings.Fields(raw), " ")
	}
	const most = 80
	if len(raw) > most {
		raw = strings.ToValidUTF8(raw[:most], "") + "…"
	}
	return raw
}
