package opcua

import (
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// A gateway that takes an item of events over knows whether it has to apply the where clause itself: the server goes on sending what it was asked for.
func TestTakeOverLocalWhere(t *testing.T) {
	severity := systemOperand("Severity", baseEventType)
	for _, local := range []bool{false, true} {
		filter := conditionFilter()
		filter.where = []filterElement{{ua.FilterOperatorGreaterThan, []filterOperand{{attribute: &severity}, {literal: model.UInt16Value(500)}}}}
		want := wanted{
			key: subscriptionKey{interval: time.Second}, item: monitored{serverObject, itemSpec{events: filter}}, sink: &eventSink{filter: filter}, notifier: &notifier{},
		}
		first := newPublishing(publishingConfig{log: zerolog.Nop()})
		it := first.add([]wanted{want})[0]
		it.sub.id = 7
		if local {
			if !it.sub.filterHere(it, model.StatusBadMonitoredItemFilterUnsupported) || it.sub.filterHere(it, model.StatusBadMonitoredItemFilterUnsupported) {
				t.Fatal("the gateway is to apply the clause, once")
			}
		}
		it.sub.settle(it, 5, 0, "")
		body, err := first.record().encode()
		if err != nil {
			t.Fatal(err)
		}
		r, err := decodeRecord(body)
		if err != nil {
			t.Fatal(err)
		}
		second := newPublishing(publishingConfig{log: zerolog.Nop()})
		second.inherit(r, time.Now())
		want.notifier = &notifier{}
		again := second.add([]wanted{want})[0]
		if where := again.localWhere(); again.id != 5 || again.state != itemActive || (where != nil) != local || local && len(where.extra) != 1 {
			t.Errorf("taken over: item %d in state %d with where clause %+v, want one: %t", again.id, again.state, where, local)
		}
		// One that is to be made anew is asked for with its clause.
		again.sub.settle(again, 0, model.StatusBadNodeIdUnknown, "")
		if again.localWhere() != nil {
			t.Error("a refused item is not asked for with its where clause the next time")
		}
	}
}
