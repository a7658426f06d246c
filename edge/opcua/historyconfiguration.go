package opcua

import (
	"context"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyProperties are the properties of a HistoricalDataConfiguration, then those of its AggregateConfiguration (Part 11, 5.2.3; Part 13, 4.2.1.2).
var historyProperties = []string{
	"Stepped", "Definition", "MaxTimeInterval", "MinTimeInterval", "ExceptionDeviation", "ExceptionDeviationFormat", "StartOfArchive",
	"StartOfOnlineArchive", "ServerTimestampSupported",
	"TreatUncertainAsBad", "PercentDataBad", "PercentDataGood", "UseSlopedExtrapolation",
}

// aggregateProperties is where those of the AggregateConfiguration begin.
const aggregateProperties = 9

// HistoryConfiguration implements edge.HistoryDescriber: a Browse, a TranslateBrowsePaths, a Read and a Browse for all nodes together, as far as the limits allow.
func (s *Source) HistoryConfiguration(ctx context.Context, nodes []model.ExpandedNodeID) ([]model.HistoryConfiguration, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]model.HistoryConfiguration, len(nodes))
	if err := ses.historyConfigurations(ctx, nodes, results); err != nil {
		return nil, fmt.Errorf("read history configuration: %w", err)
	}
	return results, nil
}

func (s *session) historyConfigurations(ctx context.Context, nodes []model.ExpandedNodeID, results []model.HistoryConfiguration) error {
	configurations, whose, err := s.configurationNodes(ctx, nodes, results)
	if err != nil || len(whose) == 0 {
		return err
	}
	var paths []*ua.BrowsePath
	for _, n := range configurations {
		for i, name := range historyProperties {
			path := property(n, name)
			if i >= aggregateProperties {
				path.RelativePath.Elements = append(step(uaNodeID(n), idHasComponent, &ua.QualifiedName{Name: "AggregateConfiguration"}).RelativePath.Elements,
					path.RelativePath.Elements...)
			}
			paths = append(paths, path)
		}
		paths = append(paths, step(uaNodeID(n), idHasComponent, &ua.QualifiedName{Name: "AggregateFunctions"}))
	}
	targets, err := s.translate(ctx, paths)
	if err != nil {
		return err
	}
	perNode := len(historyProperties) + 1
	var reads []*ua.ReadValueID
	var places []int // of the reads in targets
	var folders []model.NodeID
	var folderOf []int
	for i, t := range targets {
		switch {
		case t.node == nil:
		case i%perNode == perNode-1:
			folders, folderOf = append(folders, nodeID(t.node)), append(folderOf, whose[i/perNode])
		default:
			reads, places = append(reads, &ua.ReadValueID{NodeID: t.node, AttributeID: ua.AttributeIDValue}), append(places, i)
		}
	}
	values, err := s.readValues(ctx, reads)
	if err != nil {
		return err
	}
	for j, i := range places {
		if values[j].Status.IsGood() {
			setHistoryProperty(&results[whose[i/perNode]], i%perNode, values[j].Value)
		}
	}
	lists, err := s.aggregatesIn(ctx, folders)
	if err != nil {
		return err
	}
	for j, list := range lists {
		results[folderOf[j]].Aggregates = list
	}
	return nil
}

// configurationNodes finds the nodes' HistoricalDataConfigurations; those without one get a result that says so.
func (s *session) configurationNodes(ctx context.Context, nodes []model.ExpandedNodeID, results []model.HistoryConfiguration) (found []model.NodeID, whose []int, err error) {
	var ids []model.NodeID
	var asked []int
	for i := range nodes {
		n, err := s.namespaces.Resolve(nodes[i])
		if err != nil {
			results[i] = model.HistoryConfiguration{Status: model.StatusBadNodeIdUnknown, Message: err.Error()}
			continue
		}
		ids, asked = append(ids, n), append(asked, i)
	}
	browsed, err := s.browse(ctx, forward(ids, idHasHistoricalConfiguration), maxParents)
	if err != nil {
		return nil, nil, err
	}
	for j, b := range browsed {
		i := asked[j]
		var at *ua.NodeID
		for _, r := range b.references {
			if at == nil {
				at = s.local(r.NodeID)
			}
		}
		switch {
		case b.status.IsBad():
			results[i] = model.HistoryConfiguration{Status: b.status, Message: fmt.Sprintf("browse %s: %s", nodes[i], b.status.Name())}
		case at == nil:
			results[i] = model.HistoryConfiguration{Status: model.StatusBadNotFound, Message: fmt.Sprintf("the server tells of no HistoricalDataConfiguration of %s", nodes[i])}
		default:
			found, whose = append(found, nodeID(at)), append(whose, i)
		}
	}
	return found, whose, nil
}

// setHistoryProperty takes a property over. One of another type than the standard's is left out.
func setHistoryProperty(c *model.HistoryConfiguration, property int, v model.Variant) {
	number, isNumber := v.Number()
	flag := boolOf(&model.DataValue{Value: v})
	if property >= aggregateProperties && c.Aggregate == nil {
		c.Aggregate = &model.AggregateConfiguration{}
	}
	switch historyProperties[property] {
	case "Stepped":
		c.Stepped = flag
	case "Definition":
		c.Definition = v.Clone().Text()
	case "MaxTimeInterval":
		c.MaxTimeInterval = durationOf(number, isNumber)
	case "MinTimeInterval":
		c.MinTimeInterval = durationOf(number, isNumber)
	case "ExceptionDeviation":
		if isNumber {
			c.ExceptionDeviation = &number
		}
	case "ExceptionDeviationFormat":
		if format := int32(number); isNumber {
			c.ExceptionDeviationFormat = &format
		}
	case "StartOfArchive":
		c.StartOfArchive = v.DateTime()
	case "StartOfOnlineArchive":
		c.StartOfOnlineArchive = v.DateTime()
	case "ServerTimestampSupported":
		c.ServerTimestampSupported = flag
	case "TreatUncertainAsBad":
		c.Aggregate.TreatUncertainAsBad = v.Bool()
	case "PercentDataBad":
		c.Aggregate.PercentDataBad = uint8(v.Uint())
	case "PercentDataGood":
		c.Aggregate.PercentDataGood = uint8(v.Uint())
	case "UseSlopedExtrapolation":
		c.Aggregate.UseSlopedExtrapolation = v.Bool()
	}
}

// durationOf is a Duration of OPC UA, in milliseconds; nil for what is none.
func durationOf(ms float64, ok bool) *time.Duration {
	const most = float64(1<<63-1) / float64(time.Millisecond) / 2
	if !ok || !(ms >= 0 && ms < most) {
		return nil
	}
	d := time.Duration(ms * float64(time.Millisecond))
	return &d
}
