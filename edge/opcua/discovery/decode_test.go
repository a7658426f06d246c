package discovery

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// answerOf returns an answer of a fake server without its message headers.
func answerOf(s *fakeServer, id uint16) []byte {
	request := append(make([]byte, 16), appendRequest(nil, id, 1, time.Second)...)
	var b []byte
	for _, chunk := range s.answer(request, 1) {
		b = append(b, chunk[24:]...)
	}
	return b
}

func sample() *fakeServer {
	return &fakeServer{
		endpoints: []endpoint{{
			url: "opc.tcp://a:1/x", server: application{uri: "urn:a", name: "A", urls: []string{"opc.tcp://a:1"}}, certificate: []byte{0x30, 1, 2, 0x30, 0},
			mode: 3, policy: policyPrefix + "Basic256Sha256", transport: binaryTransport, level: 9, tokens: []token{{"u", 1, policyNone}},
		}},
		records: []record{{id: 4, name: "n", url: "opc.tcp://n:1", capabilities: []string{"LDS"}}},
	}
}

func TestDecodeEndpoint(t *testing.T) {
	d := decoder{b: answerOf(sample(), idGetEndpointsRequest)}
	if err := d.service(idGetEndpointsResponse); err != nil {
		t.Fatal(err)
	}
	list := d.endpoints()
	if d.err != nil || len(d.b) != 0 || len(list) != 1 {
		t.Fatalf("%+v, %v, %d bytes left", list, d.err, len(d.b))
	}
	e := list[0].model(serverURL{"10.0.0.1", 2, "/x"})
	if e.URL != "opc.tcp://10.0.0.1:2/x" || e.ReportedURL != "opc.tcp://a:1/x" || e.SecurityMode != model.SecuritySignAndEncrypt ||
		e.SecurityPolicy != "Basic256Sha256" || e.SecurityLevel != 9 || e.UserTokens[0] != (model.UserToken{PolicyID: "u", Type: model.TokenUserName, SecurityPolicy: "None"}) {
		t.Errorf("%+v", e)
	}
	if want := thumbprint([]byte{0x30, 1, 2}); e.Thumbprint != want || want == thumbprint(nil) {
		t.Errorf("thumbprint %s is not that of the first certificate", e.Thumbprint)
	}
}

func TestDecodeText(t *testing.T) {
	d := decoder{b: appendText(nil, "a\x00b\n\xffc")}
	if got := d.text(); got != "abc" {
		t.Errorf("%q", got)
	}
	d = decoder{b: appendText(nil, string(bytes.Repeat([]byte("x"), 2*maxText)))}
	if got := d.text(); len(got) != maxText || len(d.b) != 0 {
		t.Errorf("%d bytes, %d left", len(got), len(d.b))
	}
}

func FuzzDecode(f *testing.F) {
	s := sample()
	for _, id := range []uint16{idGetEndpointsRequest, idFindServersRequest, idServersOnNetworkAsk} {
		f.Add(answerOf(s, id))
	}
	f.Add([]byte{1, 0, 0xaf, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x40, 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, id := range []uint32{idGetEndpointsResponse, idFindServersResponse, idServersOnNetworkReply} {
			d := decoder{b: b}
			if d.service(id) != nil {
				continue
			}
			switch id {
			case idGetEndpointsResponse:
				list := d.endpoints()
				m := newMerged()
				m.endpoints(netip.MustParseAddrPort("10.0.0.1:4840"), list)
				m.list(nil)
			case idFindServersResponse:
				d.applications()
			default:
				d.records()
			}
		}
	})
}

// FuzzClient has a client talk to a server that sends any bytes.
func FuzzClient(f *testing.F) {
	s := sample()
	chunks := s.answer(append(make([]byte, 16), appendRequest(nil, idGetEndpointsRequest, 1, time.Second)...), 1)
	f.Add(bytes.Join([][]byte{s.acknowledge(), openAnswer(1), chunks[0], chunks[1]}, nil))
	f.Add([]byte("ERRF\x10\x00\x00\x00\x00\x00\x83\x80\xff\xff\xff\xff"))
	f.Add([]byte("ACKF\x1c\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() {
			defer theirs.Close()
			buffer := make([]byte, 4096)
			theirs.Read(buffer)
			theirs.Write(b)
		}()
		c := &client{conn: &talk{Conn: ours}, url: "opc.tcp://a", timeout: time.Second}
		if _, err := c.hello(); err != nil {
			return
		}
		if c.open() != nil {
			return
		}
		c.request = 0 // the answers are to the first one
		c.getEndpoints(nil)
	})
}

// talk drops what is written after the first message.
type talk struct {
	net.Conn
	wrote bool
}

func (c *talk) Write(b []byte) (int, error) {
	if c.wrote {
		return len(b), nil
	}
	c.wrote = true
	return c.Conn.Write(b)
}

// mdnsAnswer is what a server announces.
func mdnsAnswer(t testing.TB, port uint16) []byte {
	t.Helper()
	service, instance, host := dnsmessage.MustNewName(mdnsService), dnsmessage.MustNewName("Press 7."+mdnsService), dnsmessage.MustNewName("press7.local.")
	header := func(n dnsmessage.Name) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: n, Class: dnsmessage.ClassINET, TTL: 120}
	}
	m := dnsmessage.Message{
		Header:  dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{{Header: header(service), Body: &dnsmessage.PTRResource{PTR: instance}}},
		Additionals: []dnsmessage.Resource{
			{Header: header(instance), Body: &dnsmessage.TXTResource{TXT: []string{"path=/UA", "caps=DA, HD", "x"}}},
			{Header: header(instance), Body: &dnsmessage.SRVResource{Port: port, Target: host}},
			{Header: header(host), Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 71}}},
		},
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzAnnouncements(f *testing.F) {
	f.Add(mdnsAnswer(f, 4840))
	question, _ := mdnsQuestion()
	f.Add(question)
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseAnnouncements(b)
		if err != nil {
			return
		}
		for _, a := range list {
			if _, ok := parseURL(a.url()); !ok {
				t.Errorf("announced %q is no URL", a.url())
			}
		}
	})
}

// TestMulticast asks a responder on loopback: it stands for the group, since not every machine lets multicast through.
func TestMulticast(t *testing.T) {
	s := startServer(t, "127.0.0.71", "urn:announced", nil)
	responder, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		buffer := make([]byte, 1500)
		n, from, err := responder.ReadFromUDPAddrPort(buffer)
		if err == nil {
			var m dnsmessage.Message
			if err = m.Unpack(buffer[:n]); err == nil && m.Questions[0].Name.String() == mdnsService {
				responder.WriteToUDPAddrPort([]byte("nonsense"), from)
				_, err = responder.WriteToUDPAddrPort(mdnsAnswer(t, s.address.Port()), from)
			}
		}
		done <- err
	}()
	defer responder.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var heard []announcement
	err = askFrom(ctx, netip.MustParseAddrPort("127.0.0.1:0"), responder.LocalAddr().(*net.UDPAddr).AddrPort(), time.Minute, func(a announcement) {
		heard = append(heard, a)
		cancel()
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err != nil || len(heard) == 0 || heard[0].url() != "opc.tcp://127.0.0.71:"+port(s)+"/UA" || len(heard[0].capabilities) != 2 {
		t.Fatalf("heard %+v, %v", heard, err)
	}
	// What was announced is visited, if it may be.
	var r recorder
	f := r.finder(nil)
	for ranges, want := range map[string]int{"127.0.0.71": 1, "127.0.0.72": 0} {
		p, _ := makePlan(&model.DiscoveryConfig{AddressRanges: ranges}, machine)
		scope := newScope(&model.DiscoveryConfig{}, &p)
		f.prepare(scope)
		e := newExplorer(scope, nil, &progress{})
		e.announce(t.Context(), netip.AddrPort{}, heard[0].url(), heard[0].capabilities)
		e.wait()
		if list := e.merge.list(e.announced); len(list) != want || want == 1 && len(list[0].Capabilities) != 2 {
			t.Errorf("%s: %+v", ranges, list)
		}
	}
}
