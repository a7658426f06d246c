// Package inlet takes the network messages of foreign publishers (OPC Publisher, open62541, any publisher of OPC UA Part 14)
// and gives them to the platform's stream as they are: it looks no deeper into a message than it must to name its owner. Only
// metadata is decoded, because readers need it before the first frame.
//
// How messages get here is the business of the packages below: mqtt is a broker, udp listens to datagrams. Where they go
// are the interfaces Frames, Metadata and DeadLetters.
//
// A foreign publisher is a gateway of its own in the platform, named by its way and its PublisherId: "mqtt:plant1", "udp:2234".
// The id of one of the platform's gateways has no colon, so no foreign publisher can speak as one of them.
package inlet
