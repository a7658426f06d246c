package opcua

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// asyncuaTypes are the built-in types that the asyncua plant has variables of.
var asyncuaTypes = slices.DeleteFunc(slices.Clone(builtInTypes), func(name string) bool {
	return slices.Contains([]string{"XmlElement", "NodeId", "ExpandedNodeId", "StatusCode"}, name)
})

// The client against asyncua, which shares no code with node-opcua.
func TestInteropAsyncua(t *testing.T) {
	s := opcuatest.StartAsyncua(t, opcuatest.Options{Vars: 50})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	for _, c := range []struct {
		name string
		test func(*testing.T, *Source)
	}{
		{"RoundTrip", func(t *testing.T, s *Source) { testInteropRoundTrip(t, s, asyncuaTypes) }},
		{"LargeValues", testInteropLargeValues},
		{"Structure", func(t *testing.T, s *Source) { testInteropStructures(t, s, "Struct_Vec3", "Struct_Old") }},
		{"Browse", testInteropBrowse},
		{"Call", testInteropCall},
		{"Errors", testInteropErrors},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, source) })
	}
}

// What is read can be written and is then read again.
func testInteropRoundTrip(t *testing.T, s *Source, types []string) {
	for _, name := range types {
		dataType := name
		if name == "NodeId" {
			dataType = "ExpandedNodeId" // with the URI of its namespace
		}
		for _, id := range []model.ReadValueID{value("Scalar_" + name), value("Array_" + name)} {
			before := read(t, s, id)[0]
			if !before.Status.IsGood() || before.Value.Type().String() != dataType {
				t.Errorf("%s is %s of type %s (%s %s)", id.NodeID, before.Value, before.Value.Type(), before.Status, before.Message)
				continue
			}
			w, err := s.Write(t.Context(), []model.WriteValue{{NodeID: id.NodeID, Value: before.Value.AppendJSON(nil)}})
			if err != nil || !w[0].Status.IsGood() {
				t.Errorf("write %s: %+v, %v", id.NodeID, w, err)
				continue
			}
			if after := read(t, s, id)[0]; !after.Value.Equal(before.Value) {
				t.Errorf("%s was %s and is %s after it was written", id.NodeID, before.Value, after.Value)
			}
		}
	}
}

func testInteropLargeValues(t *testing.T, s *Source) {
	r := read(t, s, value("Matrix_Double"), value("BigArray"))
	if got := string(r[0].Value.AppendJSON(nil)); !strings.Contains(got, "6") || r[0].Value.Len() != 6 {
		t.Errorf("matrix is %s (%s)", got, r[0].Status)
	}
	if v := r[1].Value; v.Len() != 70_000 || v.Element(69_999).Float() != 69_999 {
		t.Errorf("array has %d elements (%s %s)", v.Len(), r[1].Status, r[1].Message)
	}
}

// interopStructures are values of structures that nobody compiled in, as they are and to be written: by their definition, and by a type dictionary as older
// servers have it.
var interopStructures = map[string]struct{ members, other string }{
	"Struct_Vec3": {`{"X":1,"Y":2,"Z":3}`, `{"X":-1,"Y":0.5,"Z":7}`},
	"Struct_Old": {
		`{"Customer":"Acme","First":{"Number":1,"Weights":[0.5]},"Parts":[{"Number":1,"Weights":[0.5]},{"Number":1,"Weights":[0.5]}]}`,
		`{"Customer":"Other","First":{"Number":7,"Weights":[]},"Parts":[{"Number":8,"Weights":[1,2,3]}]}`,
	},
}

func testInteropStructures(t *testing.T, s *Source, names ...string) {
	for _, name := range names {
		c := interopStructures[name]
		for _, want := range []string{c.members, c.other} {
			r := read(t, s, value(name))[0]
			if got := string(r.Value.ExtensionObject().Body); got != want || r.Value.ExtensionObject().Encoding != model.ExtensionJSON || !r.Status.IsGood() {
				t.Errorf("%s is %s (%s %s), want %s", name, r.Value, r.Status, r.Message, want)
			}
			w, err := s.Write(t.Context(), []model.WriteValue{{NodeID: plant(name), Value: json.RawMessage(c.other)}})
			if err != nil || w[0].Status.IsBad() {
				t.Errorf("write %s: %+v, %v", name, w, err)
			}
		}
	}
}

func testInteropBrowse(t *testing.T, s *Source) {
	found, err := s.Translate(t.Context(), []model.BrowsePath{{Path: "Objects/Plant/V3"}, {Path: "Objects/Plant/Nothing"}})
	if err != nil || found[0].NodeID != plant("V3") || !found[1].Status.IsBad() {
		t.Fatalf("translate: %+v, %v", found, err)
	}
	r, err := s.Browse(t.Context(), []model.BrowseDescription{{NodeID: plant("Plant"), NodeClassMask: model.NodeClassMethod}})
	if err != nil || len(r) != 1 || !slices.ContainsFunc(r[0].References, func(ref model.Reference) bool { return ref.NodeID == plant("Add") }) {
		t.Errorf("browse methods: %+v, %v", r, err)
	}
}

func testInteropCall(t *testing.T, s *Source) {
	r, err := s.Call(t.Context(), []model.CallRequest{
		{ObjectID: plant("Plant"), MethodID: plant("Add"), InputArguments: []json.RawMessage{[]byte("2"), []byte("3.5")}},
		{ObjectID: plant("Plant"), MethodID: plant("Add"), InputArguments: []json.RawMessage{[]byte(`"two"`), []byte("3.5")}},
	})
	if err != nil || len(r[0].OutputArguments) != 1 || r[0].OutputArguments[0].Value.Float() != 5.5 {
		t.Fatalf("call: %+v, %v", r, err)
	}
	if !r[1].Status.IsBad() {
		t.Errorf("call with a text for a number: %+v", r[1])
	}
}

func testInteropErrors(t *testing.T, s *Source) {
	r := read(t, s, value("Nothing"), value("V0"))
	if r[0].Status != model.StatusBadNodeIdUnknown || !r[1].Status.IsGood() {
		t.Errorf("read: %+v", r)
	}
	w, err := s.Write(t.Context(), []model.WriteValue{{NodeID: plant("ReadOnly"), Value: []byte("2")}})
	if err != nil || !w[0].Status.IsBad() {
		t.Errorf("write to a read-only variable: %+v, %v", w, err)
	}
}

// Values come in order, and again within 5 s after the server was killed and has been started again.
func TestInteropAsyncuaPublishing(t *testing.T) {
	testInteropPublishing(t, opcuatest.StartAsyncua(t, opcuatest.Options{Vars: 50}))
}

func testInteropPublishing(t *testing.T, s *opcuatest.Server) {
	sets := &recorder{}
	cfg := config(s.Endpoint(), sets)
	source := run(t, cfg, dataSetWriter("w", 200*time.Millisecond, counters(50)...))
	eventually(t, 15*time.Second, func() bool { return sets.least() >= 20 }, func() string { return fmt.Sprintf("20 values of each: %d, %+v", sets.least(), source.Status()) })
	if missing, twice := sets.audit(t); missing != 0 || twice != 0 {
		t.Errorf("%d steps are missing, %d values came twice", missing, twice)
	}
	s.Kill()
	s.Restart()
	before := sets.least()
	eventually(t, 5*time.Second, func() bool { return sets.least() > before }, func() string { return fmt.Sprintf("values again: %+v", source.Status()) })
}

func TestInteropAsyncuaSecurity(t *testing.T) {
	testInteropSecurity(t, opcuatest.StartAsyncua(t, opcuatest.Options{}))
}

func testInteropSecurity(t *testing.T, s *opcuatest.Server) {
	for _, policy := range policies[1:] {
		t.Run(policy, func(t *testing.T) {
			sets := &recorder{}
			cfg := secure(t, s, model.SecuritySignAndEncrypt, "op", "op-pass")
			cfg.Server.SecurityPolicy, cfg.DataSets = policy, sets
			source := run(t, cfg, dataSetWriter("w", 200*time.Millisecond, counters(5)...))
			eventually(t, 15*time.Second, func() bool { return sets.least() >= 3 }, func() string { return fmt.Sprintf("values: %+v", source.Status()) })
			if st := source.Status(); st.SecurityPolicy != policy || st.SecurityMode != model.SecuritySignAndEncrypt {
				t.Errorf("status is %+v", st)
			}
		})
	}
	t.Run("WrongPassword", func(t *testing.T) {
		refused(t, run(t, secure(t, s, model.SecuritySignAndEncrypt, "op", "wrong")), `the server refuses user "op"`, "check user name and password")
	})
	t.Run("UntrustedServer", func(t *testing.T) {
		cfg := secure(t, s, model.SecuritySignAndEncrypt, "", "")
		trusted, err := os.ReadDir(cfg.Trust.trusted())
		if err != nil || len(trusted) == 0 {
			t.Fatalf("trust list: %v, %v", trusted, err)
		}
		for _, e := range trusted {
			if err := os.Remove(filepath.Join(cfg.Trust.trusted(), e.Name())); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, run(t, cfg), Thumbprint(s.CertificateDER()))
	})
}
