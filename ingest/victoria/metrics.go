package victoria

import (
	"io"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/VictoriaMetrics/metrics"
)

// WriteMetrics writes VictoriaMetrics' own metrics (vm_*) to w in the Prometheus text format, under the names that its
// dashboards and alert rules use. Rows that were dropped are in vm_rows_ignored_total. After Close it writes nothing.
// Errors of w are ignored, as an http.ResponseWriter's caller can do nothing about them.
func (s *Store) WriteMetrics(w io.Writer) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return
	}
	var m storage.Metrics
	s.storage.UpdateMetrics(&m)
	readOnly := uint64(0)
	if s.storage.IsReadOnly() {
		readOnly = 1
	}
	metrics.WriteGaugeUint64(w, `vm_storage_is_read_only`, readOnly)
	metrics.WriteGaugeUint64(w, `vm_free_disk_space_bytes`, s.FreeSpace())
	writeIngestMetrics(w, &m)
	writeTableMetrics(w, &m.TableMetrics)
	writeCacheMetrics(w, &m)
	metrics.WritePrometheus(w, false) // what app/vmselect and the libraries count
}

func writeIngestMetrics(w io.Writer, m *storage.Metrics) {
	metrics.WriteCounterUint64(w, `vm_rows_received_by_storage_total`, m.RowsReceivedTotal)
	metrics.WriteCounterUint64(w, `vm_rows_added_to_storage_total`, m.RowsAddedTotal)
	metrics.WriteCounterUint64(w, `vm_rows_ignored_total{reason="big_timestamp"}`, m.TooBigTimestampRows)
	metrics.WriteCounterUint64(w, `vm_rows_ignored_total{reason="small_timestamp"}`, m.TooSmallTimestampRows)
	metrics.WriteCounterUint64(w, `vm_rows_ignored_total{reason="invalid_raw_metric_name"}`, m.InvalidRawMetricNames)
	metrics.WriteCounterUint64(w, `vm_deduplicated_samples_total{type="merge"}`, m.DedupsDuringMerge)
	metrics.WriteCounterUint64(w, `vm_new_timeseries_created_total`, m.NewTimeseriesCreated)
	metrics.WriteCounterUint64(w, `vm_slow_row_inserts_total`, m.SlowRowInserts)
	metrics.WriteCounterUint64(w, `vm_slow_per_day_index_inserts_total`, m.SlowPerDayIndexInserts)
	metrics.WriteGaugeUint64(w, `vm_snapshots`, m.SnapshotsCount)
	metrics.WriteGaugeUint64(w, `vm_next_retention_seconds`, m.NextRetentionSeconds)
}

func writeTableMetrics(w io.Writer, t *storage.TableMetrics) {
	idb := &t.IndexDBMetrics
	metrics.WriteGaugeUint64(w, `vm_pending_rows{type="storage"}`, t.PendingRows)
	metrics.WriteGaugeUint64(w, `vm_pending_rows{type="indexdb"}`, idb.PendingItems)
	metrics.WriteGaugeUint64(w, `vm_rows{type="storage/inmemory"}`, t.InmemoryRowsCount)
	metrics.WriteGaugeUint64(w, `vm_rows{type="storage/small"}`, t.SmallRowsCount)
	metrics.WriteGaugeUint64(w, `vm_rows{type="storage/big"}`, t.BigRowsCount)
	metrics.WriteGaugeUint64(w, `vm_rows{type="indexdb/inmemory"}`, idb.InmemoryItemsCount)
	metrics.WriteGaugeUint64(w, `vm_rows{type="indexdb/file"}`, idb.FileItemsCount)
	metrics.WriteGaugeUint64(w, `vm_parts{type="storage/inmemory"}`, t.InmemoryPartsCount)
	metrics.WriteGaugeUint64(w, `vm_parts{type="storage/small"}`, t.SmallPartsCount)
	metrics.WriteGaugeUint64(w, `vm_parts{type="storage/big"}`, t.BigPartsCount)
	metrics.WriteGaugeUint64(w, `vm_parts{type="indexdb/inmemory"}`, idb.InmemoryPartsCount)
	metrics.WriteGaugeUint64(w, `vm_parts{type="indexdb/file"}`, idb.FilePartsCount)
	metrics.WriteGaugeUint64(w, `vm_data_size_bytes{type="storage/inmemory"}`, t.InmemorySizeBytes)
	metrics.WriteGaugeUint64(w, `vm_data_size_bytes{type="storage/small"}`, t.SmallSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_data_size_bytes{type="storage/big"}`, t.BigSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_data_size_bytes{type="indexdb/inmemory"}`, idb.InmemorySizeBytes)
	metrics.WriteGaugeUint64(w, `vm_data_size_bytes{type="indexdb/file"}`, idb.FileSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_active_merges{type="storage/inmemory"}`, t.ActiveInmemoryMerges)
	metrics.WriteGaugeUint64(w, `vm_active_merges{type="storage/small"}`, t.ActiveSmallMerges)
	metrics.WriteGaugeUint64(w, `vm_active_merges{type="storage/big"}`, t.ActiveBigMerges)
	metrics.WriteCounterUint64(w, `vm_missing_metric_names_for_metric_id_total`, idb.MissingMetricNamesForMetricID)
	metrics.WriteCounterUint64(w, `vm_too_long_items_dropped_total`, idb.TooLongItemsDroppedTotal)
}

func writeCacheMetrics(w io.Writer, m *storage.Metrics) {
	t := &m.TableMetrics
	idb := &t.IndexDBMetrics
	metrics.WriteGaugeUint64(w, `vm_cache_size_bytes{type="storage/tsid"}`, m.TSIDCacheSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_cache_size_bytes{type="storage/metricName"}`, m.MetricNameCacheSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_cache_size_bytes{type="storage/indexBlocks"}`, t.IndexBlocksCacheSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_cache_size_bytes{type="indexdb/dataBlocks"}`, idb.DataBlocksCacheSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_cache_size_bytes{type="indexdb/indexBlocks"}`, idb.IndexBlocksCacheSizeBytes)
	metrics.WriteGaugeUint64(w, `vm_cache_size_max_bytes{type="storage/tsid"}`, m.TSIDCacheSizeMaxBytes)
	metrics.WriteCounterUint64(w, `vm_cache_requests_total{type="storage/tsid"}`, m.TSIDCacheRequests)
	metrics.WriteCounterUint64(w, `vm_cache_misses_total{type="storage/tsid"}`, m.TSIDCacheMisses)
}
