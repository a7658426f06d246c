package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// Events of a type that asyncua's server defines have their own fields.
func TestInteropOwnEvents(t *testing.T) {
	peer := opcuatest.StartAsyncua(t, opcuatest.Options{Vars: 1})
	p := startProcess(t, "--server-types")
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	p.awaitAnswer("the server's type of events is a possible one", `{ __type(name: "ShopfloorPlant_MixerTripEvent") { possibleTypes { name } interfaces { name } } }`, `ShopfloorPlant_MixerTripEvent_Object`)
	live := subscribe(t, p, `subscription { serverEvents(server: "plant", publishingInterval: "100ms", filter: {typeNames: ["ShopfloorPlant_MixerTripEvent"]}) { status { name } message events {
		__typename message { text } severity ... on ShopfloorPlant_MixerTripEvent { tripReason temperature } } } }`)
	waitFor(t, 30*time.Second, "the trip", func() error {
		p.MustQuery(nil, `mutation { call(input: [{server: "plant", objectId: "`+plantNodes+`Plant", methodId: "`+plantNodes+`TripMixer", inputArguments: [3, 118.5]}]) { status { name } } }`, nil)
		const want = `{"__typename":"ShopfloorPlant_MixerTripEvent_Object","message":{"text":"mixer tripped"},"severity":700,"tripReason":3,"temperature":118.5}`
		if got := live.all(); !strings.Contains(got, want) {
			return fmt.Errorf("got %s, want %s", got, want)
		}
		return nil
	})
}
