package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The functions of this file are the scalars of the schema, in pairs that generated code calls. What an Unmarshal refuses goes
// out with code BAD_USER_INPUT.

// MarshalNodeID prints the nsu= form; the null NodeId is null.
func MarshalNodeID(id model.ExpandedNodeID) graphql.Marshaler {
	if id.IsNull() {
		return graphql.Null
	}
	return graphql.MarshalString(id.String())
}

// UnmarshalNodeID reads every form of Part 6, 5.3.1.11.
func UnmarshalNodeID(v any) (model.ExpandedNodeID, error) {
	s, ok := v.(string)
	if !ok {
		return model.ExpandedNodeID{}, scalarError("NodeId", v, `want a string such as "nsu=urn:acme:boiler;s=Temp", "ns=2;i=7" or "i=2258"`)
	}
	id, err := model.ParseExpandedNodeID(s)
	if err != nil {
		return model.ExpandedNodeID{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return id, nil
}

// MarshalVariant prints JSON as it is; nil is null.
func MarshalVariant(v json.RawMessage) graphql.Marshaler {
	if len(v) == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(v) })
}

// UnmarshalVariant keeps the value as JSON: only the node's server knows the type it is to become.
func UnmarshalVariant(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, scalarError("Variant", v, "want a JSON value")
	}
	return b, nil
}

// MarshalDateTime prints RFC 3339 with up to 100 ns; a time that is not given is null.
func MarshalDateTime(d model.DateTime) graphql.Marshaler {
	if d.IsZero() {
		return graphql.Null
	}
	return graphql.MarshalString(d.String())
}

// UnmarshalDateTime reads RFC 3339.
func UnmarshalDateTime(v any) (model.DateTime, error) {
	t, err := UnmarshalTime(v)
	return model.DateTimeOf(t), err
}

// MarshalTime prints RFC 3339 in UTC, cut to 100 ns; the zero time is null.
func MarshalTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.MarshalString(t.UTC().Truncate(100 * time.Nanosecond).Format(time.RFC3339Nano))
}

// UnmarshalTime reads RFC 3339.
func UnmarshalTime(v any) (time.Time, error) {
	const want = `want RFC 3339 such as "2026-01-02T03:04:05.123Z"`
	s, ok := v.(string)
	if !ok {
		return time.Time{}, scalarError("DateTime", v, want)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, scalarError("DateTime", v, want)
	}
	return t, nil
}

// MarshalUint64 prints a string, since JavaScript has no 64-bit integers.
func MarshalUint64(n uint64) graphql.Marshaler {
	return graphql.MarshalString(strconv.FormatUint(n, 10))
}

// UnmarshalUint64 reads a string or a number.
func UnmarshalUint64(v any) (uint64, error) {
	n, err := strconv.ParseUint(fmt.Sprint(v), 10, 64)
	if err != nil {
		return 0, scalarError("Int64", v, "want a number from 0 to 18446744073709551615, best as a string")
	}
	return n, nil
}

// MarshalInt64 prints a string, since JavaScript has no 64-bit integers.
func MarshalInt64(n int64) graphql.Marshaler {
	return graphql.MarshalString(strconv.FormatInt(n, 10))
}

// UnmarshalInt64 reads a string or a number.
func UnmarshalInt64(v any) (int64, error) {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if err != nil {
		return 0, scalarError("Int64", v, "want a whole number of 64 bits, best as a string")
	}
	return n, nil
}

// durationUnits are the units in which a Duration is printed, the largest first.
var durationUnits = []struct {
	name string
	unit time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}}

// MarshalDuration prints a whole number of the largest unit that gives one: "90s", "1d", "0s".
func MarshalDuration(d time.Duration) graphql.Marshaler {
	if d == 0 {
		return graphql.MarshalString("0s")
	}
	for _, u := range durationUnits {
		if d%u.unit == 0 {
			return graphql.MarshalString(strconv.FormatInt(int64(d/u.unit), 10) + u.name)
		}
	}
	return graphql.MarshalString(strconv.FormatInt(int64(d), 10) + "ns")
}

// UnmarshalDuration reads a number with a unit, "100ms", "1.5h", "1d", or several, "1m30s"; not below 0.
func UnmarshalDuration(v any) (time.Duration, error) {
	const want = `want a length of time such as "100ms", "1s", "5m", "2h" or "1d"`
	s, ok := v.(string)
	if !ok {
		return 0, scalarError("Duration", v, want)
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0 && n <= 100_000) {
			return 0, scalarError("Duration", v, want)
		}
		return time.Duration(n * float64(24*time.Hour)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, scalarError("Duration", v, want)
	}
	return d, nil
}

// MarshalStringMap prints a JSON object, {} for nil.
func MarshalStringMap(m map[string]string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		if m == nil {
			m = map[string]string{}
		}
		b, err := json.Marshal(m)
		if err != nil { // strings always have a JSON form
			panic(err)
		}
		_, _ = w.Write(b)
	})
}

// UnmarshalStringMap reads a JSON object of strings.
func UnmarshalStringMap(v any) (map[string]string, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, scalarError("StringMap", v, `want an object of strings such as {"line": "3"}`)
	}
	m := make(map[string]string, len(object))
	for k, e := range object {
		if m[k], ok = e.(string); !ok {
			return nil, scalarError("StringMap", v, fmt.Sprintf("the value of %q is no string; put it in quotes", k))
		}
	}
	return m, nil
}

func scalarError(scalar string, v any, remedy string) error {
	text := fmt.Sprint(v)
	if len(text) > 100 {
		text = strings.ToValidUTF8(text[:100], "") + "…"
	}
	return fmt.Errorf("%w: %q is no %s: %s", ErrInvalid, text, scalar, remedy)
}
