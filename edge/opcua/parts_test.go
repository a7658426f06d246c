package opcua

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// manyNodes starts a server with n variables, of which a subscription takes limit. All have the same value at all times.
func manyNodes(t *testing.T, n, limit int) string {
	t.Helper()
	space, err := uaserver.NewSpace("urn:many")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for i := range n {
		node := &uaserver.Node{
			ID: ua.NewNumericNodeID(1, uint32(i+1)), Class: ua.NodeClassVariable, BrowseName: &ua.QualifiedName{NamespaceIndex: 1, Name: fmt.Sprint(i)},
			Variable: &uaserver.Variable{DataType: ua.NewNumericNodeID(0, id.Double), ValueRank: -1, Read: func() *ua.DataValue {
				return &ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(1.0), SourceTimestamp: start}
			}},
		}
		if err := space.Add(node); err != nil {
			t.Fatal(err)
		}
		space.Link(space.Standard(id.ObjectsFolder), id.Organizes, node)
	}
	server, err := uaserver.New(uaserver.Config{Listen: "127.0.0.1:0", ApplicationURI: "urn:many", ProductURI: "urn:many", ApplicationName: "many", MaxItems: limit}, space, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// Nodes that do not fit into one subscription are in several, and are all monitored within a minute: 100,000 in the long form.
func TestManyNodes(t *testing.T) {
	const fields, limit = 1000, 5000
	n, within := 12_000, 30*time.Second
	if long() {
		n, within = 100_000, time.Minute
	}
	endpoint := manyNodes(t, n, limit)
	var writers []model.DataSetWriter
	for from := 0; from < n; from += fields {
		w := model.DataSetWriter{Gateway: "gw", Group: "group", Name: fmt.Sprintf("w%d", from), Server: "plant", GroupID: 1, WriterID: uint16(from/fields + 1), PublishingInterval: 5 * time.Second}
		for i := from; i < from+fields; i++ {
			w.Fields = append(w.Fields, model.PublishedField{Name: fmt.Sprint(i), NodeID: model.ExpandedNodeID{NodeID: model.NumericID(0, uint32(i+1)), NamespaceURI: "urn:many"}})
		}
		writers = append(writers, w)
	}
	start := time.Now()
	source := run(t, config(endpoint, &recorder{}), writers...)
	monitored := func(want int) {
		t.Helper()
		eventually(t, within, func() bool {
			time.Sleep(90 * time.Millisecond)
			st := source.Status()
			return st.MonitoredItems == want && st.BadItems == 0
		}, func() string {
			st := source.Status()
			for _, w := range source.Writers() {
				if w.BadCount > 0 {
					return fmt.Sprintf("%d nodes are monitored: %d, %d bad, %.300s", want, st.MonitoredItems, st.BadItems, fmt.Sprint(w))
				}
			}
			return fmt.Sprintf("%d nodes are monitored: %+v", want, st)
		})
	}
	monitored(n)
	t.Logf("%d nodes were monitored after %v, in %d subscriptions, with %d requests", n, time.Since(start), len(source.publishing.all()), source.Requests())
	if parts := len(source.publishing.all()); parts != (n+limit-1)/limit {
		t.Errorf("%d subscriptions for %d nodes, want %d", parts, n, (n+limit-1)/limit)
	}
	for _, w := range source.Writers() {
		if w.Active != fields || w.BadCount != 0 {
			t.Errorf("writer %s has %d active and %d bad fields", w.Writer, w.Active, w.BadCount)
		}
	}
	source.Configure(writers[:1])
	monitored(fields)
	eventually(t, within, func() bool { return len(source.publishing.all()) == 1 }, func() string { return "subscriptions without items end" })
	source.Configure(writers)
	monitored(n)
}
