package opcua

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// eventWait is how long the tests of events wait for what the server sends.
const eventWait = 30 * time.Second

// fields are the values of one event by the names of the metadata.
type fields map[string]model.Variant

func (f fields) text(name string) string {
	if v := f[name]; v.Type() == model.TypeLocalizedText {
		return v.LocalizedText().Text
	}
	return f[name].Text()
}

// eventStore is the store behind a real Publisher: it decodes all frames by the metadata of their writers.
type eventStore struct {
	mu       sync.Mutex
	metadata map[model.WriterKey][]*model.DataSetMetaData
	events   map[model.WriterKey][]fields
	problems []string
	hold     bool // frames are not acknowledged
}

// publisher runs a Publisher for the test.
func publisher(t testing.TB) (*edge.Publisher, *eventStore) {
	t.Helper()
	store := &eventStore{metadata: map[model.WriterKey][]*model.DataSetMetaData{}, events: map[model.WriterKey][]fields{}}
	p := edge.NewPublisher(edge.PublisherConfig{Gateway: "gw", MaxFrameAge: 20 * time.Millisecond}, store, store, zerolog.Nop())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- p.Run(ctx, time.Second) }()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, problem := range store.problems {
			t.Error(problem)
		}
	})
	return p, store
}

func (s *eventStore) PublishFrame(_ context.Context, w model.WriterKey, frame []byte, done func(error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := uadp.ParseMessage(frame, nil)
	if err != nil {
		s.problems = append(s.problems, fmt.Sprintf("frame of %s: %v", w, err))
	} else {
		for i := range m.DataSets {
			s.keep(w, &m.DataSets[i])
		}
	}
	if !s.hold {
		done(nil)
	}
	return nil
}

func (s *eventStore) keep(w model.WriterKey, d *uadp.DataSet) {
	versions := s.metadata[w]
	i := slices.IndexFunc(versions, func(m *model.DataSetMetaData) bool { return m.Version == d.Header.Version })
	if i < 0 || d.Header.Kind != uadp.Event || d.Header.Encoding != uadp.EncodingVariant || len(versions[i].Fields) != len(d.Fields) {
		s.problems = append(s.problems, fmt.Sprintf("message of %s with header %+v and %d fields does not fit its metadata", w, d.Header, len(d.Fields)))
		return
	}
	e := fields{}
	for j := range d.Fields {
		e[versions[i].Fields[j].Name] = d.Fields[j].Value.Value
	}
	s.events[w] = append(s.events[w], e)
}

func (s *eventStore) LastMetadata(_ context.Context, w model.WriterKey) (*model.DataSetMetaData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.metadata[w]); n > 0 {
		return s.metadata[w][n-1], nil
	}
	return nil, nil
}

func (s *eventStore) StoreMetadata(_ context.Context, m *model.DataSetMetaData) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := model.WriterKey{Gateway: m.Gateway, Group: m.Group, Writer: m.Writer}
	s.metadata[key] = append(s.metadata[key], m)
	return nil
}

// of returns the events of a writer so far.
func (s *eventStore) of(w *model.DataSetWriter) []fields {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[w.Key()])
}

// field returns the metadata of a field; its name is empty when there is none.
func (s *eventStore) field(w *model.DataSetWriter, name string) model.FieldMetaData {
	m, _ := s.LastMetadata(context.Background(), w.Key())
	if m != nil {
		for _, f := range m.Fields {
			if f.Name == name {
				return f
			}
		}
	}
	return model.FieldMetaData{}
}

// await waits until an event of a writer passes ok, and returns it.
func (s *eventStore) await(t testing.TB, source *Source, w *model.DataSetWriter, what string, ok func(fields) bool) (found fields) {
	t.Helper()
	eventually(t, eventWait, func() bool {
		list := s.of(w)
		i := slices.IndexFunc(list, ok)
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	}, func() string {
		var last fields
		if list := s.of(w); len(list) > 0 {
			last = list[len(list)-1]
		}
		return fmt.Sprintf("%s; %d events, the last is %v; writers are %+v", what, len(s.of(w)), last, source.Writers())
	})
	return found
}

func message(text string) func(fields) bool {
	return func(f fields) bool { return f.text("Message") == text }
}

var serverObject = model.Expanded(model.NumericID(0, 2253))

// eventWriter publishes events of the whole server.
func eventWriter(name string, e model.EventSource) model.DataSetWriter {
	w := dataSetWriter(name, 100*time.Millisecond)
	if e.Notifier.IsNull() {
		e.Notifier = serverObject
	}
	w.Events = &e
	return w
}

// eventServer starts a server whose events come only when they are asked for.
func eventServer(t testing.TB, env ...string) *opcuatest.Server {
	return opcuatest.Start(t, opcuatest.Options{Vars: 1, Env: append([]string{"EVENT_MS=0", "TANK_MS=0"}, env...)})
}

// translate finds the node of a path.
func translate(t testing.TB, s *Source, path string) model.ExpandedNodeID {
	t.Helper()
	r, err := s.Translate(t.Context(), []model.BrowsePath{{Path: path}})
	if err != nil || r[0].Status.IsBad() {
		t.Fatalf("translate %s: %+v, %v", path, r, err)
	}
	return r[0].NodeID
}

const plantEventPath = "Types/EventTypes/BaseEventType/PlantEventType"

// invoke calls a method of the plant.
func invoke(t testing.TB, s *Source, method string, arguments ...any) {
	t.Helper()
	call := model.CallRequest{ObjectID: plant("Plant"), MethodID: plant(method)}
	for _, a := range arguments {
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		call.InputArguments = append(call.InputArguments, raw)
	}
	r, err := s.Call(t.Context(), []model.CallRequest{call})
	if err != nil || r[0].Status.IsBad() {
		t.Fatalf("call %s: %+v, %v", method, r, err)
	}
}

// active waits until all fields of all writers are active.
func active(t testing.TB, s *Source) {
	t.Helper()
	eventually(t, eventWait, func() bool {
		return !slices.ContainsFunc(s.Writers(), func(w model.WriterStatus) bool { return w.Active == 0 || w.BadCount > 0 || w.Error != "" })
	}, func() string { return fmt.Sprintf("all fields are active: %+v", s.Writers()) })
}

// A writer with a type has all fields of the type and its supertypes, and the events of the type alone.
func TestEventsOfType(t *testing.T) {
	server := eventServer(t)
	sets, store := publisher(t)
	source := run(t, config(server.Endpoint(), sets))
	connected(t, source)
	w := eventWriter("parts", model.EventSource{TypeDefinition: translate(t, source, plantEventPath)})
	all := eventWriter("all", model.EventSource{TypeDefinition: baseEventType})
	alarms := eventWriter("alarms", model.EventSource{TypeDefinition: model.Expanded(model.NumericID(0, 2915))}) // AlarmConditionType
	source.Configure([]model.DataSetWriter{w, all, alarms})
	active(t, source)

	invoke(t, source, "RaiseEvent", "part finished", 300)
	writeValue(t, source, "TankLevel", 99)
	got := store.await(t, source, &w, "an event of the type", message("part finished"))
	if got.text("Machine") != "press-1" || got["Severity"].Uint() != 300 || got["Number"].Uint() != 1 || got["SourceNode"].ExpandedNodeID() != plant("Plant") ||
		got.text("SourceName") != "Plant" || len(got["EventId"].Bytes()) == 0 || time.Since(got["Time"].DateTime().Time()) > time.Minute {
		t.Errorf("event %v", got)
	}
	store.await(t, source, &all, "the same among all", message("part finished"))
	alarm := store.await(t, source, &alarms, "an alarm", func(f fields) bool { return f["ActiveState/Id"].Bool() })
	if alarm["ConditionId"].ExpandedNodeID() != plant("TankAlarm") || !alarm["Retain"].Bool() || alarm.text("SourceName") != "1:Tank" {
		t.Errorf("alarm %v", alarm)
	}
	for name, want := range map[string]model.FieldMetaData{
		"Severity":  {BuiltInType: model.TypeUInt16, DataType: model.Expanded(model.NumericID(0, 5)), ValueRank: -1},
		"EventType": {BuiltInType: model.TypeExpandedNodeID, DataType: model.Expanded(model.NumericID(0, 17)), ValueRank: -1},
		"Machine":   {BuiltInType: model.TypeString, DataType: model.Expanded(model.NumericID(0, 12)), ValueRank: -1},
		"Message":   {BuiltInType: model.TypeLocalizedText, DataType: model.Expanded(model.NumericID(0, 21)), ValueRank: -1},
	} {
		f := store.field(&w, name)
		if f.BuiltInType != want.BuiltInType || f.DataType != want.DataType || f.ValueRank != want.ValueRank || f.Node != serverObject || f.Path != "Objects/Server" {
			t.Errorf("metadata of %s is %+v", name, f)
		}
	}
	for _, f := range store.of(&w) {
		if f.text("Machine") == "" {
			t.Errorf("an event of another type came: %v", f)
		}
	}
	if f := store.field(&alarms, "ShelvingState/CurrentState/Id"); f.Name == "" {
		t.Error("nested fields are not among those of the type")
	}
	if page, err := source.Nodes(t.Context(), []model.NodeQuery{{First: 10}}); err != nil || len(page[0].Nodes) != 3 || page[0].Totals[model.NodeActive] != 3 {
		t.Errorf("states of the notifiers: %+v, %v", page, err)
	}
}

// A writer with select clauses has these fields; the where clause filters at the server, with literals of the type that they are compared with.
func TestEventsSelectAndWhere(t *testing.T) { testSelectAndWhere(t, eventServer(t)) }

func testSelectAndWhere(t *testing.T, server *opcuatest.Server) {
	sets, store := publisher(t)
	source := run(t, config(server.Endpoint(), sets))
	connected(t, source)
	typ := translate(t, source, plantEventPath)
	literal := func(v string) model.WhereOperand { return model.WhereOperand{Value: json.RawMessage(v)} }
	element := func(n uint32) model.WhereOperand { return model.WhereOperand{Element: &n} }
	severity := model.WhereOperand{Attribute: &model.SelectClause{BrowsePath: []string{"Severity"}}}
	w := eventWriter("severe", model.EventSource{
		Select: []model.SelectClause{
			{BrowsePath: []string{"Message"}},
			{TypeDefinition: typ, BrowsePath: []string{"nsu=" + plantURI + ";Machine"}, Name: "machine"},
			{TypeDefinition: typ, BrowsePath: []string{"Number"}},
			{BrowsePath: []string{"Severity"}},
		},
		Where: []model.WhereElement{
			{Operator: "And", Operands: []model.WhereOperand{element(1), element(2)}},
			{Operator: "OfType", Operands: []model.WhereOperand{literal(`"` + typ.String() + `"`)}},
			{Operator: "Or", Operands: []model.WhereOperand{element(3), element(4)}},
			{Operator: "GreaterThanOrEqual", Operands: []model.WhereOperand{severity, literal("700")}},
			{Operator: "Equals", Operands: []model.WhereOperand{severity, {Value: json.RawMessage("5"), DataType: "UInt16"}}},
		},
	})
	typed := eventWriter("typed", model.EventSource{TypeDefinition: typ, Where: []model.WhereElement{
		{Operator: "LessThan", Operands: []model.WhereOperand{severity, literal("700")}},
	}})
	source.Configure([]model.DataSetWriter{w, typed})
	active(t, source)
	for _, s := range []int{300, 700, 5, 699, 1000} {
		invoke(t, source, "RaiseEvent", fmt.Sprint("severity ", s), s)
	}
	writeValue(t, source, "TankLevel", 99) // an alarm of a severity over 700 or not, which is of another type
	store.await(t, source, &w, "the last event", message("severity 1000"))
	var got []string
	for _, f := range store.of(&w) {
		if len(f) != 4 || f.text("machine") != "press-1" {
			t.Errorf("event %v", f)
		}
		got = append(got, fmt.Sprint(f["Severity"].Uint()))
	}
	if want := []string{"700", "5", "1000"}; !slices.Equal(got, want) {
		t.Errorf("severities are %v, want %v", got, want)
	}
	store.await(t, source, &typed, "an event below 700", message("severity 699"))
	if n := len(store.of(&typed)); n != 3 {
		t.Errorf("%d events are below 700, want 3", n)
	}
}

// What a server refuses of a filter, and what cannot be compiled for it, is told with the field or the element and with what to do.
func TestEventsRefused(t *testing.T) {
	server := eventServer(t)
	sets, store := publisher(t)
	source := run(t, config(server.Endpoint(), sets))
	severity := model.WhereOperand{Attribute: &model.SelectClause{BrowsePath: []string{"Severity"}}}
	message := []model.SelectClause{{BrowsePath: []string{"Message"}}}
	writers := map[string]struct {
		source model.EventSource
		want   []string
	}{
		"no notifier": {model.EventSource{Notifier: plant("V0"), Select: message}, []string{"s=V0", "i=2253"}},
		"asleep":      {model.EventSource{Notifier: plant("Machines"), Select: message}, nil},
		"no node":     {model.EventSource{Notifier: plant("Nobody"), Select: message}, []string{"BadNodeIdUnknown", "i=2253"}},
		"no path":     {model.EventSource{BrowsePath: "Nobody", Select: message}, []string{`browsePath "Nobody"`, "looked for again"}},
		"no type":     {model.EventSource{TypeDefinition: plant("V0")}, []string{"events.typeDefinition", "s=V0", "i=2041"}},
		"no literal": {model.EventSource{Select: message, Where: []model.WhereElement{
			{Operator: "GreaterThan", Operands: []model.WhereOperand{severity, {Value: json.RawMessage(`"high"`)}}},
		}}, []string{"events.where[0].operands[1].value", "high", "UInt16"}},
		"no data type": {model.EventSource{Select: message, Where: []model.WhereElement{
			{Operator: "Equals", Operands: []model.WhereOperand{severity, {Value: json.RawMessage(`1`), DataType: "Uint17"}}},
		}}, []string{"events.where[0].operands[1].dataType", "Uint17", "want a built-in type"}},
		"no namespace": {
			model.EventSource{Select: []model.SelectClause{{BrowsePath: []string{"nsu=urn:nobody;X"}}}},
			[]string{"events.select[0]", "browsePath[0]", "urn:nobody"},
		},
		"circle": {model.EventSource{Select: message, Where: []model.WhereElement{
			{Operator: "Not", Operands: []model.WhereOperand{{Element: new(uint32)}}},
		}}, []string{"BadFilterElementInvalid", "where clause"}},
	}
	var list []model.DataSetWriter
	for _, name := range slices.Sorted(maps.Keys(writers)) {
		list = append(list, eventWriter(name, writers[name].source))
	}
	good := eventWriter("good", model.EventSource{Select: append(message, model.SelectClause{BrowsePath: []string{"Nonsense"}})})
	source.Configure(append(list, good))
	delete(writers, "asleep")
	status := func(name string) model.WriterStatus {
		for _, w := range source.Writers() {
			if w.Writer.Writer == name {
				return w
			}
		}
		return model.WriterStatus{}
	}
	for name, c := range writers {
		eventually(t, eventWait, func() bool {
			s := status(name)
			return s.Active == 0 && s.BadCount > 0 && !slices.ContainsFunc(c.want, func(part string) bool { return !strings.Contains(s.Error, part) })
		}, func() string { return fmt.Sprintf("%s tells %q: %+v", name, c.want, status(name)) })
	}
	eventually(t, eventWait, func() bool {
		s := status("good")
		return s.Error == "" && s.Active == 1 && s.BadCount == 1 && s.Bad[0].Field == "Nonsense" && s.Bad[0].Status.IsBad()
	}, func() string { return fmt.Sprintf("the other field of good is active: %+v", status("good")) })
	eventually(t, eventWait, func() bool { return strings.Contains(status("asleep").Unsupported, "EventNotifier is 0") }, func() string {
		return fmt.Sprintf("a folder is said to send no events: %+v", status("asleep"))
	})
	invoke(t, source, "RaiseEvent", "hello", 1)
	store.await(t, source, &good, "an event", func(f fields) bool { return f.text("Message") == "hello" && f["Nonsense"].IsNull() })
}

// No event is missed when the connection is cut, in the middle of a message too, and when the writer is configured anew.
func TestEventsOutliveCuts(t *testing.T) {
	server := eventServer(t, "EVENT_MS=20")
	proxy := opcuatest.NewProxy(t, server.Addr())
	sets, store := publisher(t)
	source := run(t, config(proxy.Endpoint(), sets))
	connected(t, source)
	w := eventWriter("parts", model.EventSource{TypeDefinition: translate(t, source, plantEventPath)})
	source.Configure([]model.DataSetWriter{w})
	grows := func() {
		t.Helper()
		from := len(store.of(&w))
		eventually(t, eventWait, func() bool { return len(store.of(&w)) > from+20 }, func() string {
			return fmt.Sprintf("events go on after %d: %+v, %+v", from, source.Status(), source.Writers())
		})
	}
	grows()
	for i := range 3 {
		proxy.CutAfter(3000 + 1000*i)
		grows()
		proxy.Cut()
		w.KeepAlive = time.Duration(i+1) * time.Minute // the DataSet is opened anew
		source.Configure([]model.DataSetWriter{w})
		grows()
	}
	seen := map[uint64]bool{}
	last := uint64(0)
	list := store.of(&w)
	for _, f := range list {
		seen[f["Number"].Uint()] = true
		last = max(last, f["Number"].Uint())
	}
	for n := list[0]["Number"].Uint(); n <= last; n++ {
		if !seen[n] {
			t.Errorf("event %d is missing", n)
		}
	}
	if s := source.Status(); s.LostNotifications != 0 {
		t.Errorf("status %+v", s)
	}
}
