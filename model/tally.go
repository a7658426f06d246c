package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// ServiceCount is how often a service (Part 4) was asked of servers, with how many operations in all of its requests: 500 values in one Read are 1 and 500.
type ServiceCount struct {
	Requests uint64 `json:"requests"`
	Items    uint64 `json:"items"`
}

// Limits of the text form of a Tally, which comes from another process.
const (
	maxTallyServices = 64
	maxServiceName   = 48
)

// Tally counts the requests that were sent to servers for one piece of work, by service. It travels in a context from the one who wants to know to the one who sends.
// It is safe for concurrent use, and a nil Tally counts nothing.
type Tally struct {
	mu     sync.Mutex
	counts map[string]ServiceCount
	asked  int // commands to gateways
	silent int // those of them whose gateway did not tell what it sent
}

type tallyKey struct{}

// WithTally gives ctx a Tally of its own.
func WithTally(ctx context.Context) (context.Context, *Tally) {
	t := &Tally{}
	return context.WithValue(ctx, tallyKey{}, t), t
}

// TallyOf is the Tally of ctx, nil for none.
func TallyOf(ctx context.Context) *Tally {
	t, _ := ctx.Value(tallyKey{}).(*Tally)
	return t
}

// Add counts one request with its operations.
func (t *Tally) Add(service string, items int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(service, ServiceCount{Requests: 1, Items: uint64(max(items, 0))})
}

func (t *Tally) add(service string, n ServiceCount) {
	if t.counts == nil {
		t.counts = map[string]ServiceCount{}
	}
	c, known := t.counts[service]
	if !known && len(t.counts) >= maxTallyServices {
		service = "Other"
		c = t.counts[service]
	}
	t.counts[service] = ServiceCount{c.Requests + n.Requests, c.Items + n.Items}
}

// String is the form in which a gateway tells its Tally: "Browse 1 3, Read 2 1500", service, requests and operations; "-" for none.
func (t *Tally) String() string {
	counts := t.Counts()
	if len(counts) == 0 {
		return "-"
	}
	var b strings.Builder
	for _, service := range slices.Sorted(maps.Keys(counts)) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %d %d", service, counts[service].Requests, counts[service].Items)
	}
	return b.String()
}

// AddTold counts one command to a gateway with what the gateway tells of it, in the form of String. A gateway of an earlier version tells nothing.
func (t *Tally) AddTold(text string) {
	if t == nil {
		return
	}
	counts, ok := parseTally(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	if !ok {
		t.silent++
	}
	for service, n := range counts {
		t.add(service, n)
	}
}

func parseTally(text string) (map[string]ServiceCount, bool) {
	if text == "-" {
		return nil, true
	}
	parts := strings.Split(text, ", ")
	if text == "" || len(parts) > maxTallyServices {
		return nil, false
	}
	counts := make(map[string]ServiceCount, len(parts))
	for _, p := range parts {
		words := strings.Split(p, " ")
		if len(words) != 3 || !isServiceName(words[0]) {
			return nil, false
		}
		requests, err1 := strconv.ParseUint(words[1], 10, 32)
		items, err2 := strconv.ParseUint(words[2], 10, 32)
		if err1 != nil || err2 != nil {
			return nil, false
		}
		counts[words[0]] = ServiceCount{requests, items}
	}
	return counts, true
}

func isServiceName(s string) bool {
	letter := func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }
	return s != "" && len(s) <= maxServiceName && strings.IndexFunc(s, func(r rune) bool { return !letter(r) }) < 0
}

// Counts is what was sent so far, by service.
func (t *Tally) Counts() map[string]ServiceCount {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// Commands is how many commands went to gateways, and how many of them went to one that does not tell what it sends.
func (t *Tally) Commands() (asked, silent int) {
	if t == nil {
		return 0, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked, t.silent
}
