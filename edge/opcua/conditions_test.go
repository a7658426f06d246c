package opcua

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// conditionFilter selects EventType, EventId, ConditionId, BranchId, Retain and Message.
func conditionFilter() *eventFilter {
	f := &eventFilter{fields: 6}
	for _, name := range []string{"EventType", "EventId", "", "BranchId", "Retain", "Message"} {
		f.selects = append(f.selects, systemOperand(name, conditionType))
	}
	f.settle()
	return f
}

// alarmEvent is an event of a condition; an empty id is one of a type alone.
func alarmEvent(eventType uint32, id, eventID string, retain bool) []model.Variant {
	typ, condition, branch := model.Expanded(model.NumericID(0, eventType)), plant(id), model.ExpandedNodeID{}
	e := []model.Variant{
		model.ExpandedNodeIDValue(&typ), model.ByteStringValue([]byte(eventID)), model.ExpandedNodeIDValue(&condition),
		model.ExpandedNodeIDValue(&branch), model.BooleanValue(retain), model.StringValue(eventID),
	}
	if id == "" {
		e[2] = model.Variant{}
	}
	return e
}

// kept is a state whose events are noted as "<EventId> <Retain>".
type kept struct {
	*conditions
	got []string
	ids []string
}

func keptConditions(update, snapshot time.Duration) *kept {
	k := &kept{conditions: newConditions(conditionFilter(), &model.ConditionSnapshots{UpdateInterval: update, SnapshotInterval: snapshot}, time.Unix(0, 0))}
	k.put = func(event []model.Variant) {
		k.got = append(k.got, fmt.Sprintf("%s %v", event[5].Text(), event[4].Bool()))
		k.ids = append(k.ids, string(event[1].Bytes()))
	}
	return k
}

func (k *kept) alarm(id, eventID string, retain bool) {
	k.take(alarmEvent(idConditionType, id, eventID, retain))
}

func (k *kept) want(t *testing.T, what string, want ...string) {
	t.Helper()
	if !slices.Equal(k.got, want) {
		t.Errorf("%s: handed over %q, want %q", what, k.got, want)
	}
	k.got = nil
}

func TestConditionState(t *testing.T) {
	k := keptConditions(10*time.Second, 30*time.Second)
	at := func(seconds int64) { k.send(time.Unix(seconds, 0), true) }
	k.alarm("A", "a1", true)
	k.alarm("B", "b1", true)
	k.alarm("A", "a2", true)
	k.alarm("C", "c1", false) // never was retained
	k.take(alarmEvent(idBaseEventType, "", "plain", false))
	k.want(t, "events", "a1 true", "b1 true", "a2 true", "c1 false", "plain false")
	at(9)
	k.want(t, "nothing is due")
	at(10)
	k.want(t, "what changed", "a2 true", "b1 true")
	at(20)
	k.want(t, "nothing changed")
	k.alarm("B", "b2", false)
	at(30)
	k.want(t, "the event, what is retained, and what else changed", "b2 false", "a2 true", "b2 false")
	at(60)
	k.want(t, "what is retained", "a2 true")
	if n, m := k.retained.Load(), len(k.state); n != 1 || m != 1 {
		t.Errorf("%d conditions are retained, %d known, want one", n, m)
	}
	k.alarm("A", "a3", false)
	k.send(time.Unix(70, 0), false)
	k.want(t, "nothing but the event while there is no connection", "a3 false")
	at(90)
	k.want(t, "what changed", "a3 false")
	if len(k.state) != 0 || k.bytes != 0 || k.retained.Load() != 0 {
		t.Errorf("%d conditions of %d bytes are left", len(k.state), k.bytes)
	}
}

// A refresh tells the state anew: what is known is not sent again, what was missed is, and what it does not tell has ended.
func TestConditionsRefreshed(t *testing.T) {
	k := keptConditions(0, 10*time.Second)
	for _, id := range []string{"A", "B", "C"} {
		k.alarm(id, id+"1", true)
	}
	k.got = nil
	k.lack(time.Unix(1, 0))
	k.send(time.Unix(10, 0), true)
	k.want(t, "no snapshot before the state is whole")
	k.take(alarmEvent(idRefreshStart, "", "start", false))
	k.alarm("A", "A1", true)
	k.alarm("B", "B2", true)
	k.alarm("D", "D1", true)
	k.want(t, "news of a refresh", "B2 true", "D1 true")
	k.take(alarmEvent(idRefreshEnd, "", "end", false))
	if len(k.got) != 1 || k.got[0] == "C1 true" || k.ids[len(k.ids)-1] == "C1" || len(k.ids[len(k.ids)-1]) != 16 || k.retained.Load() != 3 {
		t.Errorf("the end of C is %q with id %q, %d are retained", k.got, k.ids[len(k.ids)-1], k.retained.Load())
	}
	k.got = nil
	k.send(time.Unix(20, 0), true)
	k.want(t, "snapshot", "A1 true", "B2 true", "D1 true")
	k.alarm("A", "A1", true)
	k.want(t, "a live event is handed over whatever is known", "A1 true")

	k.take(alarmEvent(idRefreshStart, "", "start", false))
	if !k.take(alarmEvent(idEventQueueOverflow, "", "overflow", false)) {
		t.Error("events that were lost in a refresh ask for none")
	}
	k.take(alarmEvent(idRefreshEnd, "", "end", false))
	k.want(t, "a refresh with losses ends nothing", "overflow false")
	if !k.take(alarmEvent(idRefreshRequired, "", "required", false)) || k.retained.Load() != 3 {
		t.Errorf("%d conditions are retained, RefreshRequired asks for no refresh", k.retained.Load())
	}
	k.want(t, "RefreshRequired is no event of the plant")
}

// A refresh that does not end does not keep snapshots away for good.
func TestRefreshWithoutEnd(t *testing.T) {
	k := keptConditions(0, 10*time.Second)
	k.alarm("A", "A1", true)
	k.got = nil
	k.lack(time.Unix(1, 0))
	k.send(time.Unix(50, 0), true)
	k.want(t, "too early")
	k.send(time.Unix(62, 0), true)
	k.want(t, "after a minute", "A1 true")
}

// The number and the memory of conditions are bounded; events of those that are not kept are handed over and counted.
func TestConditionsAreBounded(t *testing.T) {
	k := keptConditions(0, 10*time.Second)
	for i := range maxConditions + 5 {
		k.alarm(fmt.Sprint("A", i), "x", true)
	}
	if len(k.got) != maxConditions+5 || len(k.state) != maxConditions || k.unkept.Load() != 5 || k.note() == "" {
		t.Errorf("%d handed over, %d kept, %d not: %q", len(k.got), len(k.state), k.unkept.Load(), k.note())
	}
	k = keptConditions(0, 10*time.Second)
	for i := range 10 {
		k.alarm(fmt.Sprint("A", i), string(make([]byte, 10<<20)), true)
	}
	if k.bytes > maxConditionBytes || len(k.got) != 10 || k.unkept.Load() == 0 {
		t.Errorf("%d bytes are kept, %d conditions are not", k.bytes, k.unkept.Load())
	}
}

// Conditions that were there before the writer are known by a refresh; snapshots repeat what is retained; after the server was away, what ended in the
// meantime is told.
func TestConditionSnapshots(t *testing.T) {
	server := eventServer(t)
	sets, store := publisher(t)
	source := run(t, config(server.Endpoint(), sets))
	connected(t, source)
	writeValue(t, source, "TankLevel", 99)
	w := eventWriter("alarms", model.EventSource{
		Select:     []model.SelectClause{{BrowsePath: []string{"Message"}}, {TypeDefinition: model.Expanded(model.NumericID(0, 2915)), BrowsePath: []string{"ActiveState", "Id"}, Name: "active"}},
		Conditions: &model.ConditionSnapshots{SnapshotInterval: 300 * time.Millisecond, RefreshOnStart: true},
	})
	source.Configure([]model.DataSetWriter{w})
	high := store.await(t, source, &w, "the alarm that was there", func(f fields) bool {
		return f["ConditionId"].ExpandedNodeID() == plant("TankAlarm") && f["Retain"].Bool() && f["active"].Bool()
	})
	for _, name := range []string{"EventId", "EventType", "ConditionId", "BranchId", "Retain"} {
		if f := store.field(&w, name); f.Name == "" || f.BuiltInType == model.TypeVariant {
			t.Errorf("%s is not among the fields with its type: %+v", name, f)
		}
	}
	count := func(eventID model.Variant) (n int) {
		for _, f := range store.of(&w) {
			if f["EventId"].Equal(eventID) {
				n++
			}
		}
		return n
	}
	eventually(t, eventWait, func() bool { return count(high["EventId"]) >= 3 }, func() string { return fmt.Sprintf("snapshots repeat it: %v", store.of(&w)) })
	eventually(t, eventWait, func() bool { return source.Writers()[0].Conditions == 1 }, func() string { return fmt.Sprintf("the condition is counted: %+v", source.Writers()) })
	writeValue(t, source, "TankLevel", 85)
	changed := store.await(t, source, &w, "the alarm in another state", func(f fields) bool { return f["active"].Bool() && !f["EventId"].Equal(high["EventId"]) })
	eventually(t, eventWait, func() bool { return count(changed["EventId"]) >= 3 }, func() string { return "snapshots have the new state" })

	server.Restart() // where the tank is at 50
	store.await(t, source, &w, "the end of the alarm", func(f fields) bool {
		return f["ConditionId"].ExpandedNodeID() == plant("TankAlarm") && !f["Retain"].Bool() && f.text("Message") != changed.text("Message")
	})
	eventually(t, eventWait, func() bool { return source.Writers()[0].Conditions == 0 && source.Writers()[0].Active > 0 }, func() string {
		return fmt.Sprintf("no condition is retained: %+v", source.Writers())
	})
	connected(t, source)
	writeValue(t, source, "TankLevel", 2)
	store.await(t, source, &w, "a new alarm after the restart", func(f fields) bool {
		return f["active"].Bool() && f["Retain"].Bool() && !f["EventId"].Equal(changed["EventId"])
	})
}

// A where clause does not keep away the events that tell where a refresh ends, without which snapshots wait.
func TestConditionsOfType(t *testing.T) {
	server := eventServer(t)
	sets, store := publisher(t)
	source := run(t, config(server.Endpoint(), sets))
	connected(t, source)
	writeValue(t, source, "TankLevel", 99)
	ofType := eventWriter("type", model.EventSource{
		TypeDefinition: model.Expanded(model.NumericID(0, 2915)), Conditions: &model.ConditionSnapshots{SnapshotInterval: 200 * time.Millisecond, RefreshOnStart: true},
	})
	severe := ofType
	severe.Name, severe.WriterID = "severe", ofType.WriterID+1
	severe.Events = &model.EventSource{
		Notifier: ofType.Events.Notifier, TypeDefinition: ofType.Events.TypeDefinition, Conditions: ofType.Events.Conditions, Where: []model.WhereElement{
			{Operator: "Not", Operands: []model.WhereOperand{{Element: new(uint32(1))}}},
			{Operator: "LessThan", Operands: []model.WhereOperand{{Attribute: &model.SelectClause{BrowsePath: []string{"Severity"}}}, {Value: json.RawMessage("1")}}},
		},
	}
	source.Configure([]model.DataSetWriter{ofType, severe})
	for _, w := range []*model.DataSetWriter{&ofType, &severe} {
		eventually(t, refreshWait/2, func() bool { return len(store.of(w)) >= 4 }, func() string { return fmt.Sprintf("snapshots of %s: %v, %+v", w.Name, store.of(w), source.Writers()) })
		for _, f := range store.of(w) {
			if f["ConditionId"].ExpandedNodeID() != plant("TankAlarm") {
				t.Errorf("%s has %v, which is no alarm", w.Name, f)
			}
		}
	}
}

// A filter of all fields has no more clauses than servers take, and what the state is read from is among them.
func TestSpareConditionFields(t *testing.T) {
	f := &eventFilter{selects: []attributeOperand{systemOperand("", conditionType)}}
	for _, name := range conditionFields {
		f.selects = append(f.selects, systemOperand(name, conditionType))
	}
	all := len(f.selects)
	if f.spare(all); len(f.selects) != all {
		t.Errorf("%d of %d clauses are left without need", len(f.selects), all)
	}
	if f.spare(maxConditionSelects); len(f.selects) > maxConditionSelects {
		t.Errorf("%d clauses, want at most %d", len(f.selects), maxConditionSelects)
	}
	for _, name := range spareFields {
		if !slices.Contains(conditionFields, name) {
			t.Errorf("%s is no field of conditions", name)
		}
		if strings.HasSuffix(name, "/Id") {
			t.Errorf("%s is what the state is read from", name)
		}
	}
}
