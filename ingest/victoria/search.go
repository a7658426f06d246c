package victoria

import (
	"errors"
	"fmt"
	"sync"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/memory"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/querytracer"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage/metricnamestats"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage/metricsmetadata"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/vmselectapi"
)

// maxSeries is how many series /api/v1/series returns at most.
const maxSeries = 300_000

// maxLabels is how many label names or values a request returns at most.
const maxLabels = 100_000

// seriesMemory is about what one series takes in a query, in bytes; by it the series of a query are limited.
const seriesMemory = 200

var errQueryOnly = errors.New("the embedded store is queried only: nothing is written or deleted through the query API")

// search is what app/vmselect reads the storage through, in place of app/vmstorage.
type search struct {
	storage   *storage.Storage
	maxSeries int
	pool      sync.Pool // of *storage.Search
}

var _ vmselectapi.API = (*search)(nil)

// attach makes app/vmselect read from st.
func attach(st *storage.Storage) {
	s := &search{storage: st, maxSeries: memory.Remaining() / seriesMemory / maxQueries()}
	vmstorage.GetSearch = s.get
	vmstorage.PutSearch = s.put
	vmstorage.VMSelectAPI = s
}

// detach takes the storage from app/vmselect.
func detach() {
	vmstorage.GetSearch, vmstorage.PutSearch, vmstorage.VMSelectAPI = nil, nil, nil
}

func (s *search) get(qt *querytracer.Tracer, q *storage.SearchQuery, deadline uint64) (*storage.Search, int, error) {
	filters, err := tagFilters(q)
	if err != nil {
		return nil, 0, err
	}
	sr, ok := s.pool.Get().(*storage.Search)
	if !ok {
		sr = new(storage.Search)
	}
	n := sr.Init(qt, s.storage, filters, q.GetTimeRange(), s.limit(q), deadline)
	return sr, n, nil
}

func (s *search) put(sr *storage.Search) {
	sr.MustClose()
	s.pool.Put(sr)
}

// limit is the number of series that q may touch.
func (s *search) limit(q *storage.SearchQuery) int {
	if q.MaxMetrics <= 0 {
		return s.maxSeries
	}
	return min(q.MaxMetrics, s.maxSeries)
}

func tagFilters(q *storage.SearchQuery) ([]*storage.TagFilters, error) {
	all := make([]*storage.TagFilters, 0, len(q.TagFilterss))
	for _, group := range q.TagFilterss {
		filters := storage.NewTagFilters()
		for i := range group {
			f := &group[i]
			if string(f.Key) == "__graphite__" {
				return nil, errors.New("the label __graphite__ is not supported: there are no Graphite series")
			}
			if err := filters.Add(f.Key, f.Value, f.IsNegative, f.IsRegexp); err != nil {
				return nil, fmt.Errorf("read filter %s: %w", f, err)
			}
		}
		all = append(all, filters)
	}
	return all, nil
}

// SearchMetricNames returns the marshaled names of the series that match q.
func (s *search) SearchMetricNames(qt *querytracer.Tracer, q *storage.SearchQuery, deadline uint64) ([]string, error) {
	filters, err := tagFilters(q)
	if err != nil {
		return nil, err
	}
	if len(filters) == 0 {
		return nil, errors.New("no filter: name at least one label")
	}
	return s.storage.SearchMetricNames(qt, filters, q.GetTimeRange(), s.limit(q), deadline)
}

// LabelNames returns the label names of the series that match q.
func (s *search) LabelNames(qt *querytracer.Tracer, q *storage.SearchQuery, limit int, deadline uint64) ([]string, error) {
	filters, err := tagFilters(q)
	if err != nil {
		return nil, err
	}
	return s.storage.SearchLabelNames(qt, filters, q.GetTimeRange(), labelLimit(limit), s.limit(q), deadline)
}

// LabelValues returns the values of one label of the series that match q.
func (s *search) LabelValues(qt *querytracer.Tracer, q *storage.SearchQuery, label string, limit int, deadline uint64) ([]string, error) {
	filters, err := tagFilters(q)
	if err != nil {
		return nil, err
	}
	return s.storage.SearchLabelValues(qt, label, filters, q.GetTimeRange(), labelLimit(limit), s.limit(q), deadline)
}

func labelLimit(limit int) int {
	if limit <= 0 {
		return maxLabels
	}
	return min(limit, maxLabels)
}

// SeriesCount returns the number of series in the store.
func (s *search) SeriesCount(_ *querytracer.Tracer, _, _ uint32, deadline uint64) (uint64, error) {
	return s.storage.GetSeriesCount(deadline)
}

// TSDBStatus returns the cardinality figures of the day on which q begins.
func (s *search) TSDBStatus(qt *querytracer.Tracer, q *storage.SearchQuery, focusLabel string, topN int, deadline uint64) (*storage.TSDBStatus, error) {
	filters, err := tagFilters(q)
	if err != nil {
		return nil, err
	}
	const day = 24 * 3600 * 1000
	return s.storage.GetTSDBStatus(qt, filters, uint64(q.MinTimestamp)/day, focusLabel, topN, s.limit(q), deadline)
}

// GetMetricNamesUsageStats returns how often metric names were queried.
func (s *search) GetMetricNamesUsageStats(qt *querytracer.Tracer, _ *storage.TenantToken, limit, le int, pattern string, _ uint64) (metricnamestats.StatsResult, error) {
	return s.storage.GetMetricNamesStats(qt, limit, le, pattern), nil
}

// GetMetadataRecords returns type, help and unit of metrics, as far as any were written.
func (s *search) GetMetadataRecords(qt *querytracer.Tracer, _ *storage.TenantToken, limit int, metric string, _ uint64) ([]*metricsmetadata.Row, error) {
	return s.storage.GetMetadataRows(qt, limit, metric), nil
}

// Tenants returns none: single-node VictoriaMetrics has no tenants.
func (s *search) Tenants(*querytracer.Tracer, storage.TimeRange, uint64) ([]string, error) {
	return nil, nil
}

// The rest of vmselectapi.API belongs to Graphite, to the cluster protocol, or changes the store. No route leads there.

// InitSearch refuses.
func (s *search) InitSearch(*querytracer.Tracer, *storage.SearchQuery, uint64) (vmselectapi.BlockIterator, error) {
	return nil, errQueryOnly
}

// TagValueSuffixes refuses.
func (s *search) TagValueSuffixes(*querytracer.Tracer, uint32, uint32, storage.TimeRange, string, string, byte, int, uint64) ([]string, error) {
	return nil, errQueryOnly
}

// DeleteSeries refuses.
func (s *search) DeleteSeries(*querytracer.Tracer, *storage.SearchQuery, uint64) (int, error) {
	return 0, errQueryOnly
}

// RegisterMetricNames refuses.
func (s *search) RegisterMetricNames(*querytracer.Tracer, []storage.MetricRow, uint64) error {
	return errQueryOnly
}

// ResetMetricNamesUsageStats refuses.
func (s *search) ResetMetricNamesUsageStats(*querytracer.Tracer, uint64) error {
	return errQueryOnly
}
