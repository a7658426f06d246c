package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// tracesNode traces a published node over Server-Sent Events to the end, and one that is not published.
func tracesNode(t *testing.T, p plant) {
	const query = `subscription($node: NodeId!) { nodeTrace(server: "plant", nodeId: $node, seconds: 2) { sequence lost dropped ended
		events { arrived value { value sourceTimestamp } subscription sequenceNumber writer field fate } } }`
	type event struct {
		Arrived time.Time
		Value   struct {
			Value           float64
			SourceTimestamp time.Time
		}
		Subscription, SequenceNumber *string
		Writer, Field, Fate          string
	}
	type delivery struct {
		Data struct {
			NodeTrace *struct {
				Sequence, Lost, Dropped string
				Ended                   bool
				Events                  []event
			}
		}
		Errors []struct{ Message string }
	}
	var events []event
	ended := false
	p.stream(t, query, map[string]any{"node": plantNodes + "V0"}, func(data []byte) bool {
		var d delivery
		if err := json.Unmarshal(data, &d); err != nil || d.Data.NodeTrace == nil {
			t.Fatalf("%s: %v", data, err)
		}
		events = append(events, d.Data.NodeTrace.Events...)
		ended = d.Data.NodeTrace.Ended
		return !ended
	})
	if !ended || len(events) < 3 {
		t.Fatalf("%d events, ended %t", len(events), ended)
	}
	for i, e := range events {
		if e.Fate != "PUBLISHED" || e.Field != "V0" || e.Subscription == nil || e.SequenceNumber == nil || e.Value.SourceTimestamp.IsZero() ||
			i > 0 && e.Value.Value != events[i-1].Value.Value+1 {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	p.stream(t, query, map[string]any{"node": plantNodes + "Scalar_Double"}, func(data []byte) bool {
		if !strings.Contains(string(data), "is not published from server") || !strings.Contains(string(data), "BAD_USER_INPUT") {
			t.Errorf("a node that is not published: %s", data)
		}
		return false
	})
}

// stream reads a subscription over Server-Sent Events for as long as see wants more, 60 s at most.
func (p plant) stream(t *testing.T, query string, variables map[string]any, see func(data []byte) bool) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && strings.TrimSpace(data) != "" && !see([]byte(data)) {
			return
		}
	}
}
