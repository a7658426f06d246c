package securechannel

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// identity is a key of some bits and its certificate.
func identity(t testing.TB, bits int) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageContentCommitment | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, URIs: []*url.URL{{Scheme: "urn", Opaque: "shopfloor:test"}},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

// What one side seals the other opens, with keys of 2048 bits and of more, whose padding has a size of two bytes; and nothing that was changed.
func TestSeal(t *testing.T) {
	smallKey, small := identity(t, 2048)
	largeKey, large := identity(t, 3072)
	for _, policy := range []string{ua.SecurityPolicyURIBasic256Sha256, ua.SecurityPolicyURIAes128Sha256RsaOaep, ua.SecurityPolicyURIAes256Sha256RsaPss} {
		a := &Config{PolicyURI: policy, Mode: ua.MessageSecurityModeSignAndEncrypt, Key: smallKey, Certificate: small, RemoteCertificate: large}
		b := &Config{PolicyURI: policy, Mode: ua.MessageSecurityModeSignAndEncrypt, Key: largeKey, Certificate: large, RemoteCertificate: small}
		for _, c := range [][2]*Config{{a, b}, {b, a}} {
			from, err := newAsymmetric(c[0])
			if err != nil {
				t.Fatal(err)
			}
			to, err := newAsymmetric(c[1])
			if err != nil {
				t.Fatal(err)
			}
			for n := range 40 {
				testSeal(t, &from.algorithm, &to.algorithm, 17*n, true)
			}
		}
		nonces := [2][]byte{make([]byte, 32), slices.Repeat([]byte{1}, 32)}
		for _, encrypts := range []bool{true, false} {
			from, err := newToken(a, 1, time.Hour, nonces[0], nonces[1])
			if err != nil {
				t.Fatal(err)
			}
			to, err := newToken(b, 1, time.Hour, nonces[1], nonces[0])
			if err != nil {
				t.Fatal(err)
			}
			from.encrypts = encrypts
			for n := range 40 {
				testSeal(t, &from.algorithm, &to.algorithm, n, encrypts)
			}
			// A full chunk is as long as it may be.
			sealed, err := from.seal(make([]byte, symmetricHeader+sequenceHeader+from.room(minChunkSize)), symmetricHeader, encrypts)
			if err != nil || len(sealed) > minChunkSize || len(sealed) < minChunkSize-16 {
				t.Errorf("%s: a full chunk has %d bytes, %v", policy, len(sealed), err)
			}
		}
	}
}

func testSeal(t *testing.T, from, to *algorithm, n int, encrypts bool) {
	t.Helper()
	const header = 16
	plain := make([]byte, header+n)
	_, _ = rand.Read(plain[header:])
	sealed, err := from.seal(slices.Clone(plain), header, encrypts)
	if err != nil || int(binary.LittleEndian.Uint32(sealed[4:])) != len(sealed) {
		t.Fatalf("seal %d bytes: %d, %v", n, len(sealed), err)
	}
	opened, err := to.open(slices.Clone(sealed), header, encrypts)
	if err != nil || !slices.Equal(opened, plain[header:]) {
		t.Fatalf("open %d bytes: %d, %v", n, len(opened), err)
	}
	for _, i := range []int{0, header, len(sealed) - 1} {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		if _, err := to.open(changed, header, encrypts); !errors.Is(err, model.StatusBadSecurityChecksFailed) {
			t.Fatalf("%d bytes, changed at %d: %v", n, i, err)
		}
	}
	for _, k := range []int{header, len(sealed) - 1} {
		if _, err := to.open(slices.Clone(sealed[:k]), header, encrypts); !errors.Is(err, model.StatusBadSecurityChecksFailed) {
			t.Fatalf("%d bytes, cut to %d: %v", n, k, err)
		}
	}
}

func dial(t testing.TB, endpoint string, cfg Config) *Channel {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSuffix(endpoint, "/plant"), "opc.tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.EndpointURL = endpoint
	c, err := Open(t.Context(), conn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Requests go on while tokens are renewed, with and without security.
func TestRenew(t *testing.T) {
	server := opcuatest.Start(t, opcuatest.Options{AutoAccept: true})
	key, certificate := identity(t, 3072)
	for _, cfg := range []Config{
		{},
		{
			PolicyURI: ua.SecurityPolicyURIAes256Sha256RsaPss, Mode: ua.MessageSecurityModeSignAndEncrypt, Key: key, Certificate: certificate,
			RemoteCertificate: server.CertificateDER(),
		},
	} {
		cfg.Lifetime = 600 * time.Millisecond
		c := dial(t, server.Endpoint(), cfg)
		tokens := map[uint32]bool{}
		for deadline := time.Now().Add(20 * time.Second); len(tokens) < 4; {
			m, err := c.Call(t.Context(), nil, &ua.GetEndpointsRequest{EndpointURL: server.Endpoint()}, 5*time.Second)
			if err != nil {
				t.Fatalf("%s: %v", cfg.PolicyURI, err)
			}
			m.Release()
			_, now := c.tokens()
			tokens[now.id] = true
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d tokens", cfg.PolicyURI, len(tokens))
			}
		}
	}
}

// fakeServer answers Hello and the opening of a channel, then sends bytes, and reads what comes.
func fakeServer(conn net.Conn, then []byte) {
	defer conn.Close()
	buf := make([]byte, chunkSize)
	send := func(b []byte) {
		binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
		_, _ = conn.Write(b)
	}
	u32 := func(values ...uint32) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return b
	}
	if _, _, err := readChunk(conn, buf); err != nil {
		return
	}
	send(append([]byte("ACKF\x00\x00\x00\x00"), u32(0, chunkSize, chunkSize, 0, 0)...))
	if _, _, err := readChunk(conn, buf); err != nil {
		return
	}
	policy := ua.SecurityPolicyURINone
	body := slices.Concat([]byte{1, 0, 0xC1, 1}, make([]byte, 8), u32(1, 0), []byte{0}, u32(0), []byte{0, 0, 0}, u32(0, 7, 1), make([]byte, 8), u32(3600_000, 0))
	send(slices.Concat([]byte("OPNF\x00\x00\x00\x00"), u32(7, uint32(len(policy))), []byte(policy), u32(0xFFFFFFFF, 0xFFFFFFFF, 1, 1), body))
	if _, _, err := readChunk(conn, buf); err != nil { // a request
		return
	}
	_, _ = conn.Write(then)
	_, _ = io.Copy(io.Discard, conn)
}

func message(kind string, sequence, requestID uint32, body []byte) []byte {
	b := append([]byte(kind), 0, 0, 0, 0)
	for _, v := range []uint32{7, 1, sequence, requestID} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
	return b
}

func exchange(t testing.TB, then []byte, cfg Config) ([]byte, *Channel, error) {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fakeServer(server, then)
	}()
	c, err := Open(t.Context(), client, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		c.Close()
		<-done
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	m, err := c.Call(ctx, nil, &ua.ReadRequest{}, time.Minute)
	if err != nil {
		return nil, c, err
	}
	defer m.Release()
	return slices.Clone(m.Body), c, nil
}

func TestResponses(t *testing.T) {
	abort := slices.Concat([]byte{0, 0, 0x0A, 0x80}, []byte{2, 0, 0, 0}, []byte("no"))
	for _, c := range []struct {
		name  string
		bytes []byte
		want  string
		err   error
		ends  bool // the channel
	}{
		{"one chunk", message("MSGF", 2, 2, []byte("abc")), "abc", nil, false},
		{"two chunks, another's between", slices.Concat(message("MSGC", 2, 2, []byte("ab")), message("MSGF", 3, 9, []byte("x")), message("MSGF", 4, 2, []byte("c"))), "abc", nil, false},
		{"aborted", slices.Concat(message("MSGC", 2, 2, []byte("ab")), message("MSGA", 3, 2, abort)), "", model.StatusBadTimeout, false},
		{"too long", slices.Concat(message("MSGC", 2, 2, make([]byte, 5000)), message("MSGC", 3, 2, make([]byte, 5001))), "", model.StatusBadResponseTooLarge, false},
		{"too many chunks", func() (b []byte) {
			for i := range maxChunks + 1 {
				b = append(b, message("MSGC", uint32(i+2), 2, nil)...)
			}
			return b
		}(), "", model.StatusBadResponseTooLarge, false},
		{"a number is left out", message("MSGF", 3, 2, []byte("abc")), "", model.StatusBadSequenceNumberInvalid, true},
		{"another channel", func() []byte { b := message("MSGF", 2, 2, nil); b[8] = 9; return b }(), "", model.StatusBadSecureChannelIdInvalid, true},
		{"another token", func() []byte { b := message("MSGF", 2, 2, nil); b[12] = 9; return b }(), "", model.StatusBadSecureChannelTokenUnknown, true},
		{"error", append([]byte("ERRF\x12\x00\x00\x00"), abort...), "", model.StatusBadTimeout, true},
		{"closed", message("CLOF", 2, 2, nil), "", model.StatusBadSecureChannelClosed, true},
		{"a chunk of 4 GiB", []byte("MSGF\xFF\xFF\xFF\xFF"), "", model.StatusBadTcpMessageTooLarge, true},
		{"a chunk of 7 bytes", []byte("MSGF\x07\x00\x00\x00"), "", model.StatusBadTcpMessageTooLarge, true},
		{"a chunk without a sequence", []byte("MSGF\x10\x00\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00"), "", model.StatusBadDecodingError, true},
		{"no OPC UA", []byte("HTTP/1.1 400 Bad Request"), "", model.StatusBadTcpMessageTypeInvalid, true},
		{"nothing", nil, "", context.DeadlineExceeded, false},
		{"an opening that nobody asked for", append([]byte("OPNF\x4F\x00\x00\x00\x07\x00\x00\x00\x2F\x00\x00\x00"+ua.SecurityPolicyURINone), 255, 255, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 9, 0, 0, 0), "", model.StatusBadSecureChannelIdInvalid, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, channel, err := exchange(t, c.bytes, Config{MaxMessageSize: 10_000})
			if string(got) != c.want || !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
				t.Errorf("%q, %v; want %q, %v", got, err, c.want, c.err)
			}
			if ended := !errors.Is(channel.Err(), model.StatusBadConnectionClosed); ended != c.ends { // Close ended the others
				t.Errorf("the channel ended with %v", channel.Err())
			}
		})
	}
}

// FuzzReceive has a server send any bytes after the channel was opened.
func FuzzReceive(f *testing.F) {
	f.Add(message("MSGF", 2, 2, []byte("abc")))
	f.Add(slices.Concat(message("MSGC", 2, 2, []byte("ab")), message("MSGA", 3, 2, make([]byte, 8))))
	f.Add([]byte("OPNF\x20\x00\x00\x00\x07\x00\x00\x00\x2F\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Channel{cfg: Config{MaxMessageSize: 10_000}, pending: map[uint32]*request{}, done: make(chan struct{}), received: make(chan struct{})}
		if err := c.cfg.prepare(); err != nil {
			t.Fatal(err)
		}
		var err error
		if c.opn, err = newAsymmetric(&c.cfg); err != nil {
			t.Fatal(err)
		}
		c.pool.New = func() any { return &Message{pool: &c.pool} }
		if c.current, err = newToken(&c.cfg, 1, time.Hour, nil, nil); err != nil {
			t.Fatal(err)
		}
		c.id = 7
		c.expect(2)
		client, server := net.Pipe()
		server.Close()
		c.conn, c.in = client, newReader(strings.NewReader(string(b)))
		c.receive()
		c.Fail(io.EOF)
	})
}
