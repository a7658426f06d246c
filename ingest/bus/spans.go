package bus

import (
	"encoding/json"
	"fmt"
)

// maxSpans bounds the spans of one gateway at the core: how often its link may be cut while it still catches up with an earlier cut, before it
// goes on in order.
const maxSpans = 16

// span is the numbers above From and up to To.
type span struct{ From, To uint64 }

// MarshalJSON writes a span as [from, to].
func (s span) MarshalJSON() ([]byte, error) { return json.Marshal([2]uint64{s.From, s.To}) }

// UnmarshalJSON is the inverse of MarshalJSON.
func (s *span) UnmarshalJSON(b []byte) error {
	var pair [2]uint64
	err := json.Unmarshal(b, &pair)
	s.From, s.To = pair[0], pair[1]
	return err
}

// spans are the numbers of frames that the core has of a gateway. They rise and lie apart; the first one begins with 0 and has what came in
// order, the others are those of frames that went before a backlog. There is always a first one, if only with no number.
type spans []span

// spansOf makes spans of what a note or an answer says.
func spansOf(last uint64, ahead []span) (spans, error) {
	s := spans{{0, last}}
	for _, a := range ahead {
		if a.From <= s[len(s)-1].To || a.To < a.From {
			return nil, fmt.Errorf("frames %d to %d are said to be ahead of %d", a.From, a.To, s[len(s)-1].To)
		}
		s = append(s, a)
	}
	return s, nil
}

// last is up to where frames came in order.
func (s spans) last() uint64 { return s[0].To }

// ahead are the spans that went before a backlog.
func (s spans) ahead() []span { return s[1:] }

// has tells whether a number is in one of them.
func (s spans) has(number uint64) bool {
	for _, one := range s {
		if number > one.From && number <= one.To {
			return true
		}
	}
	return false
}

// next is where the span behind a number begins; false when there is none.
func (s spans) next(number uint64) (from uint64, ok bool) {
	for _, one := range s[1:] {
		if one.From >= number {
			return one.From, true
		}
	}
	return 0, false
}

// end is that of the span with a number.
func (s spans) end(number uint64) uint64 {
	for _, one := range s {
		if number >= one.From && number <= one.To {
			return one.To
		}
	}
	return number
}

// cover returns the spans with the numbers above after and up to through. Those that touch become one.
func (s spans) cover(after, through uint64) spans {
	if through <= after {
		return s
	}
	joined := span{after, through}
	out := make(spans, 0, len(s)+1)
	at := 0
	for _, one := range s {
		switch {
		case one.To < joined.From:
			out = append(out, one)
			at = len(out)
		case one.From > joined.To:
			out = append(out, one)
		default:
			joined.From, joined.To = min(joined.From, one.From), max(joined.To, one.To)
		}
	}
	out = append(out, span{})
	copy(out[at+1:], out[at:])
	out[at] = joined
	return out
}
