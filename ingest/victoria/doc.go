// Package victoria keeps numeric series in an embedded VictoriaMetrics: it takes rows (ingest.Store), reads them back
// (ingest.Reader), and serves the Prometheus query API and VMUI over HTTP.
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
package victoria
