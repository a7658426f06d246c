// Package bus is Shopfloor's message bus: an embedded NATS server with JetStream, and everything the platform agrees on
// over NATS in one place: subjects, streams, key-value buckets, the form of a frame, request/reply.
//
// A process calls Start once and Connect once per kind of traffic: bulk (Publisher, FrameReader) and control (Bucket,
// Request, Serve) use separate connections, so that a burst of frames never delays an answer.
package bus
