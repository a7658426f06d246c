package demoplant

import (
	"context"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	ua.RegisterExtensionObject(batchRecordEncoding, new(batchRecordBody)) // gopcua's client drops what it does not know
	goleak.VerifyTestMain(m)
}

// batchRecordBody decodes a BatchRecord by its DataTypeDefinition, as a client would.
type batchRecordBody struct{ batchRecord }

func (r *batchRecordBody) Decode(b []byte) (int, error) {
	buf := ua.NewBuffer(b)
	r.BatchID, r.Recipe = buf.ReadString(), buf.ReadString()
	r.Quantity, r.Good, r.Rejected = buf.ReadUint32(), buf.ReadUint32(), buf.ReadUint32()
	r.Started, r.Ended = buf.ReadTime(), buf.ReadTime()
	return buf.Pos(), buf.Error()
}

// startPlant runs a plant for the time of the test and checks that it stops cleanly.
func startPlant(t *testing.T, cfg Config) *Plant {
	t.Helper()
	cfg.Seed = 1
	p, err := New(cfg, zerolog.New(zerolog.NewTestWriter(t)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run did not return within 10 s of the end of its context")
		}
	})
	select {
	case <-p.Ready():
	case err := <-done:
		t.Fatalf("Run: %v", err)
	}
	return p
}

func connect(t *testing.T, p *Plant, opts ...opcua.Option) *opcua.Client {
	t.Helper()
	c, err := opcua.NewClient(p.Endpoint(), append([]opcua.Option{opcua.AutoReconnect(false), opcua.RequestTimeout(5 * time.Second)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func node(name string) *ua.NodeID { return ua.NewStringNodeID(2, name) }

func read(t *testing.T, c *opcua.Client, n *ua.NodeID, attr ua.AttributeID) *ua.DataValue {
	t.Helper()
	resp, err := c.Read(t.Context(), &ua.ReadRequest{
		TimestampsToReturn: ua.TimestampsToReturnBoth, NodesToRead: []*ua.ReadValueID{{NodeID: n, AttributeID: attr}},
	})
	if err != nil {
		t.Fatalf("read %s: %v", n, err)
	}
	return resp.Results[0]
}

func value[T any](t *testing.T, c *opcua.Client, name string) T {
	t.Helper()
	dv := read(t, c, node(name), ua.AttributeIDValue)
	v, ok := dv.Value.Value().(T)
	if dv.Status != ua.StatusOK || !ok {
		t.Fatalf("%s: got %T with status %v, want a good %T", name, dv.Value.Value(), dv.Status, v)
	}
	return v
}

// eventually polls until ok, at most 10 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
		<-tick.C
	}
}

func TestStandardNodes(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	namespaces := read(t, c, ua.NewNumericNodeID(0, id.Server_NamespaceArray), ua.AttributeIDValue).Value.Value().([]string)
	if len(namespaces) != 3 || namespaces[1] != ApplicationURI || namespaces[2] != NamespaceURI {
		t.Errorf("NamespaceArray = %q", namespaces)
	}
	if got := read(t, c, ua.NewNumericNodeID(0, id.Server_ServerStatus_State), ua.AttributeIDValue).Value.Value(); got != int32(0) {
		t.Errorf("Server_ServerStatus_State = %v, want 0 (Running)", got)
	}
	current := read(t, c, ua.NewNumericNodeID(0, id.Server_ServerStatus_CurrentTime), ua.AttributeIDValue).Value.Value().(time.Time)
	if d := time.Since(current); d < 0 || d > time.Minute {
		t.Errorf("CurrentTime is %v old", d)
	}
	if got := read(t, c, ua.NewNumericNodeID(0, id.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead), ua.AttributeIDValue).Value.Value(); got != uint32(1000) {
		t.Errorf("MaxNodesPerRead = %v, want 1000", got)
	}
	status := read(t, c, ua.NewNumericNodeID(0, id.Server_ServerStatus), ua.AttributeIDValue).Value.ExtensionObject()
	if s, ok := status.Value.(*ua.ServerStatusDataType); !ok || s.BuildInfo.ProductName != "Shopfloor Demo Plant" {
		t.Errorf("ServerStatus = %+v", status.Value)
	}
	def := read(t, c, ua.NewNumericNodeID(0, id.EUInformation), ua.AttributeIDDataTypeDefinition).Value.ExtensionObject().Value.(*ua.StructureDefinition)
	if len(def.Fields) != 4 || def.Fields[1].Name != "UnitId" || def.DefaultEncodingID.IntID() != id.EUInformation_Encoding_DefaultBinary {
		t.Errorf("definition of EUInformation = %+v", def)
	}
}
