package demoplant

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"
)

// stall forwards one connection to the plant until freeze is closed; then it reads nothing more from the plant until thaw
// is closed. hungUp tells then whether the plant had closed the connection.
func stall(t *testing.T, p *Plant, freeze, thaw <-chan struct{}) (endpoint string, hungUp <-chan bool) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan bool, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(result)
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		plant, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint(), "opc.tcp://"))
		if err != nil {
			t.Errorf("dial the plant: %v", err)
			return
		}
		defer plant.Close()
		_ = plant.(*net.TCPConn).SetReadBuffer(4096)
		wg.Go(func() { _, _ = io.Copy(plant, client) })
		buf := make([]byte, 4096)
		for {
			select {
			case <-freeze:
				<-thaw
				_ = plant.SetReadDeadline(time.Now().Add(3 * time.Second))
				_, err := io.Copy(io.Discard, plant)
				result <- !errors.Is(err, os.ErrDeadlineExceeded)
				return
			default:
			}
			n, err := plant.Read(buf)
			if err != nil {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return "opc.tcp://" + l.Addr().String(), result
}

// TestClientThatStopsReading floods the plant with requests and reads no answer. Other clients must not notice, and
// the plant must hang up on it.
func TestClientThatStopsReading(t *testing.T) {
	t.Parallel()
	p := startPlant(t, Config{})
	freeze, thaw := make(chan struct{}), make(chan struct{})
	endpoint, hungUp := stall(t, p, freeze, thaw)
	stuck, err := opcua.NewClient(endpoint, opcua.AutoReconnect(false), opcua.RequestTimeout(20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := stuck.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	subscribe(t, stuck, 50*time.Millisecond, "Boiler1.Temperature", "EnergyMeter1.Voltage")
	ctx, cancel := context.WithCancel(context.Background())
	close(freeze)
	var flood sync.WaitGroup
	for range 100 { // about 90 KB of answer each
		flood.Go(func() {
			reads := slices.Repeat([]*ua.ReadValueID{{
				NodeID: ua.NewNumericNodeID(0, id.Server_NamespaceArray), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{},
			}}, 1000)
			_, _ = stuck.Read(ctx, &ua.ReadRequest{NodesToRead: reads})
		})
	}
	c := connect(t, p)
	other, _ := subscribe(t, c, 50*time.Millisecond, "Boiler1.Temperature")
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); { // longer than the plant waits for a client
		select {
		case <-other.Notifications():
		case <-time.After(5 * time.Second):
			t.Error("the other client got no change for 5 s")
			end = time.Now()
		}
	}
	value[float64](t, c, "Boiler1.Temperature")
	close(thaw)
	if !<-hungUp {
		t.Error("the plant still holds the connection of the client that reads nothing")
	}
	cancel()
	flood.Wait()
	_ = stuck.Close(context.Background())
}

// TestConnectionsThatSayNothing holds open connections that never say hello, as a port scanner does.
func TestConnectionsThatSayNothing(t *testing.T) {
	p := startPlant(t, Config{})
	for range 5 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint(), "opc.tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	garbage, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint(), "opc.tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	if _, err := garbage.Write([]byte("GET / HTTP/1.1\r\nHost: plant\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = garbage.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(garbage); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("the plant kept a connection that spoke HTTP")
	}
	value[float64](t, connect(t, p), "Boiler1.Temperature")
}

// poison encodes as a LiteralOperand whose Variant is an Int32 array of length -2, on which gopcua's decoder panics.
type poison struct{}

func (poison) Encode() ([]byte, error) { return []byte{0x80 | 6, 0xfe, 0xff, 0xff, 0xff}, nil }

func TestMalformedValue(t *testing.T) {
	p := startPlant(t, Config{})
	good, bad := connect(t, p), connect(t, p)
	browsed := &ua.ExtensionObject{
		TypeID: ua.NewFourByteExpandedNodeID(0, id.LiteralOperand_Encoding_DefaultBinary), EncodingMask: ua.ExtensionObjectBinary, Value: poison{},
	}
	err := bad.Send(t.Context(), &ua.HistoryReadRequest{HistoryReadDetails: browsed, NodesToRead: []*ua.HistoryReadValueID{}}, func(ua.Response) error { return nil })
	if err == nil {
		t.Error("a malformed request was answered")
	}
	value[float64](t, good, "Boiler1.Temperature")
}

func certificate(t *testing.T, uri string) ([]byte, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: uri}, URIs: []*url.URL{u},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func TestSecurity(t *testing.T) {
	cert, key := certificate(t, ApplicationURI)
	p := startPlant(t, Config{Cert: cert, Key: key})
	endpoints, err := opcua.GetEndpoints(t.Context(), strings.Replace(p.Endpoint(), "127.0.0.1", "localhost", 1))
	if err != nil {
		t.Fatal(err)
	}
	if len(endpoints) != 3 || !strings.HasPrefix(endpoints[0].EndpointURL, "opc.tcp://localhost:") || endpoints[0].Server.ApplicationURI != ApplicationURI {
		t.Fatalf("endpoints = %+v", endpoints)
	}
	clientCert, clientKey := certificate(t, "urn:test:client")
	for _, mode := range []ua.MessageSecurityMode{ua.MessageSecurityModeSign, ua.MessageSecurityModeSignAndEncrypt} {
		t.Run(mode.String(), func(t *testing.T) {
			ep, err := opcua.SelectEndpoint(endpoints, ua.SecurityPolicyURIBasic256Sha256, mode)
			if err != nil {
				t.Fatal(err)
			}
			c := connect(t, p, opcua.Certificate(clientCert), opcua.PrivateKey(clientKey), opcua.SecurityFromEndpoint(ep, ua.UserTokenTypeAnonymous))
			value[float64](t, c, "Boiler1.Temperature")
			if got := write(t, c, "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(101.0)}); got != ua.StatusOK {
				t.Error(got)
			}
		})
	}
	t.Run("policy that is not offered", func(t *testing.T) {
		c, err := opcua.NewClient(p.Endpoint(), opcua.AutoReconnect(false), opcua.Certificate(clientCert), opcua.PrivateKey(clientKey),
			opcua.RemoteCertificate(cert), opcua.SecurityPolicy("Aes128_Sha256_RsaOaep"), opcua.SecurityMode(ua.MessageSecurityModeSign))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(t.Context()); err == nil {
			t.Error("connected with a policy the server does not offer")
			_ = c.Close(context.Background())
		}
	})
}

func TestNewRefusesHalfASecret(t *testing.T) {
	cert, _ := certificate(t, ApplicationURI)
	if _, err := New(Config{Cert: cert}, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "go together") {
		t.Errorf("New with a certificate and no key: %v", err)
	}
}

func TestRunReportsTakenPort(t *testing.T) {
	p := startPlant(t, Config{})
	second, err := New(Config{Listen: strings.TrimPrefix(p.Endpoint(), "opc.tcp://")}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); err == nil {
		t.Error("two plants on one port")
	}
	if second.Endpoint() != "" {
		t.Errorf("Endpoint of a plant that does not listen = %q", second.Endpoint())
	}
}
