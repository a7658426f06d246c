package publishednodes

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// property reads the value of one property; null never comes.
type property[T any] func(into *T, v value) *complaint

// schema is the properties that an object may have. Their names are found whatever their case.
type schema[T any] struct {
	byName  map[string]property[T]
	byLower map[string]string // the name by its lower-case form
}

func newSchema[T any](byName map[string]property[T]) *schema[T] {
	s := &schema[T]{byName, make(map[string]string, len(byName))}
	for name := range byName {
		s.byLower[strings.ToLower(name)] = name
	}
	return s
}

// find returns a property with its name as the schema has it.
func (s *schema[T]) find(written []byte) (string, property[T]) {
	if p, ok := s.byName[string(written)]; ok {
		return string(written), p
	}
	name := s.byLower[strings.ToLower(string(written))]
	return name, s.byName[name]
}

// read reads an object property by property. What is wrong with one is reported to at.
func (s *schema[T]) read(into *T, object value, at *place) {
	var seen []string
	for written, v := range object.members() {
		name, read := s.find(written.raw()[1 : len(written.raw())-1])
		if read == nil {
			at.report(written.text(), &v, warn("is no property that is known here, it is left out", s.suggest(written.text())))
			continue
		}
		if slices.Contains(seen, name) {
			at.report(name, &v, warn("stands here twice, the last one counts", "remove one"))
		}
		seen = append(seen, name)
		if v.isNull() {
			continue
		}
		if c := read(into, v); c != nil {
			at.report(name, &v, c)
		}
	}
}

// suggest names the property that was meant, if one is near.
func (s *schema[T]) suggest(written string) string {
	best, least := "", len(written)/4+1
	for lower, name := range s.byLower {
		if d := distance(strings.ToLower(written), lower, least); d < least || d == least && (best == "" || name < best) {
			best, least = name, d
		}
	}
	if best == "" {
		return "remove it"
	}
	return fmt.Sprintf("write %s if that was meant, or remove it", best)
}

// distance counts the letters to add, remove, replace or swap with the next one to make b of a; most+1 when there are more than most.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most || len(a) > 100 {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// text reads a string; a number stands for itself.
func text[T any](field func(*T) *string) property[T] {
	return func(into *T, v value) *complaint {
		switch v.kind() {
		case '"':
			*field(into) = v.text()
		case '{', '[', 't', 'f':
			return wrong("is no text", "write it in double quotes")
		default:
			*field(into) = string(v.raw())
		}
		return nil
	}
}

// boolean reads true or false, also as a text.
func boolean[T any](field func(*T) *bool) property[T] {
	return func(into *T, v value) *complaint {
		s := string(v.raw())
		if v.kind() == '"' {
			s = strings.ToLower(v.text())
		}
		if s != "true" && s != "false" {
			return wrong("is neither true nor false", "write true or false")
		}
		*field(into) = s == "true"
		return nil
	}
}

// number reads a number, also as a text.
func (v value) number() (float64, *complaint) {
	s := string(v.raw())
	if v.kind() == '"' {
		s = v.text()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, wrong("is no number", "write a number without quotes")
	}
	return f, nil
}

// whole reads an integer from 0 to most.
func whole[T any](most uint32, field func(*T) *uint32) property[T] {
	return func(into *T, v value) *complaint {
		f, c := v.number()
		if c != nil {
			return c
		}
		if f != math.Trunc(f) || f < 0 || f > float64(most) {
			return wrong("is no integer in range", fmt.Sprintf("write 0 to %d", most))
		}
		*field(into) = uint32(f)
		return nil
	}
}

// float reads a number.
func float[T any](field func(*T) **float64) property[T] {
	return func(into *T, v value) *complaint {
		f, c := v.number()
		if c != nil {
			return c
		}
		*field(into) = &f
		return nil
	}
}

// interval is a time that is written as a number of some unit, or as a timespan, which wins.
type interval struct {
	value    time.Duration
	given    bool
	timespan bool
}

// or is the interval, or d when it is not given.
func (i interval) or(d time.Duration) time.Duration {
	if i.given {
		return i.value
	}
	return d
}

// maxInterval bounds what is read for an interval.
const maxInterval = 365 * day

// count reads a number of units. doubt, which may be nil, says when the number looks like one of another unit.
func count[T any](unit time.Duration, doubt func(float64) *complaint, field func(*T) *interval) property[T] {
	return func(into *T, v value) *complaint {
		f, c := v.number()
		if c != nil {
			return c
		}
		if math.Abs(f)*float64(unit) > float64(maxInterval) {
			return wrong("is too long", "write at most a year")
		}
		if i := field(into); !i.timespan {
			*i = interval{value: time.Duration(f * float64(unit)), given: true}
			if doubt != nil {
				return doubt(f)
			}
		}
		return nil
	}
}

// timespan reads "hh:mm:ss".
func timespan[T any](field func(*T) *interval) property[T] {
	return func(into *T, v value) *complaint {
		if v.kind() != '"' {
			return wrong("is no timespan", "write hh:mm:ss in double quotes, as in \"00:00:01.500\"")
		}
		d, err := parseTimespan(v.text())
		if err != nil {
			return wrong("is no timespan", "write hh:mm:ss or d.hh:mm:ss, as in 00:00:01.500 or 1.00:00:00")
		}
		if d > maxInterval || d < -maxInterval {
			return wrong("is too long", "write at most a year")
		}
		*field(into) = interval{value: d, given: true, timespan: true}
		return nil
	}
}

// oneOf reads one of some names, whatever their case.
func oneOf[T any, E ~string](field func(*T) *E, names ...E) property[T] {
	return func(into *T, v value) *complaint {
		if v.kind() == '"' {
			written := v.text()
			for _, n := range names {
				if strings.EqualFold(written, string(n)) {
					*field(into) = n
					return nil
				}
			}
		}
		return wrong("is unknown", "write one of "+strings.Trim(fmt.Sprint(names), "[]"))
	}
}

// raw keeps the value to be read later.
func raw[T any](kind byte, field func(*T) *value) property[T] {
	return func(into *T, v value) *complaint {
		if v.kind() == kind {
			*field(into) = v
			return nil
		}
		if kind == '[' {
			return wrong("is no array", "write it in square brackets")
		}
		return wrong("is no object", "write it in curly brackets")
	}
}

// informative is a property that is known and means nothing here.
func informative[T any]() property[T] { return func(*T, value) *complaint { return nil } }

// without is a property whose effect is not to be had. One that is off, zero or empty is not worth a word.
func without[T any](s Severity, problem, remedy string) property[T] {
	return func(_ *T, v value) *complaint {
		switch string(v.raw()) {
		case "false", "0", `""`, "[]", "{}", `"None"`:
			return nil
		}
		return &complaint{s, problem, remedy}
	}
}
