package mqttout

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// selfSigned makes a certificate for 127.0.0.1, as a pair and as PEM.
func selfSigned(t testing.TB) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestSecureBroker wants the broker's certificate verified and the password read; what is wrong is in the statistics.
func TestSecureBroker(t *testing.T) {
	pair, ca := selfSigned(t)
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	caFile := write("ca.pem", string(ca))
	for _, version := range []Version{Version311, Version5} {
		t.Run(string(version), func(t *testing.T) {
			passwordFile := write("password"+string(version), "wrong\n")
			address := freeAddress(t)
			b := startSecureBroker(t, address, "s3cret", &tls.Config{Certificates: []tls.Certificate{pair}})
			cfg := Config{Name: "b", URL: "mqtts://" + address, Version: version, UserName: "plant", PasswordFile: passwordFile}
			o, stop := start(t, cfg)
			eventually(t, "the certificate to be refused", func() bool { return strings.Contains(o.Statistics()[0].Error, "certificate") })
			stop()
			cfg.CAFile = caFile
			o, _ = start(t, cfg)
			open(t, o, model.Output{Broker: "b", QoS: 1}).Put(frameOf(t, 1))
			eventually(t, "the password to be refused", func() bool { return o.Statistics()[0].Error != "" })
			if st := o.Statistics()[0]; st.Published != 0 || strings.Contains(st.Error, "wrong") {
				t.Errorf("statistics %+v", st)
			}
			write("password"+string(version), "s3cret\n") // read at the next connection
			eventually(t, "the message", func() bool { first, _ := b.numbers(t); return len(first) == 1 })
		})
	}
}
