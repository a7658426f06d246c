package discovery

import (
	"encoding/binary"
	"time"
)

// Numbers of the binary encodings of the messages (Part 6, annex C).
const (
	idServiceFault          = 397
	idFindServersRequest    = 422
	idFindServersResponse   = 425
	idGetEndpointsRequest   = 428
	idGetEndpointsResponse  = 431
	idOpenChannelRequest    = 446
	idOpenChannelResponse   = 449
	idCloseChannelRequest   = 452
	idServersOnNetworkAsk   = 12208
	idServersOnNetworkReply = 12209
)

const (
	policyNone = "http://opcfoundation.org/UA/SecurityPolicy#None"
	// chunkSize is what we take in one chunk; 65535 is what every stack can.
	chunkSize = 0xffff
	// channelLifetime is asked of the server. The channel is closed long before.
	channelLifetime = time.Minute
)

func appendUint32(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }

func appendText(b []byte, s string) []byte {
	return append(appendUint32(b, uint32(len(s))), s...)
}

// appendNull appends a null String, ByteString or array.
func appendNull(b []byte) []byte { return appendUint32(b, 0xffffffff) }

func appendTexts(b []byte, list []string) []byte {
	b = appendUint32(b, uint32(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

// appendRequest appends the type of a request and its RequestHeader (Part 4, 7.32).
func appendRequest(b []byte, id uint16, handle uint32, timeout time.Duration) []byte {
	b = append(b, 1, 0, byte(id), byte(id>>8)) // four-byte NodeId
	b = append(b, 0, 0)                        // authentication token: null
	b = binary.LittleEndian.AppendUint64(b, uint64(dateTime(time.Now())))
	b = appendUint32(b, handle)
	b = appendUint32(b, 0) // no diagnostics
	b = appendNull(b)      // audit entry
	b = appendUint32(b, uint32(timeout.Milliseconds()))
	return append(b, 0, 0, 0) // additional header: null
}

// dateTime is t in 100 ns since 1601 (Part 6, 5.2.2.5).
func dateTime(t time.Time) int64 { return t.UnixNano()/100 + 116_444_736_000_000_000 }

// appendHello appends a Hello message (Part 6, 7.1.2.3).
func appendHello(b []byte, url string) []byte {
	b = append(b, "HELF"...)
	b = appendUint32(b, uint32(8+5*4+4+len(url)))
	for _, v := range [...]uint32{0, chunkSize, chunkSize, maxMessage, maxChunks} {
		b = appendUint32(b, v)
	}
	return appendText(b, url)
}

// setSize writes the length of a message into its header.
func setSize(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
	return b
}
