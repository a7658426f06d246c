package opcua

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// modelLog keeps what a ModelMonitor delivers.
type modelLog struct {
	mu   sync.Mutex
	list []model.ModelChanges
}

func (l *modelLog) deliver(c model.ModelChanges) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, c)
}

func (l *modelLog) await(t *testing.T, what string, is func(model.ModelChanges) bool) (found model.ModelChanges) {
	t.Helper()
	eventually(t, eventWait, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		i := slices.IndexFunc(l.list, is)
		if i >= 0 {
			found = l.list[i]
		}
		return i >= 0
	}, func() string {
		l.mu.Lock()
		defer l.mu.Unlock()
		return fmt.Sprintf("%s is among %+v", what, l.list)
	})
	return found
}

func monitorModel(t *testing.T, source *Source, rebrowse time.Duration) *modelLog {
	t.Helper()
	l := &modelLog{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := source.MonitorModel(ctx, model.ModelMonitorRequest{Rebrowse: rebrowse}, l.deliver); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return l
}

func affects(node string, verb model.ModelChangeVerb) func(model.ModelChanges) bool {
	return func(d model.ModelChanges) bool {
		return slices.ContainsFunc(d.Changes, func(c model.ModelChange) bool { return c.Affected == plant(node) && c.Verb&verb != 0 })
	}
}

// Whoever monitors the model sees what the server tells, with browsing also what it does not tell, and is told when the server is away.
func TestMonitorModel(t *testing.T) { testMonitorModel(t, eventServer(t)) }

func testMonitorModel(t *testing.T, server *opcuatest.Server) {
	source := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, source)
	browsing, told := monitorModel(t, source, 0), monitorModel(t, source, -1)
	for _, l := range []*modelLog{browsing, told} {
		l.await(t, "the beginning", func(d model.ModelChanges) bool { return d.Status == 0 && d.Told && len(d.Changes) == 0 })
	}
	invoke(t, source, "AddMachine", "press-9")
	told.await(t, "the machine", affects("press-9", model.ModelNodeAdded))
	browsing.await(t, "the machine", affects("press-9", model.ModelNodeAdded))
	speed := browsing.await(t, "its variable", affects("press-9.Speed", model.ModelNodeAdded))
	i := slices.IndexFunc(speed.Changes, func(c model.ModelChange) bool { return c.Affected == plant("press-9.Speed") })
	if c := speed.Changes[i]; c.NodeClass == model.NodeClassVariable && c.Path != "Objects/Plant/Machines/press-9/Speed" {
		t.Errorf("change %+v", c)
	}
	server.Restart()
	away := func(d model.ModelChanges) bool {
		return d.Sequence > 1 && d.Status == model.StatusBadServerNotConnected && d.Message != ""
	}
	for _, l := range []*modelLog{browsing, told} {
		down := l.await(t, "that the server is away", away).Sequence
		back := l.await(t, "that it is back", func(d model.ModelChanges) bool { return d.Sequence > down && d.Status == 0 })
		if l == told && !back.Reload {
			t.Errorf("who has nothing browsed is not told to look again: %+v", back)
		}
	}
	browsing.await(t, "that the machine is gone", affects("press-9", model.ModelNodeDeleted))
	for _, l := range []*modelLog{browsing, told} {
		l.mu.Lock()
		for i, d := range l.list {
			if d.Sequence != uint64(i+1) {
				t.Errorf("delivery %d is number %d", i+1, d.Sequence)
			}
		}
		l.mu.Unlock()
	}
}

// changeBody is a ModelChangeStructureDataType of node ns=1;i=<node> without a type, or without a verb a SemanticChangeStructureDataType.
func changeBody(node byte, verb ...byte) []byte {
	return append([]byte{1, 1, node, 0, 0, 0}, verb...)
}

// A SemanticChangeEvent goes to all; an event that does not say what changed has those look again that have nothing browsed.
func TestSemanticChanges(t *testing.T) {
	source, err := New(config("opc.tcp://127.0.0.1:1", &recorder{}), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	source.publishing.namespaces.Store(&model.NamespaceTable{"", "urn:a"})
	browsing, told := &modelMonitor{wake: make(chan struct{}, 1), every: time.Hour}, &modelMonitor{wake: make(chan struct{}, 1), every: -1}
	for _, m := range []*modelMonitor{browsing, told} {
		source.monitors.add(m)
		defer source.monitors.remove(m)
		m.stands(true, 0, "")
		m.pop()
	}
	null := model.Variant{}
	typ := func(id uint32) model.Variant {
		n := model.Expanded(model.NumericID(0, id))
		return model.ExpandedNodeIDValue(&n)
	}
	list := func(id uint32, body []byte) model.Variant {
		return model.ArrayValue([]model.ExtensionObject{{TypeID: model.Expanded(model.NumericID(0, id)), Encoding: model.ExtensionBinary, Body: body}})
	}
	source.model.take([]model.Variant{typ(idSemanticChangeEvent), null, list(idSemanticChangeStructure, changeBody(7))})
	want := model.ModelChange{Affected: model.ExpandedNodeID{NodeID: model.NumericID(0, 7), NamespaceURI: "urn:a"}, Verb: model.ModelSemanticChanged}
	for _, m := range []*modelMonitor{browsing, told} {
		d, ok := m.pop()
		if !ok || d.Reload || len(d.Changes) != 1 || d.Changes[0].Affected != want.Affected || d.Changes[0].Verb != want.Verb {
			t.Errorf("delivery %+v", d)
		}
	}
	if !source.monitors.feed.next(time.Now()).After(time.Now().Add(-time.Hour)) || !source.monitors.feed.at.at.IsZero() {
		t.Error("the address space is browsed although only the meaning of a value changed")
	}
	source.model.take([]model.Variant{typ(idBaseModelChangeEvent), null, null})
	if d, ok := told.pop(); !ok || !d.Reload {
		t.Errorf("delivery %+v", d)
	}
	if _, ok := browsing.pop(); ok || source.monitors.feed.at.at.IsZero() {
		t.Error("the address space is not browsed after an event without details")
	}
	source.model.take([]model.Variant{typ(idGeneralModelChangeEvent), list(idModelChangeStructure, changeBody(8, verbNodeDeleted)), null})
	if d, ok := told.pop(); !ok || d.Reload || d.Changes[0].Verb != model.ModelNodeDeleted {
		t.Errorf("delivery %+v", d)
	}
}

// Who is too slow is told to look again.
func TestModelMonitorIsBounded(t *testing.T) {
	m := &modelMonitor{wake: make(chan struct{}, 1), every: -1}
	m.stands(true, 0, "")
	m.pop()
	m.tell(make([]model.ModelChange, maxPending+1), false)
	total, reload := 0, false
	for d, ok := m.pop(); ok; d, ok = m.pop() {
		if len(d.Changes) > maxChangesDelivered {
			t.Fatalf("%d changes in one delivery", len(d.Changes))
		}
		total, reload = total+len(d.Changes), reload || d.Reload
	}
	if total != maxPending || !reload {
		t.Errorf("%d changes, reload %v", total, reload)
	}
}
