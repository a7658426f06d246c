// Package uaserver is a small OPC UA server for address spaces that are built once and then only change their values.
//
// It stands on gopcua's lower packages (uacp, uasc, ua) and not on its server package, because that one cannot be made
// safe from outside: its accept loop waits for the handshake of one client, one goroutine answers all clients and blocks
// with the one that does not read, a request with an unknown session or item id or a malformed value panics in a
// goroutine nobody can recover, and it leaves goroutines behind when it stops. Here each connection has its own reader
// with a recover and a write deadline, and each subscription samples on its own, so no client can hold up another one.
//
// Services (Part 4): discovery, session, attribute with raw history, view with browse paths, method, monitored item and
// subscription with retransmission, events of the Server object with where clauses, ConditionRefresh. Not served: node management, query, transfer of subscriptions, triggering.
package uaserver
