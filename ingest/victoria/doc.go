// Package victoria keeps numeric series in VictoriaMetrics: Store in an embedded one, Remote in a single node or cluster
// elsewhere. Both take rows (ingest.Store) and read them back (ingest.Reader); Store also serves the Prometheus query API
// and VMUI over HTTP. What follows is about Store, up to the last two parts.
//
// # One store per process
//
// VictoriaMetrics is written as a program, not as a library: its settings are flags on flag.CommandLine, and its query
// engine (app/vmselect) reads from exported function variables of app/vmstorage. So one process can hold one open Store;
// a second Open returns ErrOpen until the first is closed. All of that global state is set in process.go and nowhere
// else. Flags of our own binaries must not go on flag.CommandLine.
//
// The storage engine (lib/storage) is opened directly instead of through app/vmstorage, because the checkpoint needs
// its typed calls and counters; search.go is the small adapter that app/vmselect then reads through.
//
// # Checkpoint
//
// VictoriaMetrics has no write-ahead log. A row passes two timers on its way to the disk, its index entry two others, and
// no order holds between them: a row can be lost for up to 21 s after Append, and can be on disk without the index entry
// that makes it findable. "Flush" (DebugFlush, /internal/force_flush) only makes rows visible to queries; they are still
// in memory. What does write everything is a snapshot, and even that skips rows which another goroutine is converting
// and parts which are being merged at that moment: with writers running, a kill right after a snapshot lost rows written
// before it.
//
// Store.Checkpoint therefore relies on the gate in ingest.Core (no Append while it runs), then repeats flush, snapshot,
// removal of the snapshot, until the counters of rows and index entries in memory are all zero. Every file and directory
// named by a part has been fsynced by then, so the rows survive kill -9 and power loss. It costs 15 to 110 ms with one
// or two months of data, and about 6 ms for each further month (partition).
//
// # What the store changes or refuses
//
//   - Samples of one series within the same millisecond: the larger value stays, whatever came last; a value wins over a
//     stale marker. Equal samples become one, which makes replays harmless.
//   - Values are kept as decimal mantissa and exponent, one exponent for a block of neighbouring samples: 15 to 18
//     significant digits. 0.1+0.2 comes back as 0.3, and a series that holds 1e15 beside 1e-15 loses the small ones.
//   - Plain NaN, and times outside retention or more than two days ahead, are dropped without an error; WriteMetrics
//     shows the counters. ingest.Core screens them before.
//   - With less than Config.MinFreeDisk free, Append returns ErrReadOnly. When the disk is full all the same,
//     VictoriaMetrics ends the process; FreeSpace and ReadOnly let the caller stop long before.
//
// # Remote: from Append to the disk
//
// A 2xx answer of a remote VictoriaMetrics says that rows are in its memory. They are on its disk at the latest 6 s plus
// three of its -inmemoryDataFlushInterval later (22 s with the default of 5s, 12 s with 2s or less), data and index both.
// Nothing tells when: force_flush makes rows visible only, and a snapshot neither covers everything while others write nor
// is cheap. So Remote is an ingest.Delayed: Delay is that time, twice as long under overload, and Checkpoint makes sure
// that no process in whose memory rows rest was restarted or out of reach meanwhile. What a restart may have taken is
// written again by the caller, which de-duplication makes harmless.
//
// For a single node that was tried with SIGKILL at random moments. It is no proof against a disk that stalls for longer
// than the reserve, and for a cluster it holds only as far as VictoriaMetrics' own promise goes: vminsert answers when the
// rows are in its own buffers, sends them to vmstorage in its own time, and keeps them there for as long as a vmstorage
// is away. So name every vminsert and vmstorage in RemoteConfig.HealthURLs, and set Delay to more than the default if
// vm_rpc_rows_pending of vminsert stays above 0. While one of the processes is down there is no checkpoint, and a new Remote
// takes no rows: take a process that is gone for good from the list. A vmagent or a load balancer with a queue of its own
// between Remote and VictoriaMetrics voids the promise.
//
// # Remote: the protocol
//
// Rows go by Prometheus remote write, because vminsert, vmagent and others take it too. Rows of one series are gathered
// into one TimeSeries, wherever they stand in a batch, as labels are most of the work on both sides. Measured by
// BenchmarkRemoteAppend, batches of 16,384 rows with nine labels, two processors that had other work too, µs of processor
// time per row:
//
//	                                    here, CGO_ENABLED=0   remote      bytes
//	every row another series, zstd      0.9 (with cgo 0.55)   1.3 - 2.9   7.8
//	every row another series, snappy    0.4                   1.6 - 2.5   25.5
//	16 rows of each series, zstd        0.3 (with cgo 0.2)    0.4 - 1.3   2.0
//	16 rows of each series, snappy      0.15                  0.5 - 0.9   6.3
//
// So larger batches save more than anything else, and snappy is better when the remote is on the same machine or near.
// Requests of 2,000 rows cost half as much again here as those of 8,192; still larger ones, or more than two connections,
// gain nothing. /api/v1/import/native took 5.7 µs and 0.6 µs of the remote's time where remote write took 2.0 and 0.2: it
// costs a block per series and request.
package victoria
