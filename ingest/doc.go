// Package ingest is the way from a frame to a stored row and to a live value. The Core takes frames of OPC UA PubSub
// (Part 14) in the order of their stream, decodes them in place, gives their numbers to a Store and their newest values to
// Live, and remembers in a checkpoint up to which frame all is on disk. History reads back what is stored.
//
// Where frames come from and where rows go are the interfaces FrameSource, MetaSource, DeadLetters, Store, TextSink and Reader.
//
// # Two goroutines
//
// The intake decodes frames, in groups of one writer each, and collects their samples series by series; the appender gives them to the
// store in batches and makes checkpoints. While the store is busy a batch grows: the more samples of a series come together the less
// each of them costs, because the store looks its series up once.
//
// # What becomes of a value
//
//   - Numbers, Boolean (0 or 1), DateTime (seconds since 1970) and StatusCode become samples of opcua_value; the elements of
//     numeric arrays and the numeric members of structures become samples of one series each, with the label element, as long as they
//     are few.
//   - A Bad value becomes a stale marker, so that a chart shows the gap. The status goes to opcua_status when it changes; it
//     is written again after a restart, which repeats what is true.
//   - Text, structures, arrays and integers that a float64 cannot hold go to the TextSink with their type.
//   - Everything becomes the newest value of its series in Live.
//
// # Time
//
// A sample has the time of its source, else of the server, else of its DataSetMessage, else of its NetworkMessage, else that
// at which the stream stored the frame; rounded down to milliseconds. Of several samples of one series within one millisecond
// of one frame the last one in the frame is stored: the store would keep the larger one. All this, and what is screened, is
// decided from the frame and its time in the stream alone, so that a replay gives the same rows. Samples of one millisecond in
// two frames are left to the store.
//
// # Metadata
//
// What the fields of a UADP frame are follows from the metadata of its version. A frame whose metadata is not there yet waits for a
// bounded time, with later ones of its writer and without holding up others; then it goes to the dead letters. JSON names its fields, and
// UADP without a version numbers them: frames of publishers that are not ours need no metadata, as long as values tell their type. A
// series is named by its field, not by the field's place: versions that add, remove or reorder fields change no series.
//
// # Replays
//
// After a crash the Core begins again behind its checkpoint, and a gateway may send a frame again. The rows are the same and the store
// keeps them once. Frames are never dropped for their running number: a gateway that was set up anew begins with small
// numbers, and its values must not get lost. The number only keeps repeats from turning live values back.
package ingest
