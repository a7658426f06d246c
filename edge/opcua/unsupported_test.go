package opcua

import (
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// What of a writer a Source does not do is told, and not left out silently.
func TestUnsupportedIsTold(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	values := dataSetWriter("values", time.Second, "V0")
	events := dataSetWriter("events", time.Second)
	events.Events = &model.EventSource{Notifier: model.ExpandedNodeID{NodeID: model.NumericID(0, 2253)}}
	source := run(t, config(s.Endpoint(), &recorder{}), values, events)
	eventually(t, 15*time.Second, func() bool {
		w := source.Writers()
		return len(w) == 2 && strings.Contains(w[0].Error, "events") && w[1].Active == 1
	}, func() string { return "the writer of events tells that it does not run, the other one runs" })
}
