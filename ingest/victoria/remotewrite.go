package victoria

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// The messages of Prometheus remote write 1.0 that are needed here:
//
//	WriteRequest { repeated TimeSeries timeseries = 1 }
//	TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2 }
//	Label        { string name = 1; string value = 2 }
//	Sample       { double value = 1; int64 timestamp = 2 }
const (
	tagTimeSeries = 1<<3 | 2
	tagLabels     = 1<<3 | 2
	tagSamples    = 2<<3 | 2
	tagLabelName  = 1<<3 | 2
	tagLabelValue = 2<<3 | 2
	tagValue      = 1<<3 | 1
	tagTimestamp  = 2 << 3
)

// nameHash is the length of the hash that stands before the labels in a row's name.
const nameHash = 8

// maxRemoteLabels is VictoriaMetrics' default -maxLabelsPerTimeseries, less one for the metric's name. It drops a series with more
// of them whole.
const maxRemoteLabels = 39

// AppendName appends metric and labels to dst, encoded as the labels of a TimeSeries with a hash before them, ready to be copied into
// a request. What VictoriaMetrics would drop the series for by default is cut: a label name after 256 bytes, a value after 4096
// bytes; labels without a value, those after the 39th and those that no longer fit in 48 KiB are left out. A remote with lower limits
// (-maxLabelsPerTimeseries, -maxLabelNameLen, -maxLabelValueLen) drops the series and counts it in its vm_rows_ignored_total.
// It allocates: call it once per series.
func (r *Remote) AppendName(dst []byte, metric string, labels []ingest.Label) []byte {
	kept := make([]ingest.Label, 0, len(labels))
	size := 0
	metric = cut(metric, maxLabelValue)
	for _, l := range labels {
		l.Name, l.Value = cut(l.Name, maxLabelName), cut(l.Value, maxLabelValue)
		if l.Name == "" || l.Value == "" || len(kept) == maxRemoteLabels || len(metric)+size+len(l.Name)+len(l.Value) > maxName {
			continue
		}
		size += len(l.Name) + len(l.Value)
		kept = append(kept, l)
	}
	slices.SortStableFunc(kept, func(a, b ingest.Label) int { return cmp.Compare(a.Name, b.Name) })

	start := len(dst)
	dst = append(dst, make([]byte, nameHash)...)
	dst = appendLabel(dst, ingest.Label{Name: "__name__", Value: metric})
	for _, l := range kept {
		dst = appendLabel(dst, l)
	}
	binary.LittleEndian.PutUint64(dst[start:], maphash.Bytes(r.seed, dst[start+nameHash:]))
	return dst
}

func appendLabel(dst []byte, l ingest.Label) []byte {
	size := 1 + uvarintLen(uint64(len(l.Name))) + len(l.Name) + 1 + uvarintLen(uint64(len(l.Value))) + len(l.Value)
	dst = append(dst, tagLabels)
	dst = binary.AppendUvarint(dst, uint64(size))
	dst = append(dst, tagLabelName)
	dst = binary.AppendUvarint(dst, uint64(len(l.Name)))
	dst = append(dst, l.Name...)
	dst = append(dst, tagLabelValue)
	dst = binary.AppendUvarint(dst, uint64(len(l.Value)))
	return append(dst, l.Value...)
}

// sampleLen is the encoded length of a sample: 18 bytes for times from 1971 to 2109.
func sampleLen(ms int64) int { return 12 + uvarintLen(uint64(ms)) }

// appendSample appends a sample. A value of 0 is written too: the length then depends on the time alone.
func appendSample(dst []byte, ms int64, value float64) []byte {
	dst = append(dst, tagSamples, byte(10+uvarintLen(uint64(ms))), tagValue)
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(value))
	dst = append(dst, tagTimestamp)
	return binary.AppendUvarint(dst, uint64(ms))
}

func uvarintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
