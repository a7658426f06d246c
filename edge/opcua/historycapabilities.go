package opcua

import (
	"context"
	"fmt"
	"slices"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxAggregateFunctions bounds the aggregates of a server; the standard has 37.
const maxAggregateFunctions = 500

// HistoryCapabilities implements edge.HistoryDescriber: one Read and one Browse.
func (s *Source) HistoryCapabilities(ctx context.Context, queries []model.HistoryCapabilitiesQuery) ([]model.HistoryCapabilities, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	c, err := ses.historyCapabilities(ctx)
	if err != nil {
		return nil, fmt.Errorf("read history capabilities: %w", err)
	}
	results := make([]model.HistoryCapabilities, len(queries))
	for i := range results {
		results[i] = *c
	}
	return results, nil
}

func (s *session) historyCapabilities(ctx context.Context) (*model.HistoryCapabilities, error) {
	c := &model.HistoryCapabilities{}
	flags := []struct {
		node uint32
		to   **bool
	}{
		{id.HistoryServerCapabilities_AccessHistoryDataCapability, &c.AccessHistoryData},
		{id.HistoryServerCapabilities_AccessHistoryEventsCapability, &c.AccessHistoryEvents},
		{id.HistoryServerCapabilities_InsertDataCapability, &c.InsertData},
		{id.HistoryServerCapabilities_ReplaceDataCapability, &c.ReplaceData},
		{id.HistoryServerCapabilities_UpdateDataCapability, &c.UpdateData},
		{id.HistoryServerCapabilities_DeleteRawCapability, &c.DeleteRaw},
		{id.HistoryServerCapabilities_DeleteAtTimeCapability, &c.DeleteAtTime},
		{id.HistoryServerCapabilities_InsertEventCapability, &c.InsertEvent},
		{id.HistoryServerCapabilities_ReplaceEventCapability, &c.ReplaceEvent},
		{id.HistoryServerCapabilities_UpdateEventCapability, &c.UpdateEvent},
		{id.HistoryServerCapabilities_DeleteEventCapability, &c.DeleteEvent},
		{id.HistoryServerCapabilities_InsertAnnotationCapability, &c.InsertAnnotation},
		{id.HistoryServerCapabilities_ServerTimestampSupported, &c.ServerTimestampSupported},
	}
	numbers := []struct {
		node uint32
		to   **uint32
	}{
		{id.HistoryServerCapabilities_MaxReturnDataValues, &c.MaxReturnDataValues},
		{id.HistoryServerCapabilities_MaxReturnEventValues, &c.MaxReturnEventValues},
		{idMaxHistoryContinuationPoints, &c.MaxHistoryContinuationPoints},
		{idMaxNodesPerHistoryReadData, &c.MaxNodesPerHistoryReadData},
		{idMaxNodesPerHistoryReadEvents, &c.MaxNodesPerHistoryReadEvents},
		{idMaxNodesPerHistoryUpdateData, &c.MaxNodesPerHistoryUpdateData},
		{idMaxNodesPerHistoryUpdateEvents, &c.MaxNodesPerHistoryUpdateEvents},
	}
	var reads []*ua.ReadValueID
	for _, f := range flags {
		reads = append(reads, &ua.ReadValueID{NodeID: ns0(f.node), AttributeID: ua.AttributeIDValue})
	}
	for _, n := range numbers {
		reads = append(reads, &ua.ReadValueID{NodeID: ns0(n.node), AttributeID: ua.AttributeIDValue})
	}
	values, err := s.readValues(ctx, reads)
	if err != nil {
		return nil, err
	}
	for i, f := range flags {
		*f.to = boolOf(&values[i])
	}
	for i, n := range numbers {
		if f, ok := values[len(flags)+i].Value.Number(); ok && values[len(flags)+i].Status.IsGood() && f >= 0 {
			u := uint32(f)
			*n.to = &u
		}
	}
	c.Aggregates, err = s.aggregateFunctions(ctx)
	return c, err
}

// boolOf is a Boolean; nil for anything else.
func boolOf(v *model.DataValue) *bool {
	if v.Status.IsBad() || v.Value.Type() != model.TypeBoolean || v.Value.IsArray() {
		return nil
	}
	b := v.Value.Bool()
	return &b
}

// aggregateFunctions are those that the server says that it computes; servers have them in one of two folders, or in both.
func (s *session) aggregateFunctions(ctx context.Context) ([]model.AggregateFunction, error) {
	lists, err := s.aggregatesIn(ctx, []model.NodeID{model.NumericID(0, idHistoryAggregateFunctions), model.NumericID(0, idAggregateFunctions)})
	if err != nil {
		return nil, err
	}
	functions := lists[0]
	for _, f := range lists[1] {
		if !slices.Contains(functions, f) {
			functions = append(functions, f)
		}
	}
	return functions, nil
}

// aggregatesIn lists the functions in folders; none for a folder that is not there.
func (s *session) aggregatesIn(ctx context.Context, folders []model.NodeID) ([][]model.AggregateFunction, error) {
	found, err := s.browse(ctx, forward(folders, idHierarchicalReferences), maxAggregateFunctions)
	if err != nil {
		return nil, err
	}
	lists := make([][]model.AggregateFunction, len(folders))
	for i, f := range found {
		for _, r := range f.references {
			if r.BrowseName != nil {
				lists[i] = append(lists[i], model.AggregateFunction{NodeID: expandExpanded(s.namespaces, r.NodeID), Name: r.BrowseName.Name})
			}
		}
	}
	return lists, nil
}
