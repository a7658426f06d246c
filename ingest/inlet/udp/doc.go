// Package udp receives UADP network messages in datagrams (Part 14, 7.3.2), sent to this host or to a multicast group.
//
// UDP acknowledges nothing: what comes while the queue is full, or what the operating system drops before, is lost. The first
// is counted here; the second shows as gaps in the sequence numbers of the messages.
package udp
