package opcua

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyDetails are the details of a HistoryRead or an update as they are sent (Part 11, 6.4, 6.8). gopcua's own take no DateTime beyond 2262 and lose
// values that it cannot encode.
type historyDetails struct {
	typeID uint32
	body   []byte
}

// object puts the details into a request.
func (d historyDetails) object() *ua.ExtensionObject {
	return &ua.ExtensionObject{
		TypeID: ua.NewFourByteExpandedNodeID(0, uint16(d.typeID)), EncodingMask: uint8(model.ExtensionBinary), Value: &rawBody{d.body},
	}
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendTime(b []byte, t model.DateTime) []byte {
	return binary.LittleEndian.AppendUint64(b, uint64(max(t, 0)))
}

func appendTimes(b []byte, times []model.DateTime) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(times)))
	for _, t := range times {
		b = appendTime(b, t)
	}
	return b
}

func appendByteString(b, s []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

func appendNodeID(b []byte, n model.NodeID) ([]byte, error) {
	x, err := uaNodeID(n).Encode()
	return append(b, x...), err
}

// firstHistory is before all histories: not all servers take an earlier time. lastHistory is behind them.
var (
	firstHistory = model.DateTimeOf(time.Unix(0, 0))
	lastHistory  = model.DateTimeOf(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))
)

// readDetails makes the details of the items, which differ in their nodes and aggregates alone.
func (s *session) readDetails(items []*historyItem) (historyDetails, error) {
	r := items[0].read
	start, end := r.Start, r.End
	if start.IsZero() { // asyncua takes no end without a start
		start, end = r.End, firstHistory
	} else if end.IsZero() { // open62541 takes no end for one before the start, and answers backwards
		end = lastHistory
	}
	if !r.After.At.IsZero() {
		start = r.After.At
	}
	switch r.Kind {
	case model.HistoryRaw, model.HistoryModified:
		b := appendBool(nil, r.Kind == model.HistoryModified)
		b = appendTime(appendTime(b, start), end)
		b = binary.LittleEndian.AppendUint32(b, uint32(items[0].wanted()))
		return historyDetails{id.ReadRawModifiedDetails_Encoding_DefaultBinary, appendBool(b, r.Bounds)}, nil
	case model.HistoryAtTime:
		return historyDetails{id.ReadAtTimeDetails_Encoding_DefaultBinary, appendBool(appendTimes(nil, r.Times), r.SimpleBounds)}, nil
	case model.HistoryEvents:
		filter, err := items[0].filter.encode(s.namespaces, nil)
		if err != nil {
			return historyDetails{}, err
		}
		encoded, err := ua.Encode(filter.Value)
		if err != nil {
			return historyDetails{}, fmt.Errorf("encode event filter: %w", err)
		}
		b := binary.LittleEndian.AppendUint32(nil, uint32(items[0].wanted()))
		return historyDetails{id.ReadEventDetails_Encoding_DefaultBinary, append(appendTime(appendTime(b, start), end), encoded...)}, nil
	}
	return s.processedDetails(items)
}

// processedDetails has one aggregate for each node.
func (s *session) processedDetails(items []*historyItem) (historyDetails, error) {
	r := items[0].read
	start, end, _ := intervalPage(r)
	b := appendTime(appendTime(nil, start), end)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(r.Interval)/float64(time.Millisecond)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(items)))
	for _, item := range items {
		var err error
		if b, err = appendNodeID(b, item.aggregate); err != nil {
			return historyDetails{}, fmt.Errorf("encode aggregate: %w", err)
		}
	}
	c := r.Configuration
	b = appendBool(b, c == nil)
	if c == nil {
		c = &model.AggregateConfiguration{PercentDataBad: 100, PercentDataGood: 100}
	}
	b = append(appendBool(b, c.TreatUncertainAsBad), c.PercentDataBad, c.PercentDataGood)
	return historyDetails{id.ReadProcessedDetails_Encoding_DefaultBinary, appendBool(b, c.UseSlopedExtrapolation)}, nil
}

const ticksPerInterval = 100 // nanoseconds in a tick of a DateTime

// intervalPage is the time of the intervals that an answer has room for, behind the last one that was answered: more tells that there are others.
func intervalPage(r *model.HistoryRead) (start, end model.DateTime, more bool) {
	start, end = r.Start, r.End
	step := model.DateTime(r.Interval / ticksPerInterval)
	if step <= 0 {
		return start, end, false
	}
	if start > end {
		step = -step
	}
	if !r.After.At.IsZero() {
		start = r.After.At + step
	}
	page := start + step*model.DateTime(r.Limit)
	if step > 0 && page < end || step < 0 && page > end {
		return start, page, true
	}
	return start, end, false
}
