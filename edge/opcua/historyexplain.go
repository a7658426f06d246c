package opcua

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyAccess is what a node lets be done with its history.
type historyAccess struct {
	known      bool
	level      model.AccessLevel // of a variable, or the EventNotifier of an object, whose bits are the same
	user       model.AccessLevel // for the session's user; as level where the server does not tell
	historizes bool
}

// historyAccess reads it of nodes, all in one go.
func (s *session) historyAccess(ctx context.Context, nodes []*ua.NodeID, events func(i int) bool) ([]historyAccess, error) {
	const perNode = 3
	var reads []*ua.ReadValueID
	for i, n := range nodes {
		ids := [perNode]ua.AttributeID{ua.AttributeIDAccessLevel, ua.AttributeIDUserAccessLevel, ua.AttributeIDHistorizing}
		if events(i) {
			ids = [perNode]ua.AttributeID{ua.AttributeIDEventNotifier, ua.AttributeIDEventNotifier, ua.AttributeIDEventNotifier}
		}
		for _, a := range ids {
			reads = append(reads, &ua.ReadValueID{NodeID: n, AttributeID: a})
		}
	}
	values, err := s.readValues(ctx, reads)
	if err != nil {
		return nil, err
	}
	access := make([]historyAccess, len(nodes))
	for i := range access {
		v, a := values[perNode*i:perNode*i+perNode], &access[i]
		a.known = v[0].Value.Type() == model.TypeByte && !v[0].Value.IsArray()
		a.level = model.AccessLevel(v[0].Value.Uint())
		if a.user = a.level; v[1].Value.Type() == model.TypeByte && !v[1].Value.IsArray() {
			a.user = model.AccessLevel(v[1].Value.Uint())
		}
		a.historizes = events(i) || v[2].Value.Bool()
	}
	return access, nil
}

// denial says why history cannot be had, or changed with the bit AccessHistoryWrite; "" where the attributes do not tell.
func (a *historyAccess) denial(bit model.AccessLevel, events bool) string {
	what, attribute := "HistoryRead", "AccessLevel"
	if bit == model.AccessHistoryWrite {
		what = "HistoryWrite"
	}
	if events {
		attribute = "EventNotifier"
	}
	switch {
	case !a.known:
		return ""
	case a.level&bit == 0 && !a.historizes:
		return fmt.Sprintf("the server keeps no history of this node: its %s lacks %s and it is not Historizing; have its history enabled at the server", attribute, what)
	case a.level&bit == 0:
		return fmt.Sprintf("the server does not offer this: the node's %s lacks %s", attribute, what)
	case a.user&bit == 0:
		return fmt.Sprintf("the gateway's user may not do this: the node's UserAccessLevel lacks %s; give the user the right at the server, or connect as another", what)
	}
	return ""
}

// explained are the statuses of which the node's attributes may tell why.
var explained = []model.StatusCode{
	model.StatusBadHistoryOperationUnsupported, model.StatusBadHistoryOperationInvalid, model.StatusBadUserAccessDenied, model.StatusBadNotReadable,
	model.StatusBadNotSupported, model.StatusBadNodeIdInvalid, model.StatusBadNotWritable, model.StatusBadNoDataAvailable, model.StatusBadInvalidArgument,
	model.StatusBadServiceUnsupported,
}

// aboutAggregates are the statuses that say that a server does not compute an aggregate.
var aboutAggregates = []model.StatusCode{
	model.StatusBadAggregateNotSupported, model.StatusBadHistoryOperationUnsupported, model.StatusBadNotSupported, model.StatusBadNotImplemented,
	model.StatusBadServiceUnsupported,
}

// explain gives Bad results messages that say what to do.
func (r *historyReading) explain(ctx context.Context, results []model.HistoryReadResult) error {
	var asked []int
	var nodes []*ua.NodeID
	aggregates := false
	for i := range results {
		h := &r.items[i]
		if h.status.IsBad() && h.message == "" {
			if slices.Contains(explained, h.status) {
				asked, nodes = append(asked, i), append(nodes, h.node)
			}
			aggregates = aggregates || h.read.Kind == model.HistoryProcessed && slices.Contains(aboutAggregates, h.status)
		}
	}
	access, err := r.session.historyAccess(ctx, nodes, func(i int) bool { return r.items[asked[i]].read.Kind == model.HistoryEvents })
	if err != nil {
		return err
	}
	for j, i := range asked {
		h := &r.items[i]
		h.message = access[j].denial(model.AccessHistoryRead, h.read.Kind == model.HistoryEvents)
	}
	var functions []model.AggregateFunction
	if aggregates {
		if functions, err = r.session.aggregateFunctions(ctx); err != nil {
			return err
		}
	}
	for i := range results {
		h := &r.items[i]
		if !h.status.IsBad() {
			continue
		}
		if h.message == "" {
			h.message = h.remedy(functions)
		}
		results[i].Message = h.message
	}
	return nil
}

// remedy tells what to do about a Bad status.
func (h *historyItem) remedy(functions []model.AggregateFunction) string {
	switch h.status {
	case model.StatusBadAggregateNotSupported:
		return fmt.Sprintf("the server does not compute the aggregate %s; %s", h.read.Aggregate, listAggregates(functions))
	case model.StatusBadAggregateConfigurationRejected:
		return "the server does not take this configuration; leave it out for the server's own"
	case model.StatusBadAggregateInvalidInputs:
		return "the aggregate does not fit the type of the values, or the interval the time"
	case model.StatusBadBoundNotFound:
		return "the server has no values for the bounds of this time; ask without bounds"
	case model.StatusBadBoundNotSupported:
		return "the server gives no bounds; ask without"
	case model.StatusBadInvalidTimestampArgument, model.StatusBadInvalidTimestamp:
		return "the server does not take this time; from and to must not be equal, and not beyond what it keeps"
	case model.StatusBadTimestampNotSupported:
		return "the server does not keep such timestamps"
	case model.StatusBadHistoryOperationUnsupported, model.StatusBadNotSupported, model.StatusBadNotImplemented, model.StatusBadServiceUnsupported:
		if h.read.Kind == model.HistoryProcessed && len(functions) > 0 {
			return "the server does not compute this of this node; " + listAggregates(functions)
		}
		return [...]string{
			"the server does not offer to read raw values of this node", "the server does not keep modified values of this node",
			"the server does not interpolate at given times", "the server computes no aggregates of this node; read raw values",
			"the server keeps no events of this node",
		}[h.read.Kind]
	case model.StatusBadHistoryOperationInvalid:
		return "the server does not take this combination of times and limit"
	case model.StatusBadNoContinuationPoints:
		return "the server has no continuation point left; try again, or ask for a shorter time"
	case model.StatusBadDataUnavailable, model.StatusBadDataLost:
		return "the server has these values no longer, or not now"
	}
	return h.status.Remedy()
}

// listAggregates names functions for a message.
func listAggregates(functions []model.AggregateFunction) string {
	if len(functions) == 0 {
		return "it lists no aggregates that it does"
	}
	names := make([]string, len(functions))
	for i := range functions {
		names[i] = functions[i].Name
	}
	slices.Sort(names)
	return "it does " + strings.Join(names, ", ")
}
