package graph

import (
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestGatewayOutputs(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.registry.gateways[0].Outputs = []model.OutputStatus{
		{Name: "plant", State: model.StateConnected, Since: testTime, Sent: 7, InFlight: 2, Reconnects: 1},
		{Name: "cloud", State: model.StateConnecting, Since: testTime, Error: "refused", Waiting: 9, Dropped: 3, Refused: 4, LastRefusal: "too large"},
	}
	p.ask(t, `{ gateway(id: "edge1") { outputs { name state since error waiting sent inFlight dropped refused lastRefusal reconnects } } }`).wantData(t,
		`{"gateway": {"outputs": [
		{"name": "plant", "state": "CONNECTED", "since": "2026-01-02T03:04:05Z", "error": null, "waiting": "0", "sent": "7", "inFlight": 2, "dropped": "0", "refused": "0",
			"lastRefusal": null, "reconnects": "1"},
		{"name": "cloud", "state": "CONNECTING", "since": "2026-01-02T03:04:05Z", "error": "refused", "waiting": "9", "sent": "0", "inFlight": 0, "dropped": "3", "refused": "4",
			"lastRefusal": "too large", "reconnects": "0"}]}}`)
}
