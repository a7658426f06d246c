package discovery

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// client is a secure channel without security over a connection of its own (Part 6, 6.7 and 7.1). It has no goroutine; it belongs to one.
// Its connection fails as soon as the context with which it was opened ends.
type client struct {
	conn     net.Conn
	stop     func() bool
	url      string
	timeout  time.Duration
	channel  uint32
	token    uint32
	sequence uint32
	request  uint32
}

// errNoServer says that what listens is no OPC UA server.
var errNoServer = errors.New("is no OPC UA server")

// greet connects and exchanges Hello and Acknowledge. A server that answers with an Error message is one, too: known tells.
func greet(ctx context.Context, s *scope, a netip.AddrPort, url string, timeout time.Duration) (c *client, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	conn, err := s.dial(ctx, a)
	if err != nil {
		cancel()
		return nil, false, err
	}
	c = &client{conn: conn, url: url, timeout: timeout}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // fails only when it is closed
	c.stop = func() bool { defer cancel(); return stop() }
	if known, err = c.hello(); err != nil {
		c.abort()
		return nil, known, err
	}
	return c, true, nil
}

func (c *client) hello() (known bool, err error) {
	if _, err := c.conn.Write(appendHello(nil, c.url)); err != nil {
		return false, err
	}
	kind, body, err := c.read()
	switch {
	case err != nil:
		return false, err
	case kind == "ACKF" && len(body) == 20:
		return true, nil
	case kind == "ERRF":
		return true, remoteError(body)
	}
	return false, errNoServer
}

// remoteError is the text of an Error message (Part 6, 7.1.2.5).
func remoteError(body []byte) error {
	d := decoder{b: body}
	status, reason := model.StatusCode(d.uint32()), d.text()
	return fmt.Errorf("the server refuses with %q: %w", reason, status)
}

// abort ends the connection without a word.
func (c *client) abort() {
	c.stop()
	c.conn.Close()
}

// close ends the channel in order.
func (c *client) close() {
	body := appendRequest(nil, idCloseChannelRequest, c.request+1, c.timeout)
	_ = c.send("CLOF", body) // the connection ends anyway
	c.abort()
}

// read reads one chunk: its type with the chunk flag, and what follows the header.
func (c *client) read() (kind string, body []byte, err error) {
	var header [8]byte
	if _, err := io.ReadFull(c.conn, header[:]); err != nil {
		return "", nil, err
	}
	switch string(header[:3]) {
	case "ACK", "ERR", "OPN", "MSG":
	default:
		return "", nil, errNoServer
	}
	size := binary.LittleEndian.Uint32(header[4:])
	if size < 8 || size > chunkSize {
		return "", nil, fmt.Errorf("chunk of %d bytes: %w", size, errMalformed)
	}
	body = make([]byte, size-8)
	_, err = io.ReadFull(c.conn, body)
	return string(header[:4]), body, err
}

// open opens the channel.
func (c *client) open() error {
	body := appendRequest(nil, idOpenChannelRequest, 1, c.timeout)
	body = appendUint32(body, 0) // protocol version
	body = appendUint32(body, 0) // issue
	body = appendUint32(body, 1) // mode None
	body = appendNull(body)      // nonce
	body = appendUint32(body, uint32(channelLifetime.Milliseconds()))
	if err := c.send("OPNF", body); err != nil {
		return err
	}
	kind, answer, err := c.read()
	if err != nil {
		return err
	}
	if kind == "ERRF" {
		return remoteError(answer)
	}
	d := decoder{b: answer}
	d.uint32() // channel, which the token has, too
	d.bytes()  // policy
	d.bytes()  // certificate
	d.bytes()  // thumbprint
	d.take(8)  // sequence and request number
	if err := d.service(idOpenChannelResponse); err != nil {
		return err
	}
	d.uint32() // protocol version
	c.channel, c.token = d.uint32(), d.uint32()
	if kind != "OPNF" || d.err != nil {
		return fmt.Errorf("open secure channel: %w", errMalformed)
	}
	return nil
}

// send sends a message in one chunk; requests of discovery are short.
func (c *client) send(kind string, body []byte) error {
	b := append([]byte(kind), 0, 0, 0, 0)
	b = appendUint32(b, c.channel)
	if kind == "OPNF" {
		b = appendNull(appendNull(appendText(b, policyNone)))
	} else {
		b = appendUint32(b, c.token)
	}
	c.sequence, c.request = c.sequence+1, c.request+1
	b = appendUint32(appendUint32(b, c.sequence), c.request)
	_, err := c.conn.Write(setSize(append(b, body...)))
	return err
}

// call sends a request and returns the decoder behind the header of its answer.
func (c *client) call(request uint16, response uint32, arguments func([]byte) []byte) (decoder, error) {
	if err := c.send("MSGF", arguments(appendRequest(nil, request, c.request+1, c.timeout))); err != nil {
		return decoder{}, err
	}
	answer, err := c.receive()
	if err != nil {
		return decoder{}, err
	}
	d := decoder{b: answer}
	return d, d.service(response)
}

// receive puts the chunks of an answer together (Part 6, 6.7.2).
func (c *client) receive() ([]byte, error) {
	var answer []byte
	for range maxChunks {
		kind, body, err := c.read()
		switch {
		case err != nil:
			return nil, err
		case kind == "ERRF":
			return nil, remoteError(body)
		case kind[:3] != "MSG" || len(body) < 16:
			return nil, errMalformed
		case binary.LittleEndian.Uint32(body[12:]) != c.request:
			return nil, fmt.Errorf("answer to another request: %w", errMalformed)
		case kind[3] == 'A':
			return nil, remoteError(body[16:])
		case len(answer)+len(body) > maxMessage:
			return nil, fmt.Errorf("answer of more than %d bytes: %w", maxMessage, errMalformed)
		}
		answer = append(answer, body[16:]...)
		if kind[3] == 'F' {
			return answer, nil
		}
	}
	return nil, fmt.Errorf("answer of more than %d chunks: %w", maxChunks, errMalformed)
}

// service reads the type of an answer and its header. A fault, or a Bad result, is the error.
func (d *decoder) service(want uint32) error {
	id := d.nodeID()
	status := model.StatusCode(d.responseHeader())
	switch {
	case d.err != nil:
		return d.err
	case status.IsBad():
		return status
	case id != want:
		return fmt.Errorf("answer of type %d instead of %d: %w", id, want, errMalformed)
	}
	return nil
}

// findServers asks which servers the server knows, itself among them (Part 4, 5.5.2).
func (c *client) findServers(locales []string) ([]application, error) {
	d, err := c.call(idFindServersRequest, idFindServersResponse, func(b []byte) []byte {
		return appendNull(appendTexts(appendText(b, c.url), locales))
	})
	if err != nil {
		return nil, fmt.Errorf("FindServers: %w", err)
	}
	return d.applications(), d.err
}

// getEndpoints asks for the server's endpoints (Part 4, 5.5.4).
func (c *client) getEndpoints(locales []string) ([]endpoint, error) {
	d, err := c.call(idGetEndpointsRequest, idGetEndpointsResponse, func(b []byte) []byte {
		return appendNull(appendTexts(appendText(b, c.url), locales))
	})
	if err != nil {
		return nil, fmt.Errorf("GetEndpoints: %w", err)
	}
	return d.endpoints(), d.err
}

// maxRecords bounds the servers on the network that one discovery server is asked for.
const maxRecords = 5000

// findServersOnNetwork asks a discovery server which servers it has heard of (Part 4, 5.5.3).
func (c *client) findServersOnNetwork() (all []record, err error) {
	next := uint32(0)
	for len(all) < maxRecords {
		d, err := c.call(idServersOnNetworkAsk, idServersOnNetworkReply, func(b []byte) []byte {
			return appendNull(appendUint32(appendUint32(b, next), 100))
		})
		if err != nil {
			return all, fmt.Errorf("FindServersOnNetwork: %w", err)
		}
		list := d.records()
		if d.err != nil {
			return all, d.err
		}
		highest := next
		for _, r := range list {
			highest = max(highest, r.id)
		}
		all = append(all, list...)
		if len(list) == 0 || highest < next || highest == ^uint32(0) {
			return all, nil
		}
		next = highest + 1
	}
	return all, nil
}
