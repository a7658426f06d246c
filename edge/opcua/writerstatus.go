package opcua

import (
	"cmp"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// status reports all desired writers, in the order of their names.
func (w *writers) status() []model.WriterStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	var r []model.WriterStatus
	for key, want := range w.desired {
		s := model.WriterStatus{Writer: key}
		if o := w.open[key]; o != nil {
			if o.err != nil {
				s.Error = o.err.Error()
			}
			switch {
			case o.set == nil:
			case o.feed != nil:
				w.tellFeed(o, &s)
			case o.event != nil:
				w.tellEvents(o, &s)
			default:
				w.countItems(o, &s)
			}
		}
		if s.Active == 0 && s.BadCount == 0 {
			s.BadCount = len(want.Fields)
			if want.Events != nil {
				s.BadCount = 1 // how many fields there will be is not known
			}
		}
		r = append(r, s)
	}
	slices.SortFunc(r, func(a, b model.WriterStatus) int { return cmp.Compare(a.Writer.String(), b.Writer.String()) })
	return r
}

func (w *writers) countItems(o *writer, s *model.WriterStatus) {
	sub := w.source.publishing.subscription(o.key)
	if sub != nil {
		sub.mu.Lock()
		defer sub.mu.Unlock()
	}
	s.Late, s.WatchdogEvents = o.watch.late, o.watch.acted
	for i, it := range o.items {
		r := o.read(i)
		if it != nil && it.state == itemActive && !it.status().IsBad() || r != nil && r.works() {
			s.Active++
			continue
		}
		s.BadCount++
		if len(s.Bad) < maxBadItems {
			state := o.badly[i].tell()
			switch {
			case r != nil:
				state.Status = model.StatusCode(r.counts.status.Load())
			case it != nil:
				state = model.ItemState{NodeID: it.node, State: model.NodeBad}
				if it.fault != nil {
					state.Status, state.Message = it.fault.status, it.fault.message
				}
			}
			if state.Status.IsGood() {
				state.State, state.Status, state.Message = model.NodeCreating, model.StatusBadWaitingForInitialData, "not monitored yet"
			}
			state.Field = o.config.Fields[i].Name
			s.Bad = append(s.Bad, state)
		}
	}
}
