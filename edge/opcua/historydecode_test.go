package opcua

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// historyBytes are the results of a HistoryReadResponse: one each of values, modified values and events, and one without.
func historyBytes() []byte {
	value := []byte{0x05, 11, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F} // value and source timestamp: Double 1, then the time
	value = binary.LittleEndian.AppendUint64(value, uint64(second(1)))
	values := slices.Concat(int32Bytes(1), value)
	info := slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(second(2))), int32Bytes(2), int32Bytes(2), []byte("op"))
	events := slices.Concat(int32Bytes(1), int32Bytes(2), []byte{12}, int32Bytes(2), []byte("hi"), []byte{0})
	object := func(typeID uint16, body []byte) []byte {
		return slices.Concat([]byte{1, 0}, binary.LittleEndian.AppendUint16(nil, typeID), []byte{1}, int32Bytes(len(body)), body)
	}
	return slices.Concat(
		int32Bytes(4),
		int32Bytes(0), int32Bytes(2), []byte{7, 8}, object(id.HistoryData_Encoding_DefaultBinary, values),
		int32Bytes(0), int32Bytes(-1), object(id.HistoryModifiedData_Encoding_DefaultBinary, slices.Concat(values, int32Bytes(1), info)),
		int32Bytes(0), int32Bytes(-1), object(id.HistoryEvent_Encoding_DefaultBinary, events),
		binary.LittleEndian.AppendUint32(nil, uint32(model.StatusBadNodeIdUnknown)), int32Bytes(-1), []byte{0, 0, 0},
	)
}

func decodeHistory(b []byte, nodes int) ([]historyPage, error) {
	var d historyDecoder
	d.response.Reset(b, nil)
	return d.pages(nodes)
}

func TestDecodeHistory(t *testing.T) {
	pages, err := decodeHistory(historyBytes(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if p := pages[0]; len(p.values) != 1 || p.values[0].Value.Float() != 1 || p.values[0].SourceTimestamp != second(1) || string(p.point) != "\x07\x08" {
		t.Errorf("values are %+v", p)
	}
	if p := pages[1]; len(p.values) != 1 || len(p.modifications) != 1 ||
		p.modifications[0] != (model.HistoryModification{Time: second(2), Kind: model.HistoryReplace, UserName: "op"}) {
		t.Errorf("modified values are %+v", p)
	}
	if p := pages[2]; len(p.events) != 1 || len(p.events[0]) != 2 || p.events[0][0].Text() != "hi" || !p.events[0][1].IsNull() {
		t.Errorf("events are %+v", p)
	}
	if p := pages[3]; p.status != model.StatusBadNodeIdUnknown || p.values != nil {
		t.Errorf("the Bad result is %+v", p)
	}
}

// What does not fit is refused, wherever it ends.
func TestDecodeHistoryRefuses(t *testing.T) {
	whole := historyBytes()
	for n := range whole {
		if _, err := decodeHistory(whole[:n], 4); !errors.Is(err, model.StatusBadDecodingError) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := decodeHistory(whole, 3); !errors.Is(err, model.StatusBadUnknownResponse) {
		t.Errorf("4 results for 3 nodes: %v", err)
	}
	one := slices.Concat(int32Bytes(1), int32Bytes(0), int32Bytes(-1), []byte{0, 0, 0})
	if _, err := decodeHistory(one, 2); !errors.Is(err, model.StatusBadUnknownResponse) {
		t.Errorf("1 Good result for 2 nodes: %v", err)
	}
	binary.LittleEndian.PutUint32(one[4:], uint32(model.StatusBadAggregateInvalidInputs))
	if pages, err := decodeHistory(one, 2); err != nil || pages[1].status != model.StatusBadAggregateInvalidInputs {
		t.Errorf("1 Bad result for 2 nodes: %+v, %v", pages, err)
	}
	for name, body := range map[string][]byte{
		"too many values": slices.Concat(int32Bytes(maxHistoryPage+1), make([]byte, maxHistoryPage+1)),
		"no such count":   int32Bytes(1 << 30),
	} {
		b := slices.Concat(int32Bytes(1), int32Bytes(0), int32Bytes(-1), []byte{1, 0, 0x92, 2, 1}, int32Bytes(len(body)), body)
		if _, err := decodeHistory(b, 1); !errors.Is(err, model.StatusBadDecodingError) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(historyBytes(), uint8(4))
	for _, v := range hostileVariants() {
		body := slices.Concat(int32Bytes(1), []byte{1}, v)
		f.Add(slices.Concat(int32Bytes(1), int32Bytes(0), int32Bytes(-1), []byte{1, 0, 0x92, 2, 1}, int32Bytes(len(body)), body), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, count uint8) {
		nodes := int(count)
		pages, err := decodeHistory(b, nodes)
		if err == nil && len(pages) != nodes {
			t.Errorf("%d pages for %d nodes", len(pages), nodes)
		}
		for i := range pages {
			if p := &pages[i]; len(p.modifications) != 0 && len(p.modifications) != len(p.values) {
				t.Errorf("%d modifications of %d values", len(p.modifications), len(p.values))
			}
		}
	})
}

func FuzzHistoryUpdate(f *testing.F) {
	f.Add(slices.Concat(int32Bytes(1), int32Bytes(0), int32Bytes(2), int32Bytes(0), int32Bytes(1), int32Bytes(1), []byte{0}), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, count uint8) {
		items := int(count)
		var r uadp.Binary
		r.Reset(b, nil)
		if results, err := updateResults(&r, items); err == nil && len(results) != items {
			t.Errorf("%d results for %d items", len(results), items)
		}
	})
}
