package opcua

import (
	"context"
	"fmt"
	"slices"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// HistoryUpdate implements edge.HistoryUpdater. Values are coerced to the DataType and ValueRank of their node, those of events to the types of their
// fields; what does not fit is not sent. Items of one kind that follow one another are one request, as far as the limits allow, in their order.
func (s *Source) HistoryUpdate(ctx context.Context, items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error) {
	total := 0
	for i := range items {
		total += 1 + entriesOf(&items[i])
	}
	if total > model.MaxHistoryTotal {
		return nil, fmt.Errorf("%d items have %d entries, the limit is %d: %w", len(items), total, model.MaxHistoryTotal, model.StatusBadTooManyOperations)
	}
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	u := &historyUpdating{session: ses, results: make([]model.HistoryUpdateResult, len(items)), types: map[model.ExpandedNodeID]*eventType{}}
	if err := u.prepare(ctx, items); err != nil {
		return nil, fmt.Errorf("update history: %w", err)
	}
	for rest := u.updates; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].details.typeID == rest[0].details.typeID {
			n++
		}
		if err := u.run(ctx, rest[:n]); err != nil {
			return nil, fmt.Errorf("update history: %w", err)
		}
		rest = rest[n:]
	}
	if err := u.explain(ctx); err != nil {
		return nil, fmt.Errorf("update history: %w", err)
	}
	return u.results, nil
}

// entriesOf is how many results an item has.
func entriesOf(h *model.HistoryUpdate) int {
	switch h.Kind {
	case model.HistoryUpdateData:
		return len(h.Values)
	case model.HistoryUpdateEvents:
		return len(h.Events)
	case model.HistoryDeleteAtTimes:
		return len(h.Times)
	case model.HistoryDeleteEvents:
		return len(h.EventIDs)
	}
	return 0
}

// historyUpdating is one HistoryUpdate.
type historyUpdating struct {
	session *session
	results []model.HistoryUpdateResult
	updates []*historyUpdate // those that are sent
	types   map[model.ExpandedNodeID]*eventType
}

// historyUpdate is one item that is sent.
type historyUpdate struct {
	item    *model.HistoryUpdate
	result  *model.HistoryUpdateResult
	node    model.NodeID
	details historyDetails
	sent    []int // place in the request → in Results
}

func (u *historyUpdate) events() bool {
	return u.item.Kind == model.HistoryUpdateEvents || u.item.Kind == model.HistoryDeleteEvents
}

func refuseUpdate(r *model.HistoryUpdateResult, status model.StatusCode, format string, args ...any) {
	r.Status, r.Message = status, fmt.Sprintf(format, args...)
}

// prepare coerces the values and encodes the items. The error is one of the connection.
func (u *historyUpdating) prepare(ctx context.Context, items []model.HistoryUpdate) error {
	var nodes []model.NodeID
	var prepared []*historyUpdate
	for i := range items {
		h := &historyUpdate{item: &items[i], result: &u.results[i]}
		var err error
		if h.node, err = u.session.namespaces.Resolve(h.item.NodeID); err != nil {
			refuseUpdate(h.result, model.StatusBadNodeIdUnknown, "%v", err)
			continue
		}
		if problem := invalidUpdate(h.item); problem != "" {
			refuseUpdate(h.result, model.StatusBadInvalidArgument, "%s", problem)
			continue
		}
		if h.item.Kind == model.HistoryUpdateData {
			nodes = append(nodes, h.node)
		}
		prepared = append(prepared, h)
	}
	types, status, err := u.session.variableTypes(ctx, nodes)
	if err != nil {
		return err
	}
	for _, h := range prepared {
		var err error
		switch h.item.Kind {
		case model.HistoryUpdateData:
			t, s := types[0], status[0]
			types, status = types[1:], status[1:]
			if s.IsBad() {
				refuseUpdate(h.result, s, "%s: cannot read its DataType", s.Name())
				continue
			}
			err = u.session.dataDetails(ctx, h, t)
		case model.HistoryUpdateEvents:
			err = u.session.eventDetails(ctx, h, u.types)
		default:
			err = u.session.deleteDetails(h)
		}
		switch {
		case err != nil && (ctx.Err() != nil || channelStatus(statusOf(err, 0)) || sessionGone(err)):
			return err
		case err != nil:
			refuseUpdate(h.result, statusOf(err, model.StatusBadInvalidArgument), "%v", err)
		case len(h.sent) == 0 && h.item.Kind != model.HistoryDeleteRaw:
			refuseUpdate(h.result, model.StatusBadNothingToDo, "none of its entries can be sent")
		default:
			u.updates = append(u.updates, h)
		}
	}
	return nil
}

// invalidUpdate tells what no server can do; "" for nothing.
func invalidUpdate(h *model.HistoryUpdate) string {
	performs := h.Kind == model.HistoryUpdateData || h.Kind == model.HistoryUpdateEvents
	switch {
	case h.Kind > model.HistoryDeleteEvents:
		return fmt.Sprintf("there is no kind %d of update", h.Kind)
	case h.Kind != model.HistoryDeleteRaw && entriesOf(h) == 0:
		return "there is nothing in it"
	case performs && (h.Perform < model.HistoryInsert || h.Perform > model.HistoryUpsert):
		return fmt.Sprintf("%d is none of insert, replace and update", h.Perform)
	case h.Kind == model.HistoryDeleteRaw && (h.Start.IsZero() || h.End.IsZero() || h.Start > h.End):
		return "a time from and a later time to are needed"
	case h.Kind == model.HistoryUpdateEvents && len(h.Fields) == 0:
		return "the fields of the events are not named"
	}
	return ""
}

// run sends updates of one kind, part by part.
func (u *historyUpdating) run(ctx context.Context, updates []*historyUpdate) error {
	limit := &u.session.limits.historyUpdate
	if updates[0].events() {
		limit = &u.session.limits.historyUpdateEvents
	}
	return limit.each(len(updates), func(from, to int) error {
		part := updates[from:to]
		results, err := u.session.updateBatch(ctx, part)
		switch {
		case refusal(err):
			for _, h := range part {
				h.answer(&updateResult{status: statusOf(err, 0)})
			}
			return nil
		case err != nil && tooLarge(err) && !notTried(err):
			for _, h := range part { // not sent again: an entry is not inserted twice
				h.answer(&updateResult{status: statusOf(err, model.StatusBadDecodingError)})
				refuseUpdate(h.result, h.result.Status, "the server may have done it, but its result did not come: %v", err)
			}
			return nil
		case err != nil:
			return err
		}
		for i := range results {
			part[i].answer(&results[i])
		}
		return nil
	}, nil)
}

// answer takes the server's result.
func (u *historyUpdate) answer(r *updateResult) {
	u.result.Status = r.status
	for j, i := range u.sent {
		switch {
		case j < len(r.operations):
			u.result.Results[i].Status = r.operations[j]
		default:
			u.result.Results[i].Status = r.status
		}
	}
}

// updateBatch sends one request.
func (s *session) updateBatch(ctx context.Context, updates []*historyUpdate) ([]updateResult, error) {
	req := &ua.HistoryUpdateRequest{}
	for _, h := range updates {
		req.HistoryUpdateDetails = append(req.HistoryUpdateDetails, h.details.object())
	}
	var r uadp.Binary
	m, err := s.exchange(ctx, s.token, req, id.HistoryUpdateResponse_Encoding_DefaultBinary, s.timeout, &r)
	if err != nil {
		if sessionGone(err) {
			s.Fail(err)
		}
		return nil, err
	}
	defer m.Release()
	return updateResults(&r, len(updates))
}

// explain gives Bad results messages that say what to do.
func (u *historyUpdating) explain(ctx context.Context) error {
	var asked []*historyUpdate
	var nodes []*ua.NodeID
	for _, h := range u.updates {
		if h.result.Status.IsBad() && h.result.Message == "" && slices.Contains(explained, h.result.Status) {
			asked, nodes = append(asked, h), append(nodes, uaNodeID(h.node))
		}
	}
	access, err := u.session.historyAccess(ctx, nodes, func(i int) bool { return asked[i].events() })
	if err != nil {
		return err
	}
	for i, h := range asked {
		h.result.Message = access[i].denial(model.AccessHistoryWrite, h.events())
	}
	for _, h := range u.updates {
		if h.result.Status.IsBad() && h.result.Message == "" {
			h.result.Message = entryRemedy(h.result.Status)
		}
		for i := range h.result.Results {
			if r := &h.result.Results[i]; r.Status.IsBad() && r.Message == "" {
				r.Message = entryRemedy(r.Status)
			}
		}
	}
	return nil
}

// entryRemedy tells what to do about the Bad status of an update or of one of its entries.
func entryRemedy(s model.StatusCode) string {
	switch s {
	case model.StatusBadEntryExists:
		return "there is an entry of this time already; replace it, or upsert"
	case model.StatusBadNoEntryExists, model.StatusBadNoData:
		return "there is no entry of this time; insert it, or upsert"
	case model.StatusBadHistoryOperationUnsupported, model.StatusBadServiceUnsupported, model.StatusBadNotSupported, model.StatusBadNotImplemented:
		return "the server does not let its history be changed so; see its historyCapabilities"
	case model.StatusBadUserAccessDenied:
		return "the gateway's user may not do this; give the user the right at the server, or connect as another"
	case model.StatusBadInvalidTimestamp, model.StatusBadInvalidTimestampArgument:
		return "the server does not take this time"
	case model.StatusBadTypeMismatch:
		return "the value does not fit the node's type"
	}
	if r := s.Remedy(); r != "" {
		return r
	}
	return "the server refused it"
}
