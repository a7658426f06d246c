// Package uajson is the JSON message mapping of OPC UA PubSub (Part 14, 7.2.5) and the JSON encoding of values (Part 6, 5.4): an
// append-style encoder that writes what the standard says, and an in-place decoder that also reads what publishers really send.
//
// A NetworkMessage is a Header and any number of DataSetMessages, each a DataSetHeader and named fields. A publisher that fills
// frames as values arrive keeps one buffer for each open DataSetMessage: AppendDataSetHeader starts it, AppendField adds to it,
// AppendDataSetEnd closes it and AppendNetworkMessage joins the buffers to a frame. A subscriber walks a frame with a Decoder,
// which takes every form that the content masks allow, the messages of OPC Publisher (strict, compatible, samples) and gzip.
// AppendMetaData and Decoder.MetaData carry a DataSet's metadata, AppendValue and ParseValue single values.
//
// A StructureCodec turns a structure in the binary encoding into JSON text by its description, and NumericMembers finds the
// numbers in such a text.
package uajson
