package graph

import (
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// positionPrefix tells the cursors of histories from others.
const positionPrefix = "h"

func historyCursor(p model.HistoryPosition) string {
	return cursor(positionPrefix + strconv.FormatInt(int64(p.At), 36) + "." + strconv.Itoa(p.N))
}

func historyPosition(after string) (p model.HistoryPosition, err error) {
	key, err := cursorKey(after)
	if err != nil {
		return p, err
	}
	text, isHistory := strings.CutPrefix(key, positionPrefix)
	at, n, ok := strings.Cut(text, ".")
	ticks, err := strconv.ParseInt(at, 36, 64)
	if err == nil {
		p.N, err = strconv.Atoi(n)
	}
	if err != nil || !isHistory || !ok || ticks < 0 || p.N < 1 || p.N > model.MaxHistoryTotal {
		return p, fieldError("after", "%q is no cursor of a history; take one from pageInfo or an edge", after)
	}
	p.At = model.DateTime(ticks)
	return p, nil
}

// historyConnection makes a page of values.
func historyConnection(r *model.HistoryRead, result *model.HistoryReadResult) *ServerHistoryConnection {
	c := &ServerHistoryConnection{Edges: make([]ServerHistoryEdge, len(result.Values)), Status: StatusCode{result.Status}}
	step := stepOf(r)
	at := r.After
	for i := range result.Values {
		v := HistoricalValue{DataValue: DataValue{value: result.Values[i]}}
		if i < len(result.Modifications) {
			v.modification = &result.Modifications[i]
		}
		if at = at.Next(result.Values[i].Time()); step != 0 {
			at = model.HistoryPosition{At: pageStart(r) + step*model.DateTime(i), N: 1}
		}
		c.Edges[i] = ServerHistoryEdge{Cursor: historyCursor(at), Node: v}
	}
	c.PageInfo = PageInfo{HasNextPage: result.More, HasPreviousPage: !r.After.IsZero()}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	if result.More && step != 0 { // some servers leave intervals out in which there is nothing
		end := historyCursor(model.HistoryPosition{At: pageStart(r) + step*model.DateTime(r.Limit-1), N: 1})
		c.PageInfo.EndCursor = &end
	}
	return c
}

// stepOf is how far one interval is from the next, 0 for what has none.
func stepOf(r *model.HistoryRead) model.DateTime {
	const tick = 100 // nanoseconds
	step := model.DateTime(r.Interval / tick)
	if r.Kind != model.HistoryProcessed {
		return 0
	}
	if r.Start > r.End {
		return -step
	}
	return step
}

// pageStart is where the first interval of a page begins.
func pageStart(r *model.HistoryRead) model.DateTime {
	if r.After.At.IsZero() {
		return r.Start
	}
	return r.After.At + stepOf(r)
}

// eventHistoryConnection makes a page of events.
func eventHistoryConnection(r *model.HistoryRead, result *model.HistoryReadResult) *EventHistoryConnection {
	c := &EventHistoryConnection{Edges: make([]EventHistoryEdge, len(result.Events)), Status: StatusCode{result.Status}}
	at := r.After
	for i, values := range result.Events {
		at = at.Next(result.EventTimes[i])
		e := HistoricalEvent{model.Event{Fields: make([]model.EventField, len(values))}}
		for j := range values {
			e.event.Fields[j] = model.EventField{Name: result.Names[j], Value: model.DataValue{Value: values[j]}}
		}
		e.event.Summarize(nil)
		c.Edges[i] = EventHistoryEdge{Cursor: historyCursor(at), Node: e}
	}
	c.PageInfo = PageInfo{HasNextPage: result.More, HasPreviousPage: !r.After.IsZero()}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c
}
