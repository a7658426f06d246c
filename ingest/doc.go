// Package ingest is the way from a frame to a stored row and to a live value. The Core takes frames of OPC UA PubSub
// (Part 14) in the order of their stream, decodes them in place, gives their numbers to a Store and their newest values to
// Live, and remembers in a checkpoint up to which frame all is on disk. History reads back what is stored.
//
// Where frames come from and where rows go are the interfaces FrameSource, MetaSource, DeadLetters, Store and Reader.
//
// # What becomes of a value
//
//   - Numbers, Boolean (0 or 1), DateTime (seconds since 1970) and StatusCode become samples of opcua_value; the elements of
//     numeric arrays become samples of one series each, with the label element, as long as the array is small.
//   - A Bad value becomes a stale marker, so that a chart shows the gap. The status goes to opcua_status when it changes; it
//     is written again after a restart, which repeats what is true.
//   - Everything, text and structures too, becomes the newest value of its series in Live.
//
// # Time
//
// A sample has the time of its source, else of the server, else of its DataSetMessage, else of its NetworkMessage, else that
// at which the stream stored the frame; rounded down to milliseconds. Of several samples of one series within one millisecond
// of one frame the last one in the frame is stored: the store would keep the larger one. All this, and what is screened, is
// decided from the frame and its time in the stream alone, so that a replay gives the same rows. Samples of one millisecond in
// two frames are left to the store.
//
// # Replays
//
// After a crash the Core begins again behind its checkpoint, and a gateway may send a frame again. The rows are the same and the store
// keeps them once. Frames are never dropped for their running number: a gateway that was set up anew begins with small
// numbers, and its values must not get lost. The number only keeps repeats from turning live values back.
package ingest
