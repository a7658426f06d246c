package opcua

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// whereless starts a server that refuses where clauses.
func whereless(env ...string) []string { return append(env, "WHERE=0") }

// With a server that knows no where clauses everything is as with one that does, and the writer says so.
func TestWithoutWhere(t *testing.T) {
	t.Run("writers", func(t *testing.T) { testSelectAndWhere(t, eventServer(t, whereless()...)) })
	t.Run("conditions", func(t *testing.T) { testConditionServer(t, eventServer(t, whereless()...)) })
	t.Run("model", func(t *testing.T) { testMonitorModel(t, eventServer(t, whereless()...)) })
}

// whereClauses are of the operators that node-opcua knows as well (it lets nothing pass that is asked for by Like), on Severity, Message, SourceName and EventType. The events that pass are
// those of the same texts.
func whereClauses(typ model.ExpandedNodeID) map[string][]model.WhereElement {
	value := func(v string, dataType ...string) model.WhereOperand {
		return model.WhereOperand{Value: json.RawMessage(v), DataType: strings.Join(dataType, "")}
	}
	at := func(n uint32) model.WhereOperand { return model.WhereOperand{Element: &n} }
	of := func(name string) model.WhereOperand {
		return model.WhereOperand{Attribute: &model.SelectClause{BrowsePath: []string{name}}}
	}
	one := func(operator string, operands ...model.WhereOperand) []model.WhereElement {
		return []model.WhereElement{{Operator: operator, Operands: operands}}
	}
	plantType := value(`"` + typ.String() + `"`)
	return map[string][]model.WhereElement{
		"equals":          one("Equals", of("Severity"), value("300")),
		"equals text":     one("Equals", of("SourceName"), value(`"Plant"`)),
		"equals type":     one("Equals", of("EventType"), value(`"`+typ.String()+`"`, "NodeId")),
		"greater":         one("GreaterThan", of("Severity"), value("300")),
		"less":            one("LessThan", of("Severity"), value("300")),
		"at least":        one("GreaterThanOrEqual", of("Severity"), value("300")),
		"at most":         one("LessThanOrEqual", of("Severity"), value("300")),
		"between":         one("Between", of("Severity"), value("300"), value("500")),
		"in list":         one("InList", of("Severity"), value("300"), value("1000")),
		"of type":         one("OfType", plantType),
		"of a supertype":  one("OfType", value(`"i=2041"`)),
		"of another type": one("OfType", value(`"i=2915"`)),
		"not":             {{Operator: "Not", Operands: []model.WhereOperand{at(1)}}, one("Equals", of("Severity"), value("300"))[0]},
		"or": {
			{Operator: "Or", Operands: []model.WhereOperand{at(1), at(2)}},
			one("LessThan", of("Severity"), value("100"))[0],
			one("Equals", of("Severity"), value("500"))[0],
		},
		"and": {
			{Operator: "And", Operands: []model.WhereOperand{at(1), at(2)}},
			one("OfType", plantType)[0],
			one("GreaterThan", of("Severity"), value("499"))[0],
		},
	}
}

// The gateway lets the same events pass as a server does, for every operator.
func TestWhereAsServer(t *testing.T) {
	passed := map[string]map[string][]string{}
	for name, env := range map[string][]string{"server": nil, "gateway": whereless()} {
		server := eventServer(t, env...)
		sets, store := publisher(t)
		source := run(t, config(server.Endpoint(), sets))
		connected(t, source)
		all := eventWriter("all", model.EventSource{Select: []model.SelectClause{{BrowsePath: []string{"Message"}}}})
		list := []model.DataSetWriter{all}
		for clause, where := range whereClauses(translate(t, source, plantEventPath)) {
			w := eventWriter(strings.ReplaceAll(clause, " ", "-"), model.EventSource{Select: []model.SelectClause{{BrowsePath: []string{"Message"}}}, Where: where})
			list = append(list, w)
		}
		source.Configure(list)
		active(t, source)
		for i, severity := range []int{1, 299, 300, 301, 500, 501, 1000} {
			invoke(t, source, "RaiseEvent", fmt.Sprintf("pump %d", i), severity)
		}
		writeValue(t, source, "TankLevel", 99)
		for _, end := range []string{"end", "end again"} { // of another message of the subscription: all that was before has come, of all items
			invoke(t, source, "RaiseEvent", end, 300)
			store.await(t, source, &all, "the last event", message(end))
		}
		passed[name] = map[string][]string{}
		for _, w := range list {
			for _, f := range store.of(&w) {
				if text := f.text("Message"); !strings.HasPrefix(text, "end") {
					passed[name][w.Name] = append(passed[name][w.Name], text)
				}
			}
			slices.Sort(passed[name][w.Name])
		}
		for _, w := range source.Writers() {
			local := strings.Contains(w.Unsupported, "BadMonitoredItemFilterUnsupported") && strings.Contains(w.Unsupported, "the gateway applies")
			if local != (name == "gateway" && w.Writer.Writer != "all") {
				t.Errorf("with the where clause applied by the %s %s says %q", name, w.Writer.Writer, w.Unsupported)
			}
		}
	}
	if n := len(passed["server"]["greater"]); n < 4 {
		t.Errorf("%d events are more severe than 300", n)
	}
	for clause, want := range passed["server"] {
		if got := passed["gateway"][clause]; !slices.Equal(got, want) {
			t.Errorf("%s: the gateway lets %q pass, the server %q", clause, got, want)
		}
	}
}

// What is wrong with a filter, rather than not known, is told and not worked around.
func TestRefusesWhere(t *testing.T) {
	bad := []model.StatusCode{0, model.StatusBadNodeIdUnknown}
	for _, c := range []struct {
		status model.StatusCode
		result filterResult
		want   bool
	}{
		{model.StatusBadMonitoredItemFilterUnsupported, filterResult{}, true},
		{model.StatusBadMonitoredItemFilterUnsupported, filterResult{faulty: true}, false},
		{model.StatusBadFilterOperatorUnsupported, filterResult{selects: bad}, true},
		{model.StatusBadEventFilterInvalid, filterResult{}, true},
		{model.StatusBadEventFilterInvalid, filterResult{selects: bad}, false},
		{model.StatusBadEventFilterInvalid, filterResult{faulty: true}, false},
		{model.StatusBadNodeIdUnknown, filterResult{}, false},
		{0, filterResult{}, false},
	} {
		if got := refusesWhere(c.status, &c.result); got != c.want {
			t.Errorf("%s with %+v: %t", c.status.Name(), c.result, got)
		}
	}
	for _, c := range []struct {
		element ua.ContentFilterElementResult
		want    bool
	}{
		{ua.ContentFilterElementResult{}, false},
		{ua.ContentFilterElementResult{StatusCode: ua.StatusBadFilterOperatorUnsupported}, false},
		{ua.ContentFilterElementResult{StatusCode: ua.StatusBadFilterOperandCountMismatch}, true},
		{ua.ContentFilterElementResult{OperandStatusCodes: []ua.StatusCode{ua.StatusOK, ua.StatusBadFilterOperandInvalid}}, true},
	} {
		if got := faultyElement(&c.element); got != c.want {
			t.Errorf("%+v is faulty: %t", c.element, got)
		}
	}
}

// A clause looks at fields that are not selected; one that needs the address space is left to the server.
func TestLocalWhereSelects(t *testing.T) {
	severity := systemOperand("Severity", baseEventType)
	f := conditionFilter()
	f.where = []filterElement{
		{ua.FilterOperatorAnd, []filterOperand{{element: new(uint32(1))}, {element: new(uint32(2))}}},
		{ua.FilterOperatorGreaterThan, []filterOperand{{attribute: &severity}, {literal: model.UInt16Value(500)}}},
		{ua.FilterOperatorLessThan, []filterOperand{{attribute: &severity}, {literal: model.UInt16Value(700)}}},
	}
	l, err := f.local()
	if err != nil || len(l.extra) != 1 || !l.extra[0].equal(severity) {
		t.Fatalf("%+v, %v", l, err)
	}
	event := append(alarmEvent(idConditionType, "A", "a1", true), model.UInt16Value(600))
	types := &eventTypes{session: func() *session { return nil }}
	for severity, want := range map[uint16]bool{500: false, 600: true, 700: false} {
		event[len(event)-1] = model.UInt16Value(severity)
		if got := l.filter.Passes(&localEvent{event, l, types}); got != want {
			t.Errorf("severity %d passes: %t", severity, got)
		}
	}
	f.where = []filterElement{{ua.FilterOperatorInView, []filterOperand{{literal: model.NodeIDValue(new(model.NumericID(1, 1)))}}}}
	if _, err := f.local(); err == nil || !strings.Contains(err.Error(), "InView") {
		t.Errorf("InView: %v", err)
	}
}
