package ingest

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxTextSteps bounds the exact values that one query aggregates.
const maxTextSteps = 1_000_000

// textSteps aggregates the exact values of a series that has no numbers, one point more than q.Limit if there is one.
func (h *History) textSteps(ctx context.Context, q model.HistoryQuery) ([]model.HistoryPoint, error) {
	s := textSteps{from: q.From.UnixMilli(), step: q.Step.Milliseconds()}
	switch q.Aggregate {
	case "count":
		s.add = countText
	case "first":
		s.add = keepFirst
	case "last":
		s.add = keepLast
	default:
		return nil, h.refuseText(ctx, q)
	}
	c := textCursor{reader: h.Text, id: q.Series, from: q.From, to: q.To}
	for !c.done && len(s.points) <= q.Limit {
		if c.count > maxTextSteps {
			return nil, fmt.Errorf("%w: more than %d values to aggregate: ask for a shorter time", ErrInvalid, maxTextSteps)
		}
		values, err := c.next(ctx, maxTextPage)
		if err != nil {
			return nil, err
		}
		for i := range values {
			s.take(&values[i])
		}
	}
	return s.points, nil
}

// refuseText errs when there is anything that q's aggregate would have to be computed of.
func (h *History) refuseText(ctx context.Context, q model.HistoryQuery) error {
	values, err := h.Text.Text(ctx, q.Series, q.From, q.To, 1)
	if err != nil || len(values) == 0 {
		return err
	}
	return fmt.Errorf("%w: aggregate %q: the values are no numbers: use count, first or last, or leave out step for the values themselves", ErrInvalid, q.Aggregate)
}

// textSteps makes one point of the values of each step; a step without values has none.
type textSteps struct {
	// from is the beginning of the first step and step the length of each, in milliseconds.
	from, step int64
	// add adds a value to the point of its step. The first value of a step has made the point.
	add    func(*model.HistoryPoint, *TextValue)
	points []model.HistoryPoint
}

func (s *textSteps) take(v *TextValue) {
	if v.Value.Status.IsBad() {
		return
	}
	begin := v.Time - (v.Time-s.from)%s.step
	if n := len(s.points); n == 0 || s.points[n-1].Time != begin {
		s.points = append(s.points, model.HistoryPoint{Time: begin})
	}
	s.add(&s.points[len(s.points)-1], v)
}

func countText(p *model.HistoryPoint, _ *TextValue) { p.Number++ }

func keepFirst(p *model.HistoryPoint, v *TextValue) {
	if p.Value == nil {
		keepLast(p, v)
	}
}

func keepLast(p *model.HistoryPoint, v *TextValue) {
	value := v.Value // not the page that it is in
	*p = model.ExactPoint(p.Time, &value)
}
