// Package opcua is the edge.Source of OPC UA servers (Part 4, binary encoding over opc.tcp).
//
// A Source keeps two connections to its server, each with a session of its own: one for subscriptions, one for everything that is
// asked. A large browse or a slow method so never holds up the values. Both reconnect by themselves.
//
// Transport and secure channel are in securechannel. Values (notifications, results of reads and calls) are decoded by model/uadp; the other responses by
// gopcua, after wire has walked through them, because gopcua can be crashed by what it decodes. Requests are encoded by gopcua. Its client
// is not used: a fault of one service ends its connection, and after a reconnect it may stay connected without data.
//
// # From notification to DataSet
//
// Values go from the bytes of a notification into the frame without an allocation per value. Publish responses are brought into the order of their sequence numbers, holes are asked for again (Republish), what cannot be
// had any more is counted in ServerStatus.LostNotifications. One goroutine per subscription hands the values over, so values of one
// item keep their order. DataSet.Put may block when the publisher's buffer is full: the subscription is then paused at the server
// (SetPublishingMode) and stays alive; the values wait in the queues of its items, and what overflows there comes back as the
// overflow bit of the next value's status, which is counted as lost as well. Other subscriptions go on.
//
// A message is acknowledged to the server when its values are stored (edge.Durable). Of what a gateway had not stored when it was killed, the server still
// holds what its queues can; a new gateway cannot ask for it, as the session was another's. What it missed shows as a gap in the sequence of values.
//
// # Events
//
// A writer of events has one monitored item with an EventFilter, made of what the server tells of its event types (eventcompile.go). Its events take the
// same way as values, and fill DataSetMessages of kind Event. The state of conditions is what their events tell (conditions.go), made whole by ConditionRefresh
// whenever events may have been missed. Changes of the address space are told by events of the server, if it has them, and found by browsing (modelfeed.go).
// Where a server refuses a where clause because it knows none, or not the operator, the gateway has all events sent and applies the clause itself (eventlocal.go);
// the status of the writer says so. InView and RelatedTo are left to servers.
//
// # Hostile servers
//
// What a server sends is bounded and checked before memory is taken, so that it can harm its own connection only. A notification that does not
// decode is counted in LostNotifications; the others go on.
//
// # Limits of the codec
//
// Arrays of ByteString within DataValues and literals of filters, and DateTimes outside 1678..2262, can be read, but not written: they are refused.
package opcua
