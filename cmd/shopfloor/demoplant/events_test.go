package demoplant

import (
	"strings"
	"testing"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// monitorEvents asks for the events of a node; where is the type to ask for, nil for all.
func monitorEvents(t *testing.T, sub *opcuatest.Subscription, notifier *ua.NodeID, where *ua.NodeID, fields ...string) *ua.MonitoredItemCreateResult {
	t.Helper()
	filter := &ua.EventFilter{WhereClause: &ua.ContentFilter{}}
	for _, name := range fields {
		filter.SelectClauses = append(filter.SelectClauses, &ua.SimpleAttributeOperand{
			TypeDefinitionID: ua.NewNumericNodeID(0, id.BaseEventType), BrowsePath: []*ua.QualifiedName{{Name: name}}, AttributeID: ua.AttributeIDValue,
		})
	}
	if where != nil {
		operand := ua.NewExtensionObject(&ua.LiteralOperand{Value: ua.MustVariant(where)})
		filter.WhereClause.Elements = []*ua.ContentFilterElement{{FilterOperator: ua.FilterOperatorOfType, FilterOperands: []*ua.ExtensionObject{operand}}}
	}
	return sub.Monitor(t, &ua.MonitoredItemCreateRequest{
		ItemToMonitor:  &ua.ReadValueID{NodeID: notifier, AttributeID: ua.AttributeIDEventNotifier, DataEncoding: &ua.QualifiedName{}},
		MonitoringMode: ua.MonitoringModeReporting,
		RequestedParameters: &ua.MonitoringParameters{
			ClientHandle: 7, QueueSize: 10, DiscardOldest: true, Filter: ua.NewExtensionObject(filter),
		},
	})[0]
}

// TestEvents: the packaging line tells when a batch begins.
func TestEvents(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	server := ua.NewNumericNodeID(0, id.Server)
	if v := read(t, c, server, ua.AttributeIDEventNotifier).Value.Value(); v != byte(1) {
		t.Errorf("EventNotifier of the server is %v", v)
	}
	sub := opcuatest.Subscribe(t, c, 100*time.Millisecond)
	fields := []string{"EventId", "EventType", "SourceName", "Time", "Message", "Severity", "NoSuchField"}
	base, other := ua.NewNumericNodeID(0, id.BaseEventType), ua.NewNumericNodeID(0, id.AlarmConditionType)
	for _, f := range []struct {
		notifier, where *ua.NodeID
		fields          []string
		want            ua.StatusCode
	}{
		{server, base, fields, ua.StatusOK},
		{server, other, fields[:1], ua.StatusOK},
		{node("Plant"), nil, fields, ua.StatusBadAttributeIDInvalid},
		{server, nil, nil, ua.StatusBadEventFilterInvalid},
	} {
		if r := monitorEvents(t, sub, f.notifier, f.where, f.fields...); r.StatusCode != f.want {
			t.Errorf("events of %s: %v, want %v", f.notifier, r.StatusCode, f.want)
		}
	}
	call := &ua.CallMethodRequest{ObjectID: node("PackagingLine1"), MethodID: node("PackagingLine1.StartBatch"), InputArguments: []*ua.Variant{ua.MustVariant("Test"), ua.MustVariant(uint32(5))}}
	timeout := time.After(30 * time.Second)
	for {
		// A line that has a fault takes no batch.
		if _, err := c.Call(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-sub.Notifications():
			list, ok := n.(*ua.EventNotificationList)
			if !ok {
				continue
			}
			for _, e := range list.Events {
				f := e.EventFields
				if e.ClientHandle != 7 || len(f) != len(fields) || f[6].Value() != nil {
					t.Fatalf("event %+v", e)
				}
				if strings.HasSuffix(f[4].LocalizedText().Text, "of Test has begun") {
					if len(f[0].ByteString()) != 16 || f[1].NodeID().IntID() != id.BaseEventType || f[2].String() != "PackagingLine1" || f[5].Value() != uint16(100) ||
						time.Since(f[3].Time()) > time.Minute {
						t.Errorf("event %v", f)
					}
					return
				}
			}
		case <-timeout:
			t.Fatal("no event of the batch")
		}
	}
}
