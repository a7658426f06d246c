package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func printed(m graphql.Marshaler) string {
	var b bytes.Buffer
	m.MarshalGQL(&b)
	return b.String()
}

func TestDuration(t *testing.T) {
	for in, want := range map[string]string{
		"100ms": `"100ms"`, "1s": `"1s"`, "60s": `"1m"`, "90s": `"90s"`, "2h": `"2h"`, "24h": `"1d"`, "1d": `"1d"`, "1.5d": `"36h"`, "0s": `"0s"`, "1m30s": `"90s"`,
		"7us": `"7us"`, "1ns": `"1ns"`,
	} {
		d, err := UnmarshalDuration(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if got := printed(MarshalDuration(d)); got != want {
			t.Errorf("%s is printed %s, want %s", in, got, want)
		}
	}
	for _, in := range []any{"", "d", "1", "-1s", "-1d", "NaNd", "1e300d", "1y", 5, nil} {
		if d, err := UnmarshalDuration(in); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v is %v, %v", in, d, err)
		}
	}
}

func TestDateTime(t *testing.T) {
	d, err := UnmarshalDateTime("2026-01-02T04:04:05.12345678+01:00")
	if err != nil {
		t.Fatal(err)
	}
	const want = `"2026-01-02T03:04:05.1234567Z"`
	if got := printed(MarshalDateTime(d)); got != want {
		t.Errorf("printed %s, want %s", got, want)
	}
	if got := printed(MarshalTime(d.Time().Add(99).In(time.FixedZone("", 3600)))); got != want {
		t.Errorf("printed %s, want %s", got, want)
	}
	for _, zero := range []graphql.Marshaler{MarshalDateTime(0), MarshalTime(time.Time{}), MarshalNodeID(model.ExpandedNodeID{}), MarshalVariant(nil)} {
		if got := printed(zero); got != "null" {
			t.Errorf("nothing is printed %s", got)
		}
	}
}

func TestUint64(t *testing.T) {
	for _, in := range []any{"18446744073709551615", json.Number("18446744073709551615")} {
		if n, err := UnmarshalUint64(in); err != nil || printed(MarshalUint64(n)) != `"18446744073709551615"` {
			t.Errorf("%v is %d, %v", in, n, err)
		}
	}
	if n, err := UnmarshalUint64(int64(7)); err != nil || n != 7 {
		t.Errorf("7 is %d, %v", n, err)
	}
	for _, in := range []any{"-1", "x", 1.5, nil} {
		if n, err := UnmarshalUint64(in); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v is %d, %v", in, n, err)
		}
	}
}

func TestStringMap(t *testing.T) {
	m, err := UnmarshalStringMap(map[string]any{"line": "3"})
	if err != nil || printed(MarshalStringMap(m)) != `{"line":"3"}` || printed(MarshalStringMap(nil)) != `{}` {
		t.Errorf("%v, %v", m, err)
	}
	for _, in := range []any{"x", map[string]any{"line": 3}} {
		if m, err := UnmarshalStringMap(in); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v is %v, %v", in, m, err)
		}
	}
}

func TestVariantKeepsNumbers(t *testing.T) {
	v, err := UnmarshalVariant(map[string]any{"a": json.Number("18446744073709551615"), "b": []any{1.5, nil, "x"}})
	if want := `{"a":18446744073709551615,"b":[1.5,null,"x"]}`; err != nil || printed(MarshalVariant(v)) != want {
		t.Errorf("%s, %v; want %s", v, err, want)
	}
}
