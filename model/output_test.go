package model

import (
	"strings"
	"testing"
	"time"
)

func TestOutputValidate(t *testing.T) {
	f := func(o Output, parts ...string) {
		t.Helper()
		err := o.Validate()
		if len(parts) == 0 && err != nil {
			t.Errorf("%+v: %v", o, err)
		}
		for _, p := range parts {
			if err == nil || !strings.Contains(err.Error(), p) {
				t.Errorf("%+v: error %v does not say %q", o, err, p)
			}
		}
	}
	f(Output{Broker: "b"})
	f(Output{
		Broker: "b", Encoding: OutputJSONGzip, Mode: OutputSingleRawDataSet, Routing: RouteBrowsePath, QoS: 2, TTL: time.Hour,
		BatchSize: 50, BatchInterval: 10 * time.Second,
	})
	f(Output{Broker: "b", Encoding: OutputUADP, Mode: OutputPubSub})
	f(Output{}, "broker", "configuration file")
	f(Output{Broker: "b", Encoding: "Avro"}, "encoding", "Avro", "Uadp")
	f(Output{Broker: "b", Mode: "Samples"}, "mode", "Samples", "PubSub")
	f(Output{Broker: "b", Routing: "x"}, "routing", "x", "UseBrowseNames")
	f(Output{Broker: "b", Routing: RouteBrowsePathNamespace}, "routing", "UseBrowseNames")
	f(Output{Broker: "b", Encoding: OutputUADP, Mode: OutputRawDataSets}, "mode", "Json")
	f(Output{Broker: "b", Encoding: OutputUADP, Routing: RouteBrowsePath}, "routing", "Json")
	f(Output{Broker: "b", QoS: 3}, "qos", "3")
	f(Output{Broker: "b", TTL: -1}, "ttl")
	f(Output{Broker: "b", BatchSize: -1}, "batchSize", "-1")
	f(Output{Broker: "b", BatchInterval: 2 * time.Hour}, "batchInterval", "2h")
}
