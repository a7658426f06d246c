package victoria

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strconv"

	"github.com/segmentio/encoding/json"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

var errSeveral = errors.New("more than one series matches: match more labels")

// export collects the samples of the one series in the lines of /api/v1/export.
type export struct {
	labels  map[string]string
	samples []ingest.Sample
}

// lines appends the samples of all lines of r. A series may take several lines, in order of time.
func (e *export) lines(r io.Reader) error {
	lines := json.NewDecoder(r)
	for {
		var line exportLine
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if e.labels == nil {
			e.labels = line.Metric
		} else if !maps.Equal(e.labels, line.Metric) {
			return errSeveral
		}
		var err error
		if e.samples, err = line.samples(e.samples); err != nil {
			return err
		}
	}
}

// exportLine is a line in an answer of /api/v1/export: samples of one series.
type exportLine struct {
	Metric     map[string]string `json:"metric"`
	Values     floats            `json:"values"`
	Timestamps []int64           `json:"timestamps"`
}

// samples appends those of the line.
func (l *exportLine) samples(dst []ingest.Sample) ([]ingest.Sample, error) {
	if len(l.Values) != len(l.Timestamps) {
		return nil, fmt.Errorf("%d values for %d timestamps", len(l.Values), len(l.Timestamps))
	}
	for i, t := range l.Timestamps {
		dst = append(dst, ingest.Sample{Time: t, Value: l.Values[i]})
	}
	return dst, nil
}

// floats is the array of values in a line of /api/v1/export: numbers, null for a stale marker, and the strings
// "Infinity" and "-Infinity". Numbers may be of any size, as strconv reads them.
type floats []float64

// UnmarshalJSON reads b and keeps nothing of it.
func (f *floats) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) < 2 || b[0] != '[' || b[len(b)-1] != ']' {
		return errors.New("values are no array")
	}
	*f = (*f)[:0]
	if b = bytes.TrimSpace(b[1 : len(b)-1]); len(b) == 0 {
		return nil
	}
	for item := range bytes.SplitSeq(b, []byte{','}) {
		v, err := parseValue(bytes.TrimSpace(item))
		if err != nil {
			return err
		}
		*f = append(*f, v)
	}
	return nil
}

// point is [seconds, "value"] in an answer of /api/v1/query_range.
type point struct {
	time  int64 // milliseconds since 1970
	value float64
}

// UnmarshalJSON reads b and keeps nothing of it.
func (p *point) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) < 2 || b[0] != '[' || b[len(b)-1] != ']' {
		return errors.New("point is no array")
	}
	at, value, found := bytes.Cut(b[1:len(b)-1], []byte{','})
	if !found {
		return fmt.Errorf("point %q has no value", b)
	}
	s, err := strconv.ParseFloat(string(bytes.TrimSpace(at)), 64)
	if err != nil || math.Abs(s) > math.MaxInt64/1000/2 {
		return fmt.Errorf("point %q has no time in seconds", b)
	}
	p.time = int64(math.Round(s * 1000))
	p.value, err = parseValue(bytes.TrimSpace(value))
	return err
}

// parseValue reads a number, bare or as a string, or null.
func parseValue(b []byte) (float64, error) {
	if string(b) == "null" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(string(bytes.Trim(b, `"`)), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range gives the nearest float
		return 0, fmt.Errorf("read value %q: %w", b, err)
	}
	return v, nil
}
