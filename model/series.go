package model

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// SeriesID names a stored series: a field of a DataSetWriter, or one element of such a field. It is comparable.
type SeriesID struct {
	Gateway, Group, Writer, Field string
	// Element is the index of an array or the member of a structure; empty for a scalar.
	Element string
}

// String prints "gateway/group/writer/field" with "/element" behind it if there is one, each part percent-escaped.
func (s SeriesID) String() string {
	id := url.PathEscape(s.Gateway) + "/" + url.PathEscape(s.Group) + "/" + url.PathEscape(s.Writer) + "/" + url.PathEscape(s.Field)
	if s.Element != "" {
		id += "/" + url.PathEscape(s.Element)
	}
	return id
}

// ParseSeriesID reads the form that String prints.
func ParseSeriesID(id string) (SeriesID, error) {
	parts := strings.Split(id, "/")
	if len(parts) != 4 && len(parts) != 5 {
		return SeriesID{}, fmt.Errorf("series id %q: want gateway/group/writer/field", id)
	}
	for i, p := range parts {
		v, err := url.PathUnescape(p)
		if err != nil {
			return SeriesID{}, fmt.Errorf("series id %q: %w", id, err)
		}
		parts[i] = v
	}
	s := SeriesID{Gateway: parts[0], Group: parts[1], Writer: parts[2], Field: parts[3]}
	if len(parts) == 5 {
		s.Element = parts[4]
	}
	return s, nil
}

// Series is a stored series with what is known of its source.
type Series struct {
	ID     SeriesID
	Server string
	// NodeID is the nsu= form of the published node, Path its browse path, Unit the name of its engineering unit.
	NodeID, Path, Unit string
	// Numeric tells that there are numbers among its values, which can be drawn and aggregated.
	Numeric bool
	// Labels are all labels in the store, without the metric's name.
	Labels map[string]string
}

// SeriesFilter selects series; its empty parts select all. Field and Path are RE2 expressions that the whole text must match.
type SeriesFilter struct {
	IDs                            []SeriesID
	Gateway, Server, Group, Writer string
	Field, Path                    string
	NodeIDs                        []ExpandedNodeID
}

// HistoryQuery asks for the samples of one series.
type HistoryQuery struct {
	Series   SeriesID
	From, To time.Time
	// Step 0 asks for raw samples.
	Step time.Duration
	// Aggregate is avg, min, max, sum, count, first, last, delta or stddev; empty means avg. Without meaning for raw samples.
	Aggregate string
	// Limit is the largest number of samples in the answer.
	Limit int
}

// Sample is one stored value of one series.
type Sample struct {
	// Time is in milliseconds since 1970.
	Time int64
	// Value is NaN where a stale marker stands: the source reported a Bad value, or went away.
	Value float64
}

// TelemetryValue is the newest value of one series.
type TelemetryValue struct {
	Series SeriesID
	Path   string
	Value  DataValue
}

// TelemetryBatch is one delivery of live telemetry.
type TelemetryBatch struct {
	// Sequence counts deliveries from 1.
	Sequence uint64
	Values   []TelemetryValue
}

// IngestStatistics is what the ingest core has done since it started.
type IngestStatistics struct {
	ValuesPerSecond float64
	// Values were stored, in Frames. DeadFrames did not decode, ScreenedValues could not be stored.
	Values, Frames, DeadFrames, ScreenedValues uint64
	// Backlog is the number of frames in the stream that are not processed.
	Backlog uint64
	// Series is the number of series known.
	Series int
	// Checkpoint is the sequence of the last frame that is safely on disk.
	Checkpoint uint64
}
