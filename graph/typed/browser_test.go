//go:build unix

package typed_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// oneServer is the services of a source as those of server "plant".
type oneServer struct{ *opcua.Source }

func (oneServer) Servers() []string { return []string{"plant"} }

func (s oneServer) Browse(ctx context.Context, _ string, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	return s.Source.Browse(ctx, nodes)
}

func (s oneServer) Translate(ctx context.Context, _ string, paths []model.BrowsePath) ([]model.TranslateResult, error) {
	return s.Source.Translate(ctx, paths)
}

func (s oneServer) Read(ctx context.Context, _ string, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	return s.Source.Read(ctx, nodes)
}

func (s oneServer) Call(ctx context.Context, _ string, calls []model.CallRequest) ([]model.CallResult, error) {
	return s.Source.Call(ctx, calls)
}

// noDataSets takes no values.
type noDataSets struct{ edge.DataSets }

// undescribed drops descriptions: servers have none for the bits of option sets.
func undescribed(sdl string) (lines []string) {
	for line := range strings.Lines(sdl) {
		if !strings.HasPrefix(strings.TrimSpace(line), `"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

// The types that a server shows become the same schema as those of the node sets that it loaded.
func TestBrowsedTypesAreThoseOfTheNodeSets(t *testing.T) {
	peer := opcuatest.Start(t, opcuatest.Options{Env: []string{"COMPANION=di"}})
	source, err := opcua.New(opcua.Config{Server: model.Server{ID: "plant", EndpointURL: peer.Endpoint(), SecurityMode: model.SecurityNone}, DataSets: noDataSets{}}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- source.Run(ctx) }()
	defer func() { cancel(); <-done }()

	var nodes []*model.Node
	began := time.Now()
	for end := began.Add(2 * time.Minute); ; {
		if nodes, err = typed.BrowseTypes(ctx, oneServer{source}, "plant"); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond) // the interval of a poll
	}
	t.Logf("%d nodes, connected and browsed in %v", len(nodes), time.Since(began).Round(time.Millisecond))
	versions, err := typed.ModelVersions(ctx, oneServer{source}, "plant")
	if err != nil || versions[""] == "" || versions["http://opcfoundation.org/UA/DI/"] == "" {
		t.Errorf("versions %v, %v", versions, err)
	}
	t.Logf("versions %v", versions)
	b := typemodel.NewBuilder()
	b.Add(nodes)
	browsed, err := typed.Generate(b.Build(), typed.Options{Fixed: graph.Fixed(), Events: graph.EventSchema()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typed.Merge(graph.Sources(), browsed.SDL()); err != nil {
		t.Fatal(err)
	}
	files := generate(t, typed.Options{}, opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), opcuatest.NodeSet(t, "Opc.Ua.Di.NodeSet2.xml"), "../../edge/opcua/opcuatest/peer/plant-types.NodeSet2.xml")
	for _, prefix := range []string{"DI_", "ShopfloorPlantTypes_"} {
		got, want := undescribed(definitions(browsed.SDL(), prefix)), undescribed(definitions(files.SDL(), prefix))
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("types of %s differ: %s", prefix, diff)
		}
	}
}
