package graph

import (
	"slices"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/nodeset"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

func plantNode(id uint32) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.NumericID(0, id), NamespaceURI: acmePlant}
}

func eventFieldOf(name string, v model.Variant) model.EventField {
	return model.EventField{Name: name, Value: model.DataValue{Value: v}}
}

// jamEvents are an event of each of the plant's own types, the newest first, with names of fields as several writers have them.
func jamEvents() []model.Event {
	text := model.LocalizedTextValue(&model.LocalizedText{Text: "Engaged"})
	circle := model.ExpandedNodeID{NodeID: model.NumericID(0, 4), NamespaceURI: acmePlant}
	shapes := model.ArrayValue([]model.ExtensionObject{{TypeID: circle, Encoding: model.ExtensionJSON, Body: []byte(`{"Name":"ring","Radius":2.5}`)}})
	trip := model.Event{ID: "trip", At: 9, Server: "press", EventType: plantNode(230), Fields: []model.EventField{
		eventFieldOf("ConditionName", model.StringValue("Jam")), eventFieldOf("Mode", model.Int32Value(2)), eventFieldOf("nsu=urn:acme:base;Mode", model.StringValue("by hand")),
		eventFieldOf("Clutch", text), eventFieldOf("Clutch/Id", model.BooleanValue(true)), eventFieldOf("2:Torque", model.DoubleValue(7.5)), eventFieldOf("Torque/Sensor", model.StringValue("T1")),
		eventFieldOf("Torque/EURange", standardStructure(884, `{"Low":0,"High":200}`)), eventFieldOf("Place/Row", model.UInt32Value(4_000_000_000)),
		eventFieldOf("nsu="+acmePlant+";Server", model.StringValue("rack 3")), eventFieldOf("Shapes", shapes),
	}}
	alarm := model.Event{ID: "alarm", At: 8, Server: "press", EventType: plantNode(210), Fields: []model.EventField{eventFieldOf("Mode", model.Int32Value(17))}}
	jam := model.Event{ID: "jam", At: 7, Server: "press", EventType: plantNode(200), Fields: []model.EventField{eventFieldOf("Faults", model.UInt16Value(9))}}
	return []model.Event{trip, alarm, jam}
}

const jamFragments = `__typename ... on TripAlarmEvent { normalState } ... on ConditionEvent { conditionName } ...alarm ... on Plant_JamEvent { faults } ... on Plant_JamTripAlarmEvent_Object { mode_Acme }
	... on TripAlarmType { id }`

const jamFragment = `fragment alarm on Plant_JamAlarmEvent { mode clutch { text { text } id } torque { value sensor eURange { Low High } definition } place { row } server_Plant shapes { __typename Name ... on Plant_Circle { Radius } } }`

// An event of a type of the plant is an object of that, with its own fields as the types that they have, where the query has fragments for such.
func TestEventOfPlantType(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	p.events.events = jamEvents()
	data, errors := p.data(t, `{ events { edges { node { `+jamFragments+` } } } } `+jamFragment, nil)
	same(t, "events", data, `{"events":{"edges":[
		{"node":{"__typename":"Plant_JamTripAlarmEvent_Object","normalState":null,"conditionName":"Jam","mode":"n2nd","clutch":{"text":{"text":"Engaged"},"id":true},
			"torque":{"value":7.5,"sensor":"T1","eURange":{"Low":0,"High":200},"definition":null},"place":{"row":4000000000},"server_Plant":"rack 3",
			"shapes":[{"__typename":"Plant_Circle","Name":"ring","Radius":2.5}],"mode_Acme":"by hand"}},
		{"node":{"__typename":"Plant_JamAlarmEvent_Object","normalState":null,"conditionName":null,"mode":null,"clutch":null,"torque":null,"place":null,"server_Plant":null,"shapes":null}},
		{"node":{"__typename":"Plant_JamEvent_Object","faults":["Overheat","Leak"]}}]}}`)
	if len(errors) != 1 || !strings.HasPrefix(errors[0], "[events edges 1 node mode] ") || !strings.Contains(errors[0], "17 is no value of Plant_Mode") {
		t.Errorf("errors %q, want that of a value that the enumeration does not have", errors)
	}
}

// Clients that do not ask for the plant's types see events as before.
func TestEventOfPlantTypeUnasked(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	p.events.events = jamEvents()
	browsed := p.commands.BrowseFunc
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		t.Errorf("browsed %v", nodes)
		return browsed(nodes)
	}
	const want = `{"events": {"edges": [{"node": {"__typename": "TripAlarmType"}}, {"node": {"__typename": "TripAlarmType"}}, {"node": {"__typename": "BaseEventType"}}]}}`
	const query = `{ events { edges { node { __typename } } } }`
	p.ask(t, query).wantData(t, want)
	// When the types are gone, what they derived from is known still.
	if err := p.Handler.(*Handler).SetTypes(noTypes(t)); err != nil {
		t.Fatal(err)
	}
	p.ask(t, query).wantData(t, want)
}

// noTypes is a schema of no node at all.
func noTypes(t *testing.T) *typed.Schema {
	t.Helper()
	s, err := typed.Generate(typemodel.NewBuilder().Build(), typed.Options{Fixed: Fixed(), Events: EventSchema()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A type that the schema does not have is shown as the nearest supertype that it has, be it one of the plant.
func TestEventBelowPlantType(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	e := jamEvents()[0]
	e.EventType = tag(77)
	p.events.events = []model.Event{e}
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		if nodes[0].NodeID != tag(77) || nodes[0].Direction != model.BrowseInverse {
			t.Errorf("browsed %+v", nodes)
		}
		return []model.BrowseResult{{References: []model.Reference{{NodeID: plantNode(230)}}}}, nil
	}
	p.ask(t, `{ events { edges { node { __typename ... on Plant_JamAlarmEvent { mode } } } } }`).wantData(t,
		`{"events": {"edges": [{"node": {"__typename": "Plant_JamTripAlarmEvent_Object", "mode": "n2nd"}}]}}`)
	p.ask(t, `{ events { edges { node { __typename } } } }`).wantData(t, `{"events": {"edges": [{"node": {"__typename": "TripAlarmType"}}]}}`)
}

// A name that was given stays when another type comes that would have it.
func TestEventNamesStay(t *testing.T) {
	before := typesOfPlant(t)
	b := typemodel.NewBuilder()
	b.Add([]*model.Node{{
		NodeID: plantNode(1), Class: model.NodeClassObjectType, BrowseName: model.QualifiedName{Name: "JamEvent", NamespaceURI: acmePlant},
		References: []model.NodeReference{{Type: typemodel.HasSubtype, Target: typemodel.BaseObjectType, Inverse: true}},
	}})
	for _, f := range plantFiles {
		d, err := nodeset.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Add(slices.DeleteFunc(d.Nodes, func(n *model.Node) bool { return n.NodeID == plantNode(1) }))
	}
	after, err := typed.Generate(b.Build(), typed.Options{Names: before.Names, Fixed: Fixed(), Events: EventSchema()})
	if err != nil {
		t.Fatal(err)
	}
	if e := after.Type("Plant_JamEvent"); e == nil || !e.OfEvents() {
		t.Error("Plant_JamEvent is not what it was")
	}
	for _, name := range []string{"Plant_JamAlarmEvent", "Plant_JamAlarmEvent_Object", "Plant_JamAlarmEvent_Torque"} {
		if after.Type(name) == nil {
			t.Errorf("%s is gone", name)
		}
	}
	if f := after.Type("Plant_JamAlarmEvent").Fields; !slices.ContainsFunc(f, func(f *typed.Field) bool { return f.Name == "server_Plant" }) {
		t.Error("the field that has the name of one of Event was renamed")
	}
}

// A filter takes types by name, and their subtypes of the plant.
func TestEventFilterOfPlantTypes(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	p.events.events = jamEvents()
	for filter, want := range map[string]string{
		`{typeNames: ["TripAlarmType"]}`:                                    "trip alarm",
		`{eventTypes: ["i=2782"]}`:                                          "trip alarm",
		`{eventTypes: ["i=2041"]}`:                                          "trip alarm jam",
		`{typeNames: ["Event"]}`:                                            "trip alarm jam",
		`{typeNames: ["Plant_JamAlarmEvent"]}`:                              "trip alarm",
		`{typeNames: ["Plant_JamAlarmEvent"], includeSubtypes: false}`:      "alarm",
		`{eventTypes: ["i=2782"], includeSubtypes: false}`:                  "",
		`{typeNames: ["Plant_JamEvent_Object", "Plant_JamTripAlarmEvent"]}`: "trip jam",
	} {
		var ids []string
		for _, e := range p.ask(t, `{ events(filter: `+filter+`) { edges { node { id } } } }`).Data.(map[string]any)["events"].(map[string]any)["edges"].([]any) {
			ids = append(ids, e.(map[string]any)["node"].(map[string]any)["id"].(string))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
	a := p.ask(t, `{ events(filter: {typeNames: ["Plant_PressType"]}) { edges { cursor } } }`)
	a.wantCodes(t, "BAD_USER_INPUT")
	if a.Errors[0].Extensions["field"] != "filter.typeNames" {
		t.Errorf("error %v", a.Errors[0])
	}
}

// The server is asked for the fields of the plant's types that are selected, and by their exact names; what it sends comes back as them.
func TestServerEventsOfPlantTypes(t *testing.T) {
	in := make(chan model.MonitoredEvents)
	p, services := newEventServices(in)
	if err := p.Handler.(*Handler).SetTypes(typesOfPlant(t)); err != nil {
		t.Fatal(err)
	}
	c := connect(t, p)
	c.subscribe("1", `subscription { serverEvents(server: "press", filter: {typeNames: ["Plant_JamAlarmEvent"]}) { events { __typename
		... on Plant_JamTripAlarmEvent { mode mode_Acme } ... on Plant_JamAlarmEvent { mode clutch { id } torque { value sensor } server_Plant } } } }`)
	r := <-services.asked
	plant, base := "nsu="+acmePlant+";", "nsu="+acmeBase+";"
	want := `i=2041/EventId=EventId i=2041/EventType=EventType ` + plant + `i=210/` + plant + `Mode=Mode ` + plant + `i=230/` + base + `Mode=` + base + `Mode ` +
		plant + `i=210/` + plant + `Clutch/Id=Clutch/Id ` + plant + `i=210/` + plant + `Torque=Torque ` + plant + `i=210/` + plant + `Torque/` + plant + `Sensor=Torque/Sensor ` +
		plant + `i=210/` + plant + `Server=Server`
	if got := clauses(r.Events.Select); got != want {
		t.Errorf("select clauses\n%s\nwant\n%s", got, want)
	}
	if optional := slices.IndexFunc(r.Events.Select, func(s model.SelectClause) bool { return s.Optional }); optional != 2 {
		t.Errorf("the first clause that a server need not know is %d", optional)
	}
	if w := r.Events.Where; len(w) != 1 || w[0].Operator != "OfType" || string(w[0].Operands[0].Value) != `"`+plantNode(210).String()+`"` {
		t.Errorf("where %+v", w)
	}
	typ := plantNode(230)
	in <- model.MonitoredEvents{Sequence: 1, Names: []string{"EventId", "EventType", "Mode"}, Events: [][]model.Variant{
		{model.ByteStringValue([]byte{1}), model.ExpandedNodeIDValue(new(tag(1))), model.Int32Value(1)}, {model.ByteStringValue([]byte{1}), model.ExpandedNodeIDValue(&typ), model.Int32Value(99)},
	}}
	if f := c.next(); !strings.Contains(string(f.Payload), `99 is no value of Plant_Mode; ask for fields","path":["serverEvents","events",1,"mode"]`) {
		t.Errorf("a value that does not fit: %s", f.Payload)
	}
	in <- model.MonitoredEvents{Sequence: 2, Names: []string{"EventId", "EventType", "Mode", base + "Mode", "Torque"}, Events: [][]model.Variant{{
		model.ByteStringValue([]byte{1}), model.ExpandedNodeIDValue(&typ), model.Int32Value(1), model.StringValue("by hand"), model.DoubleValue(3),
	}}}
	c.want("next", `{"data":{"serverEvents":{"events":[{"__typename":"Plant_JamTripAlarmEvent_Object","mode":"true_1","mode_Acme":"by hand","clutch":null,`+
		`"torque":{"value":3,"sensor":null},"server_Plant":null}]}}}`)
}
