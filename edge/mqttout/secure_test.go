package mqttout

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// pemFiles writes a certificate and its key.
func pemFiles(t testing.TB, pair tls.Certificate) (certificate, key string) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, body []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: body}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", pair.Certificate[0]), write("key.pem", "EC PRIVATE KEY", der)
}

// TestClientCertificate: a broker that asks for a certificate takes the gateway with its own, and not without or with another.
func TestClientCertificate(t *testing.T) {
	server, serverPEM := selfSigned(t)
	client, clientPEM := selfSigned(t)
	other, _ := selfSigned(t)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(clientPEM)
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, serverPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	b := startSecureBroker(t, address, "", &tls.Config{
		Certificates: []tls.Certificate{server}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	for _, version := range []Version{Version311, Version5} {
		t.Run(string(version), func(t *testing.T) {
			cfg := Config{Name: "b", URL: "mqtts://" + address, Version: version, CAFile: caFile}
			refused := func(what string, cfg Config) {
				o, stop := start(t, cfg)
				eventually(t, what, func() bool { st := o.Statistics()[0]; return st.Error != "" && st.State != model.StateConnected })
				if n := o.Statistics()[0].Published; n != 0 {
					t.Errorf("%s: %d messages were sent", what, n)
				}
				stop()
			}
			refused("no certificate", cfg)
			cfg.Certificate, cfg.Key = pemFiles(t, other)
			refused("another certificate", cfg)
			cfg.Certificate, cfg.Key = pemFiles(t, client)
			o, stop := start(t, cfg)
			before, _ := b.numbers(t)
			number := len(before)
			open(t, o, model.Output{Broker: "b", QoS: 1}).Put(frameOf(t, number))
			eventually(t, "the message", func() bool { first, _ := b.numbers(t); return len(first) == number+1 })
			stop()
		})
	}
}

// A key that does not belong to the certificate, or is no file, is told before anything is connected.
func TestClientCertificateThatCannotBe(t *testing.T) {
	one, _ := selfSigned(t)
	other, _ := selfSigned(t)
	certificate, _ := pemFiles(t, one)
	_, key := pemFiles(t, other)
	for _, k := range []string{key, filepath.Join(t.TempDir(), "none")} {
		_, err := New("g1", []Config{{Name: "b", URL: "mqtts://127.0.0.1:1", Certificate: certificate, Key: k}}, newMemoryLog(), zerolog.Nop())
		if err == nil || !strings.Contains(err.Error(), k) {
			t.Errorf("error %v, want one that names %s", err, k)
		}
	}
}

// TestWebSocket publishes over ws and wss.
func TestWebSocket(t *testing.T) {
	pair, ca := selfSigned(t)
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"ws", "wss"} {
		for _, version := range []Version{Version311, Version5} {
			t.Run(scheme+" "+string(version), func(t *testing.T) {
				address := freeAddress(t)
				s := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
				b := &broker{}
				if err := s.AddHook(b, nil); err != nil {
					t.Fatal(err)
				}
				listener, cfg := listeners.Config{ID: "ws", Address: address}, Config{Name: "b", URL: scheme + "://" + address + "/mqtt", Version: version}
				if scheme == "wss" {
					listener.TLSConfig, cfg.CAFile = &tls.Config{Certificates: []tls.Certificate{pair}}, caFile
				}
				if err := s.AddListener(listeners.NewWebsocket(listener)); err != nil {
					t.Fatal(err)
				}
				if err := s.Serve(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				o, stop := start(t, cfg)
				out := open(t, o, model.Output{Broker: "b", QoS: 1})
				const n = 20
				for i := range n {
					out.Put(frameOf(t, i))
				}
				eventually(t, "all messages", func() bool { first, _ := b.numbers(t); return len(first) == n })
				stop()
			})
		}
	}
}
