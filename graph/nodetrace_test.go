package graph

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const traceQuery = `subscription { nodeTrace(server: "press", nodeId: "nsu=urn:plant;i=1", seconds: 30) { sequence dropped lost ended
	events { value { value status { name } } overflow omitted subscription sequenceNumber writer field fate } } }`

func TestNodeTrace(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in := make(chan model.TraceEvents, 2)
	p.commands.TraceFunc = func(r model.TraceRequest) (<-chan model.TraceEvents, error) {
		if r.NodeID != tag(1) || r.Duration != 30*time.Second {
			return nil, fmt.Errorf("asked for %+v", r)
		}
		return in, nil
	}
	c := connect(t, p)
	c.subscribe("1", traceQuery)
	key := model.WriterKey{Gateway: "edge1", Group: "press", Writer: "a/b"}
	in <- model.TraceEvents{Sequence: 1, Dropped: 2, Lost: 3, Events: []model.TraceEvent{
		{Value: model.DataValue{Value: model.DoubleValue(2.5), Status: 0x480}, Subscription: 4_000_000_000, Number: 9, Writer: key, Field: "Speed", Fate: model.FateRepeated},
		{Omitted: "Double[70000]", Writer: key, Field: "Curve", Fate: model.FatePublished},
	}}
	c.want("next", `{"data":{"nodeTrace":{"sequence":"1","dropped":"2","lost":"3","ended":false,"events":[`+
		`{"value":{"value":2.5,"status":{"name":"Good"}},"overflow":true,"omitted":null,"subscription":"4000000000","sequenceNumber":"9","writer":"edge1/press/a%2Fb","field":"Speed","fate":"REPEATED"},`+
		`{"value":{"value":null,"status":{"name":"Good"}},"overflow":false,"omitted":"Double[70000]","subscription":null,"sequenceNumber":null,"writer":"edge1/press/a%2Fb","field":"Curve","fate":"PUBLISHED"}]}}}`)
	in <- model.TraceEvents{Sequence: 2, Ended: true}
	c.want("next", `{"data":{"nodeTrace":{"sequence":"2","dropped":"0","lost":"0","ended":true,"events":[]}}}`)
	c.want("complete", "")
}

func TestNodeTraceErrors(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	gone := make(chan model.TraceEvents)
	close(gone)
	p.commands.TraceFunc = func(model.TraceRequest) (<-chan model.TraceEvents, error) { return gone, nil }
	c := connect(t, p)
	c.subscribe("1", traceQuery)
	c.want("next", `{"errors":[{"message":"server \"press\" went away; trace again: unavailable","extensions":{"code":"UNAVAILABLE","remedy":"`+errorRemedy(ErrUnavailable, "UNAVAILABLE")+`"}}],"data":null}`)
	c.want("complete", "")
	p.commands.TraceFunc = func(model.TraceRequest) (<-chan model.TraceEvents, error) {
		return nil, fmt.Errorf("%w: node i=1 is not published: publish it", ErrInvalid)
	}
	for i, seconds := range []int{0, 3601, 30} {
		c.subscribe(fmt.Sprint(i+2), fmt.Sprintf(`subscription { nodeTrace(server: "press", nodeId: "i=1", seconds: %d) { sequence } }`, seconds))
		if f := c.next(); !strings.Contains(string(f.Payload), `"code":"BAD_USER_INPUT"`) {
			t.Errorf("%d s: %s %s", seconds, f.Type, f.Payload)
		}
		c.want("complete", "")
	}
}
