package model

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	ctx, gateway := WithTally(context.Background())
	if gateway.String() != "-" {
		t.Errorf("of nothing: %q", gateway)
	}
	TallyOf(ctx).Add("Read", 1000)
	TallyOf(ctx).Add("Read", 500)
	TallyOf(ctx).Add("GetEndpoints", 0)
	text := gateway.String()
	if text != "GetEndpoints 1 0, Read 2 1500" {
		t.Errorf("text %q", text)
	}
	_, core := WithTally(context.Background())
	core.AddTold(text)
	core.AddTold("Read 1 7")
	core.AddTold("-")
	core.AddTold("") // a gateway of before
	if c := core.Counts(); c["Read"] != (ServiceCount{3, 1507}) || c["GetEndpoints"] != (ServiceCount{1, 0}) || len(c) != 2 {
		t.Errorf("counts %v", c)
	}
	if asked, silent := core.Commands(); asked != 4 || silent != 1 {
		t.Errorf("%d commands, %d silent", asked, silent)
	}
	var none *Tally
	none.Add("Read", 1)
	none.AddTold(text)
	if TallyOf(context.Background()) != nil || none.Counts() != nil {
		t.Error("a Tally out of nothing")
	}
}

// What another process sends cannot make a Tally large or wrong.
func TestTallyHostile(t *testing.T) {
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("S%s 1 1", strings.Repeat("x", i+1)))
	}
	for _, text := range []string{
		"Read", "Read 1", "Read 1 2 3", "Read -1 2", "Read 1 99999999999", "Re;ad 1 1", " 1 1", "Read 1 1,Read 1 1", strings.Repeat("a", 49) + " 1 1",
		strings.Join(many, ", "),
	} {
		_, tally := WithTally(context.Background())
		tally.AddTold(text)
		if _, silent := tally.Commands(); silent != 1 || len(tally.Counts()) != 0 {
			t.Errorf("%q is taken as %v", text, tally.Counts())
		}
	}
	_, tally := WithTally(context.Background())
	for i := range 200 {
		tally.AddTold(fmt.Sprintf("S%s 1 2", strings.Repeat("x", i%40)+strings.Repeat("y", i/40)))
	}
	var requests uint64
	for _, c := range tally.Counts() {
		requests += c.Requests
	}
	if n := len(tally.Counts()); n > maxTallyServices+1 || requests != 200 {
		t.Errorf("%d services with %d requests", n, requests)
	}
}
