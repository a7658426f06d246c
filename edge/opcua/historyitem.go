package opcua

import (
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyItem is one item with what was read so far.
type historyItem struct {
	read      *model.HistoryRead
	node      *ua.NodeID
	aggregate model.NodeID // of HistoryProcessed
	filter    *eventFilter // of HistoryEvents
	names     []string     // of its fields

	status  model.StatusCode
	message string
	page    historyPage
	skipped int  // entries that were at or before the position After
	empty   int  // pages without entries, in a row
	broken  bool // the server gave up the continuation point before the end
}

// wanted is how many entries the server is asked for: one more than the answer takes tells whether there are more.
func (h *historyItem) wanted() int { return h.read.Limit + h.read.After.N + 1 }

func (h *historyItem) fail(status model.StatusCode, message string) {
	h.status, h.message = status, message
}

// count is how many entries were taken.
func (h *historyItem) count() int { return len(h.page.values) + len(h.page.events) }

// take adds a page, without what is at or before the position behind which the answer begins.
func (h *historyItem) take(p *historyPage) {
	if p.status == model.StatusBadContinuationPointInvalid && h.page.point != nil && h.read.Kind != model.HistoryAtTime && h.count() > 0 {
		h.page.point, h.broken = nil, true // needed for another request; what was read so far holds, and the next answer goes on behind it
		return
	}
	h.page.point = p.point
	if h.status = p.status; h.status.IsBad() {
		return
	}
	before := h.count()
	for i := range p.values {
		if at := p.values[i].Time(); h.skip(at) || h.beyond(at) {
			continue
		}
		h.page.values = append(h.page.values, p.values[i])
		if p.modifications != nil {
			h.page.modifications = append(h.page.modifications, p.modifications[i])
		}
	}
	for _, e := range p.events {
		if at := h.eventTime(e); !h.skip(at) && !h.beyond(at) {
			h.page.events = append(h.page.events, e)
		}
	}
	if h.empty++; h.count() > before || len(p.values)+len(p.events) > 0 {
		h.empty = 0
	}
}

// skip tells whether an entry of this time is at or before the position After. Servers whose clock is coarser than the position begin before it.
func (h *historyItem) skip(at model.DateTime) bool {
	a := h.read.After
	if a.IsZero() || h.count() > 0 || h.read.Kind == model.HistoryProcessed {
		return false
	}
	switch {
	case a.At.IsZero() || at == a.At:
		h.skipped++
		return h.skipped <= a.N
	case h.newestFirst():
		return at > a.At
	}
	return at < a.At
}

// beyond tells whether an entry is at the end or behind it, where some servers go too.
func (h *historyItem) beyond(at model.DateTime) bool {
	r := h.read
	if r.Bounds && at >= lastHistory || r.Bounds && r.Start.IsZero() && !at.IsZero() && at <= firstHistory {
		return true // the bound of a time that nobody asked for
	}
	if r.Bounds || r.End.IsZero() || r.Start == r.End || at.IsZero() || r.Kind == model.HistoryAtTime || r.Kind == model.HistoryProcessed {
		return false
	}
	switch {
	case r.Start.IsZero(): // then the end is where it begins, included
		return at > r.End
	case h.newestFirst():
		return at <= r.End
	}
	return at >= r.End
}

// newestFirst tells whether time goes backward.
func (h *historyItem) newestFirst() bool {
	r := h.read
	return r.Kind != model.HistoryAtTime && (r.Start.IsZero() || !r.End.IsZero() && r.Start > r.End)
}

// ascends tells whether time goes forward from the first entry to the last.
func (h *historyItem) ascends() bool {
	first, last := model.DateTime(0), model.DateTime(0)
	if n := len(h.page.values); n > 0 {
		first, last = h.page.values[0].Time(), h.page.values[n-1].Time()
	}
	if n := len(h.page.events); n > 0 {
		first, last = h.eventTime(h.page.events[0]), h.eventTime(h.page.events[n-1])
	}
	return first < last
}

// eventTime is the Time of an event; 0 when it has none.
func (h *historyItem) eventTime(e []model.Variant) model.DateTime {
	if i := h.filter.place("Time"); i >= 0 && i < len(e) {
		return e[i].DateTime()
	}
	return 0
}

// finish makes the result, and returns the values in it.
func (h *historyItem) finish(r *model.HistoryReadResult) (variants []*model.Variant) {
	r.Status, r.Message = h.status, h.message
	if h.status.IsBad() {
		return nil
	}
	r.Values, r.Modifications, r.Names = h.page.values, h.page.modifications, h.names
	if r.More = h.broken; h.read.Kind == model.HistoryProcessed && !h.broken {
		_, _, r.More = intervalPage(h.read)
	}
	if limit := h.read.Limit; h.read.Kind != model.HistoryAtTime && h.count() > limit {
		r.More = true
		r.Values = r.Values[:min(limit, len(r.Values))]
		r.Modifications = r.Modifications[:min(limit, len(r.Modifications))]
		h.page.events = h.page.events[:min(limit, len(h.page.events))]
	}
	for i := range r.Values {
		variants = append(variants, &r.Values[i].Value)
	}
	for _, e := range h.page.events {
		r.EventTimes = append(r.EventTimes, h.eventTime(e))
		row := make([]model.Variant, h.filter.fields)
		copy(row, e)
		r.Events = append(r.Events, row)
		for i := range row {
			variants = append(variants, &row[i])
		}
	}
	return variants
}
