package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxTextBytes bounds the exact values of an answer, and those of one page; the length is that of their JSON.
	maxTextBytes = 8 << 20
	// firstTextPage is how many exact values are read before anything is known of their size.
	firstTextPage = 256
	// maxTextPage bounds the values of a page, however small they are. No TextReader is asked for more at once.
	maxTextPage = 100_000
)

// exact returns raw points: the numbers of the store and the exact values, one more than q.Limit if there is one. more tells that
// the values are too large for one answer.
func (h *History) exact(ctx context.Context, q model.HistoryQuery, sets [][]Matcher) (_ []model.HistoryPoint, more bool, err error) {
	texts, more, err := h.texts(ctx, q)
	if err != nil {
		return nil, false, err
	}
	if more {
		// Numbers behind the last exact value would hide those that were not read.
		q.To = time.UnixMilli(texts[len(texts)-1].Time + 1)
	}
	samples, err := h.samples(ctx, q, sets)
	return mergeExact(samples, texts), more, err
}

// texts reads exact values, one more than q.Limit if there is one. more tells that they were too large to read on.
func (h *History) texts(ctx context.Context, q model.HistoryQuery) (texts []TextValue, more bool, err error) {
	c := textCursor{reader: h.Text, id: q.Series, from: q.From, to: q.To}
	for !c.done && len(texts) <= q.Limit {
		if c.size > maxTextBytes {
			return texts, true, nil
		}
		page, err := c.next(ctx, q.Limit+1-len(texts))
		if err != nil {
			return nil, false, err
		}
		texts = append(texts, page...)
	}
	return texts, false, nil
}

// mergeExact joins numbers and exact values in order of time. Of one millisecond the exact values stay: the number is a rounded
// one of them, or the store had to choose among several.
func mergeExact(samples []Sample, texts []TextValue) []model.HistoryPoint {
	points := make([]model.HistoryPoint, 0, len(samples)+len(texts))
	for i := range texts {
		t := texts[i].Time
		for len(samples) > 0 && samples[0].Time < t {
			points = append(points, model.NumberPoint(samples[0]))
			samples = samples[1:]
		}
		for len(samples) > 0 && samples[0].Time == t {
			samples = samples[1:]
		}
		points = append(points, model.ExactPoint(t, &texts[i].Value))
	}
	for _, s := range samples {
		points = append(points, model.NumberPoint(s))
	}
	return points
}

// textCursor reads the exact values of one series in order of time, in pages that are bounded by bytes.
type textCursor struct {
	reader   TextReader
	id       model.SeriesID
	from, to time.Time
	// done tells that there are no more.
	done bool
	// count and size are the values read so far and the length of their JSON.
	count, size int
	json        []byte
}

// next reads some of the values that follow, more than want of them only if it has to.
func (c *textCursor) next(ctx context.Context, want int) ([]TextValue, error) {
	for page := c.page(want); ; page = min(2*page, maxTextPage) {
		values, err := c.reader.Text(ctx, c.id, c.from, c.to, page)
		if err != nil {
			return nil, err
		}
		n := len(values)
		if n < page {
			c.done = true
			return c.measure(values), nil
		}
		// More values of the last millisecond may follow: all of them come with the next page.
		last := values[n-1].Time
		for n > 0 && values[n-1].Time == last {
			n--
		}
		if n > 0 {
			c.from = time.UnixMilli(last)
			return c.measure(values[:n]), nil
		}
		if page >= maxTextPage {
			return nil, fmt.Errorf("more than %d values within the millisecond %s", page, time.UnixMilli(last).UTC().Format(time.RFC3339Nano))
		}
	}
}

// page is how many values to ask for, by the size of those before. It is one more than wanted, which next may hold back.
func (c *textCursor) page(want int) int {
	fitting := firstTextPage
	if c.count > 0 {
		fitting = maxTextBytes / max(1, c.size/c.count)
	}
	return max(2, min(want+1, fitting, maxTextPage))
}

func (c *textCursor) measure(values []TextValue) []TextValue {
	for i := range values {
		c.json = values[i].Value.Value.AppendJSON(c.json[:0])
		c.size += len(c.json)
	}
	c.count += len(values)
	return values
}
