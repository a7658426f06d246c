// Package discovery finds OPC UA servers in a network: it looks which addresses are in use, greets what listens there, and asks
// every server that answers who it is and whom it knows (Part 4, 5.5; Part 12).
//
// It contacts nothing but what the operator named, or the gateway's own networks when he named nothing: every connection goes through
// scope.dial, which refuses everything else, also what a server points to. It sends no ICMP, which needs privileges.
//
// The servers are strangers and their answers hostile until proven otherwise. So nothing here uses the OPC UA stack that the rest of
// the gateway connects with: the four messages that discovery needs have decoders of their own, with limits on everything.
package discovery
