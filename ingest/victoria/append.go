package victoria

import (
	"unicode/utf8"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/prompb"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// Limits of a metric name in bytes. VictoriaMetrics panics on a label over 64 KiB, and cannot index a name over 64 KiB.
const (
	maxLabelName  = 256
	maxLabelValue = 4096
	maxName       = 48 << 10
)

// AppendName appends metric and labels in the store's form to dst and returns the result. A label name is cut after 256
// bytes, a value after 4096 bytes; labels without a value, and those that no longer fit in 48 KiB, are left out.
// It allocates: call it once per series.
func (s *Store) AppendName(dst []byte, metric string, labels []ingest.Label) []byte {
	raw := make([]prompb.Label, 1, 1+len(labels))
	raw[0] = prompb.Label{Name: "__name__", Value: cut(metric, maxLabelValue)}
	size := len(raw[0].Value)
	for _, l := range labels {
		p := prompb.Label{Name: cut(l.Name, maxLabelName), Value: cut(l.Value, maxLabelValue)}
		if size+len(p.Name)+len(p.Value) > maxName {
			continue
		}
		size += len(p.Name) + len(p.Value)
		raw = append(raw, p)
	}
	return storage.MarshalMetricNameRaw(dst, raw)
}

// cut returns s without what lies beyond n bytes, and never splits a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// batch is a piece of rows in the form of lib/storage, which takes no more than this at a time anyway.
type batch [8000]storage.MetricRow

// precisionBits keeps all bits of a value.
const precisionBits = 64

// Append writes rows: all of them, or none with ErrReadOnly or ErrClosed. It does not allocate per row. Rows that
// VictoriaMetrics does not take (see the package documentation) are dropped without an error.
func (s *Store) Append(rows []ingest.Row) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	if s.storage.IsReadOnly() {
		return ErrReadOnly
	}
	b, ok := s.batches.Get().(*batch)
	if !ok {
		b = new(batch)
	}
	used := 0
	for len(rows) > 0 {
		n := min(len(rows), len(b))
		for i, r := range rows[:n] {
			b[i] = storage.MetricRow{MetricNameRaw: r.Name, Timestamp: r.Time, Value: r.Value}
		}
		s.storage.AddRows(b[:n], precisionBits)
		rows, used = rows[n:], max(used, n)
	}
	clear(b[:used]) // the names belong to the caller again
	s.batches.Put(b)
	return nil
}
