package edge

import (
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// gapFile is a GapStore in memory.
type gapFile struct {
	body  []byte
	saves int
	err   error
}

func (f *gapFile) LoadGaps() ([]byte, error) { return f.body, f.err }

func (f *gapFile) SaveGaps(body []byte) error {
	f.body = body
	f.saves++
	return f.err
}

var gapStart = time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)

// gapAt begins s seconds after gapStart and lasts for ten.
func gapAt(server string, cause model.GapCause, s int) model.Gap {
	from := gapStart.Add(time.Duration(s) * time.Second)
	return model.Gap{
		Server: server, Cause: cause, From: from, To: from.Add(10 * time.Second), Values: 3, Messages: 1,
		Writers: []model.WriterKey{{Gateway: "gw", Group: "g", Writer: server + "1"}}, WriterCount: 1,
	}
}

func TestGapsJoin(t *testing.T) {
	g := NewGaps(nil, zerolog.Nop())
	g.Add(gapAt("a", model.GapServerQueue, 0))
	g.Add(gapAt("b", model.GapServerQueue, 0))
	g.Add(gapAt("a", model.GapServerRestarted, 30))
	again := gapAt("a", model.GapServerQueue, 60) // 50 s after the end of the first
	again.Writers[0].Writer = "a2"
	g.Add(again)
	g.Add(gapAt("a", model.GapServerQueue, 131)) // 61 s after the end
	list, total := g.List()
	if len(list) != 4 || total != 4 {
		t.Fatalf("%d of %d gaps: %+v", len(list), total, list)
	}
	if first := list[0]; first.To != gapStart.Add(70*time.Second) || first.Values != 6 || first.Messages != 2 || first.WriterCount != 2 || len(first.Writers) != 2 || first.Number != 1 {
		t.Errorf("joined: %+v", first)
	}
}

func TestGapsBounded(t *testing.T) {
	g := NewGaps(nil, zerolog.Nop())
	for i := range MaxGaps + 5 {
		g.Add(gapAt("a", model.GapServerQueue, 100*i))
	}
	list, total := g.List()
	if len(list) != MaxGaps || total != MaxGaps+5 || list[0].Number != 6 {
		t.Errorf("%d of %d gaps from %d on", len(list), total, list[0].Number)
	}
}

// A gateway that is started again goes on with the list.
func TestGapsKept(t *testing.T) {
	file := &gapFile{}
	g := NewGaps(file, zerolog.Nop())
	g.Add(gapAt("a", model.GapServerQueue, 0))
	for range 2 {
		if err := g.save(); err != nil {
			t.Fatal(err)
		}
	}
	if file.saves != 1 {
		t.Errorf("saved %d times without a change", file.saves-1)
	}
	next := NewGaps(file, zerolog.Nop())
	next.Add(gapAt("a", model.GapServerQueue, 1000))
	if list, total := next.List(); len(list) != 2 || total != 2 || list[1].Number != 2 {
		t.Errorf("%d of %d: %+v", len(list), total, list)
	}
	file.err = errors.New("disk full")
	if err := next.save(); !errors.Is(err, file.err) {
		t.Errorf("error %v", err)
	}
	file.err = nil
	if err := next.save(); err != nil || file.saves != 3 {
		t.Errorf("what was not saved is saved again: %d, %v", file.saves, err)
	}
	file.body = []byte("{")
	if list, _ := NewGaps(file, zerolog.Nop()).List(); len(list) != 0 {
		t.Errorf("from a broken file: %+v", list)
	}
}
