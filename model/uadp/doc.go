// Package uadp is the UADP message mapping of OPC UA PubSub (Part 14, 7.2.4): an append-style encoder, an in-place decoder,
// and the binary encoding of the built-in types (Part 6, 5.2) that both need.
//
// A NetworkMessage is a Header and up to 255 DataSetMessages, each a DataSetHeader and fields. A publisher that fills frames
// as values arrive keeps one buffer for each open DataSetMessage: AppendDataSetHeader starts it, AppendField or
// AppendDeltaField adds to it, PatchFieldCount closes it and AppendNetworkMessage joins the buffers to a frame. A subscriber
// walks a frame with a Decoder. Message is the whole NetworkMessage as one value, for tools and tests.
//
// Template is a frame of fixed layout that is encoded once and then written to in place.
//
// Other frames than those with data are told apart by Decoder.DecodeAny: chunks, of which a Reassembler makes whole messages, and discovery
// messages, which carry the DataSet's metadata. A KeyGroup secures encoded frames of any kind, and a Decoder with SetKeys opens
// them.
//
// Not supported are actions and announcements of other things than metadata: a Decoder names them in an error.
package uadp
