// Package securechannel is the client's side of OPC UA's transport: TCP connection, secure channel and chunks (Part 6, 6.7 and 7.1).
//
// One goroutine receives. It hands the bytes of each response to the caller that waits for it, and never decodes them: what a server sends in
// a service message can end neither the channel nor the process. Chunks, messages and what is kept of unfinished ones are bounded. The cryptography
// is gopcua's (uapolicy), which does not know of the network.
package securechannel
