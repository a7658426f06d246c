// Package opcua is the edge.Source of OPC UA servers (Part 4, binary encoding over opc.tcp).
//
// A Source keeps two connections to its server, each with a session of its own: one for subscriptions, one for everything that is
// asked. A large browse or a slow method so never holds up the values. Both reconnect by themselves.
//
// The codec, the chunking and the cryptography are gopcua's. Its client is not used: a fault of one service ends its connection, and
// after a reconnect it may stay connected without data. Sessions, subscriptions and their recovery are in this package.
//
// # From notification to DataSet
//
// Publish responses are brought into the order of their sequence numbers, holes are asked for again (Republish), what cannot be
// had any more is counted in ServerStatus.LostNotifications. One goroutine per subscription hands the values over, so values of one
// item keep their order. DataSet.Put may block when the publisher's buffer is full: the subscription is then paused at the server
// (SetPublishingMode) and stays alive; the values wait in the queues of its items, and what overflows there comes back as the
// overflow bit of the next value's status, which is counted as lost as well. Other subscriptions go on.
//
// # Limits of the codec
//
// Null and empty texts and byte strings cannot be told apart. A matrix with a dimension of length 0 cannot be received. Arrays of
// ByteString and DateTimes outside 1678..2262 can be read, but not written: a write of them is refused. gopcua can be crashed by a
// server that sends malformed variants, so connect to servers that you trust.
package opcua
