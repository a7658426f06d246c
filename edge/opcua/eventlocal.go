package opcua

import (
	"fmt"
	"slices"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/contentfilter"
)

// A server need not know where clauses, or not all operators (Part 4, 7.22.3; the profiles have a facet of their own for them). Where it refuses a filter for
// that, the item is asked for once more without where clause and with the fields that the clause looks at, and the gateway applies the clause to what comes.

// localWhere is the where clause of an item that the gateway applies.
type localWhere struct {
	// extra are selected behind the selects of the filter, for the clause alone.
	extra  []attributeOperand
	filter *contentfilter.Filter
	// eventType is the place of the EventType among the fields.
	eventType int
	// refusal is why the server does not apply it.
	refusal model.StatusCode
}

// local compiles the where clause for the gateway. The error says what only a server can evaluate.
func (f *eventFilter) local() (*localWhere, error) {
	l := &localWhere{eventType: f.eventType}
	elements := make([]contentfilter.Element, len(f.where))
	for i := range f.where {
		e := &elements[i]
		e.Operator = contentfilter.Operator(f.where[i].operator)
		for j := range f.where[i].operands {
			switch o := &f.where[i].operands[j]; {
			case o.element != nil:
				e.Operands = append(e.Operands, contentfilter.Operand{Kind: contentfilter.ElementAt, Index: int(*o.element)})
			case o.attribute != nil:
				e.Operands = append(e.Operands, contentfilter.Operand{Kind: contentfilter.EventsField, Index: l.place(f, o.attribute)})
			default:
				e.Operands = append(e.Operands, contentfilter.Operand{Value: o.literal})
			}
		}
	}
	var err error
	l.filter, err = contentfilter.New(elements, len(f.selects)+len(l.extra))
	return l, err
}

// place finds the field of an operand among those that are selected, and selects it if it is not.
func (l *localWhere) place(f *eventFilter, o *attributeOperand) int {
	same := func(p attributeOperand) bool { p.name = o.name; return p.equal(*o) }
	if i := slices.IndexFunc(f.selects, same); i >= 0 {
		return i
	}
	i := slices.IndexFunc(l.extra, same)
	if i < 0 {
		i = len(l.extra)
		l.extra = append(l.extra, *o)
	}
	return len(f.selects) + i
}

// localWhere is the where clause that the gateway applies to the events of an item, nil when the server does or there is none.
func (i *item) localWhere() *localWhere {
	if i.notifier == nil {
		return nil
	}
	return i.notifier.where.Load()
}

// whereNote tells an operator that the gateway applies the where clause.
func (n *notifier) whereNote() string {
	l := n.where.Load()
	if l == nil {
		return ""
	}
	return fmt.Sprintf("the server takes no such where clause (%s): it sends all events of the node, and the gateway applies the clause", l.refusal.Name())
}

// filterHere decides, when a server has refused an item, whether the gateway applies its where clause. It tells that the item is to be asked for again.
func (s *subscription) filterHere(it *item, status model.StatusCode) bool {
	if it.events == nil || len(it.events.where) == 0 || !status.IsBad() || it.localWhere() != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &it.notifier.filter
	if it.state == itemGone || !refusesWhere(status, r) {
		return false
	}
	local, err := it.events.local()
	if err != nil {
		r.message += fmt.Sprintf("; the gateway cannot apply the where clause itself: %v", err)
		return false
	}
	local.refusal = status
	it.notifier.where.Store(local)
	s.p.cfg.log.Info().Stringer("status", status).Stringer("notifier", it.node).Msg("opc ua server does not take a where clause; the gateway applies it")
	return true
}

// filterThere has the server asked for the whole filter the next time. Under subscription.mu, of an item that is not at the server.
func (i *item) filterThere() {
	if i.notifier != nil {
		i.notifier.where.Store(nil)
	}
}

// refusesWhere tells whether a server does not know the where clause, rather than that something is wrong with it or with the selected fields.
func refusesWhere(status model.StatusCode, r *filterResult) bool {
	if r.faulty {
		return false
	}
	switch status {
	case model.StatusBadMonitoredItemFilterUnsupported, model.StatusBadFilterOperatorUnsupported, model.StatusBadFilterOperatorInvalid, model.StatusBadNotSupported,
		model.StatusBadNotImplemented:
		return true
	case model.StatusBadEventFilterInvalid, model.StatusBadContentFilterInvalid, model.StatusBadMonitoredItemFilterInvalid, model.StatusBadFilterNotAllowed:
		return !slices.ContainsFunc(r.selects, model.StatusCode.IsBad)
	}
	return false
}

// faultyElement tells whether a server finds an element wrong, and does not only not know its operator.
func faultyElement(e *ua.ContentFilterElementResult) bool {
	switch status := model.StatusCode(e.StatusCode); status {
	case model.StatusBadFilterOperatorUnsupported, model.StatusBadFilterOperatorInvalid, model.StatusBadNotSupported, model.StatusBadNotImplemented:
		return false
	default:
		return status.IsBad() || slices.ContainsFunc(e.OperandStatusCodes, func(s ua.StatusCode) bool { return model.StatusCode(s).IsBad() })
	}
}

// passes applies the where clause of an item to the event that the decoder holds, if the gateway is to. What the server tells of its queue or of a
// refresh of conditions is not subject to it (Part 4, 7.22.3; Part 9, 5.5.7).
func (s *subscription) passes(it *item) bool {
	l := it.localWhere()
	if l == nil {
		return true
	}
	t := s.decoder.event[l.eventType]
	return isEventType(t, idEventQueueOverflow) || isRefresh(t) && it.notifier.conditions != nil || l.filter.Passes(&localEvent{s.decoder.event, l, s.p.eventTypes})
}

// localEvent is an event as a where clause sees it.
type localEvent struct {
	fields []model.Variant
	where  *localWhere
	types  *eventTypes
}

func (e *localEvent) Field(i int) model.Variant { return e.fields[i] }

func (e *localEvent) IsOfType(id model.Variant) bool {
	return e.types.isA(e.fields[e.where.eventType], id)
}
