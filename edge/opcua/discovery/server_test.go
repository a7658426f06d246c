package discovery

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// fakeServer answers the services of discovery, over a channel without security.
type fakeServer struct {
	address  netip.AddrPort
	listener net.Listener
	accepted atomic.Int64
	group    sync.WaitGroup

	mu        sync.Mutex
	open      map[net.Conn]bool
	endpoints []endpoint
	servers   []application
	records   []record
	// refuse answers Hello with an Error, silent with nothing; raw answers everything after Hello with these bytes.
	refuse, silent bool
	raw            []byte
}

// The ports of servers are taken from these, which are below those that the system gives to outgoing connections.
const firstPort, ports = 26_000, 1_000

// listen takes a random port of an address.
func listen(t testing.TB, address string) net.Listener {
	t.Helper()
	var err error
	for range 20 {
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(firstPort+rand.IntN(ports)))); err == nil {
			return l
		}
	}
	t.Fatal(err)
	return nil
}

// startServer starts a server with one endpoint, described by uri, that reports the address at which it is.
func startServer(t testing.TB, address, uri string, change func(*fakeServer)) *fakeServer {
	t.Helper()
	l := listen(t, address)
	s := &fakeServer{listener: l, address: l.Addr().(*net.TCPAddr).AddrPort(), open: map[net.Conn]bool{}}
	url := "opc.tcp://" + s.address.String()
	self := application{uri: uri, name: "Server " + uri, urls: []string{url}}
	s.endpoints = []endpoint{{url: url, server: self, mode: 1, policy: policyNone, transport: binaryTransport, tokens: []token{{id: "anonymous"}}}}
	s.servers = []application{self}
	if change != nil {
		change(s)
	}
	s.group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.mu.Lock()
			s.open[conn] = true
			s.mu.Unlock()
			s.group.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *fakeServer) stop() {
	s.listener.Close()
	s.mu.Lock()
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.group.Wait()
}

func (s *fakeServer) serve(conn net.Conn) {
	defer conn.Close()
	for sequence := uint32(1); ; sequence++ {
		header := make([]byte, 8)
		if _, err := io.ReadFull(conn, header); err != nil {
			return
		}
		body := make([]byte, binary.LittleEndian.Uint32(header[4:])-8)
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		kind := string(header[:3])
		if kind != "HEL" && s.raw != nil {
			conn.Write(s.raw)
			return
		}
		switch kind {
		case "HEL":
			if s.silent {
				continue
			}
			conn.Write(s.acknowledge())
		case "OPN":
			conn.Write(openAnswer(sequence))
		case "MSG":
			for _, chunk := range s.answer(body, sequence) {
				conn.Write(chunk)
			}
		default:
			return
		}
	}
}

func (s *fakeServer) acknowledge() []byte {
	if s.refuse {
		return setSize(appendText(appendUint32([]byte("ERRF\x00\x00\x00\x00"), 0x80830000), "wrong url"))
	}
	b := []byte("ACKF\x00\x00\x00\x00")
	for _, v := range []uint32{0, 65535, 65535, 0, 0} {
		b = appendUint32(b, v)
	}
	return setSize(b)
}

func appendResponse(b []byte, id uint16) []byte {
	b = append(b, 1, 0, byte(id), byte(id>>8))
	b = append(b, make([]byte, 8+4+4)...) // time, handle, good
	b = append(b, 0)                      // no diagnostics
	b = appendNull(b)
	return append(b, 0, 0, 0)
}

func openAnswer(sequence uint32) []byte {
	b := appendUint32([]byte("OPNF\x00\x00\x00\x00"), 7)
	b = appendNull(appendNull(appendText(b, policyNone)))
	b = appendUint32(appendUint32(b, sequence), 1)
	b = appendResponse(b, idOpenChannelResponse)
	for _, v := range []uint32{0, 7, 9, 0, 0, 60000} {
		b = appendUint32(b, v)
	}
	return setSize(appendNull(b))
}

// answer is the answer to a request, in two chunks.
func (s *fakeServer) answer(body []byte, sequence uint32) [][]byte {
	request := binary.LittleEndian.Uint32(body[12:])
	d := decoder{b: body[16:]}
	var b []byte
	switch d.nodeID() {
	case idGetEndpointsRequest:
		b = appendUint32(appendResponse(b, idGetEndpointsResponse), uint32(len(s.endpoints)))
		for _, e := range s.endpoints {
			b = appendEndpoint(b, &e)
		}
	case idFindServersRequest:
		b = appendUint32(appendResponse(b, idFindServersResponse), uint32(len(s.servers)))
		for _, a := range s.servers {
			b = appendApplication(b, &a)
		}
	case idServersOnNetworkAsk:
		b = append(appendResponse(b, idServersOnNetworkReply), make([]byte, 8)...)
		b = appendUint32(b, uint32(len(s.records)))
		for _, r := range s.records {
			b = appendTexts(appendText(appendText(appendUint32(b, r.id), r.name), r.url), r.capabilities)
		}
	default:
		b = appendResponse(b, idServiceFault)
	}
	half := len(b) / 2
	return [][]byte{messageChunk('C', sequence, request, b[:half]), messageChunk('F', sequence+1, request, b[half:])}
}

func messageChunk(flag byte, sequence, request uint32, body []byte) []byte {
	b := append([]byte("MSG"), flag, 0, 0, 0, 0)
	for _, v := range []uint32{7, 9, sequence, request} {
		b = appendUint32(b, v)
	}
	return setSize(append(b, body...))
}

func appendApplication(b []byte, a *application) []byte {
	b = appendText(appendText(b, a.uri), a.product)
	b = appendText(append(b, 2), a.name)
	b = appendNull(appendNull(appendUint32(b, a.kind)))
	return appendTexts(b, a.urls)
}

func appendEndpoint(b []byte, e *endpoint) []byte {
	b = appendApplication(appendText(b, e.url), &e.server)
	b = appendText(b, string(e.certificate))
	b = appendText(appendUint32(b, e.mode), e.policy)
	b = appendUint32(b, uint32(len(e.tokens)))
	for _, t := range e.tokens {
		b = appendText(appendNull(appendNull(appendUint32(appendText(b, t.id), t.kind))), t.policy)
	}
	return append(appendText(b, e.transport), e.level)
}
