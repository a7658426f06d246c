package opcua

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const machineURI = "urn:machine"

// issue makes a certificate for machineURI, signed by the issuer, or by itself when that is nil.
func issue(t *testing.T, key *rsa.PrivateKey, issuer *x509.Certificate, change func(*x509.Certificate)) []byte {
	t.Helper()
	uri, err := url.Parse(machineURI)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "machine"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		URIs: []*url.URL{uri}, DNSNames: []string{"machine"}, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	if issuer == nil {
		issuer = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCheckServer(t *testing.T) {
	key := identity(t).key // one key serves for all
	authority := func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.Subject, c.URIs = true, x509.KeyUsageCertSign, pkix.Name{CommonName: "plant authority"}, nil
	}
	ca, err := x509.ParseCertificate(issue(t, key, nil, authority))
	if err != nil {
		t.Fatal(err)
	}
	own, signed := issue(t, key, nil, nil), issue(t, key, ca, nil)
	old := issue(t, key, nil, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own})
	for _, c := range []struct {
		name    string
		shown   []byte
		uri     string
		files   map[string][]byte // in the trust list
		pinned  []string
		want    string // part of the error, "" when trusted
		warning string
	}{
		{"unknown", own, machineURI, nil, nil, "is not trusted: verify it at the machine", ""},
		{"listed", own, machineURI, map[string][]byte{"a.der": own}, nil, "", ""},
		{"listed as PEM", own, machineURI, map[string][]byte{"a.pem": asPEM, "readme.txt": []byte("x"), "broken.der": []byte("x")}, nil, "", ""},
		{"listed in certs", own, machineURI, map[string][]byte{"certs/a.crt": own}, nil, "", ""},
		{"another is listed", own, machineURI, map[string][]byte{"a.der": signed}, nil, "is not trusted", ""},
		{"pinned", own, machineURI, nil, []string{Thumbprint(own)}, "", ""},
		{"signed by a listed authority", signed, machineURI, map[string][]byte{"ca.der": ca.Raw}, nil, "", ""},
		{"signed by an unknown authority", append(append([]byte(nil), signed...), ca.Raw...), machineURI, nil, nil, "is not trusted", ""},
		{"expired", old, machineURI, map[string][]byte{"a.der": old}, nil, "is valid from", ""},
		{"expired and pinned", old, machineURI, nil, []string{Thumbprint(old)}, "is valid from", ""},
		{"another application", own, "urn:other", map[string][]byte{"a.der": own}, nil, `is for the application "urn:machine", but the server says it is "urn:other"`, ""},
		{"no certificate", nil, machineURI, nil, nil, "cannot be read", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := NewTrustList(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for name, b := range c.files {
				file := filepath.Join(list.trusted(), name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s := &model.Server{EndpointURL: "opc.tcp://10.0.0.1:4840", TrustedThumbprints: c.pinned}
			warning, err := list.checkServer(s, c.shown, c.uri)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !isRefused(err) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err == nil && !strings.Contains(warning, "does not name the host 10.0.0.1") {
				t.Errorf("warning is %q", warning)
			}
		})
	}
}

// The folder of refused certificates does not grow for ever.
func TestRejectedIsBounded(t *testing.T) {
	list, err := NewTrustList(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxRejected {
		file := filepath.Join(list.rejected(), fmt.Sprint(i, ".der"))
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Unix(int64(1_000_000+i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(identity(t).certificate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := list.reject(cert); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(list.rejected())
	if err != nil || len(entries) != maxRejected {
		t.Errorf("%d files, %v; want %d", len(entries), err, maxRejected)
	}
	if _, err := os.Stat(filepath.Join(list.rejected(), "0.der")); !os.IsNotExist(err) {
		t.Errorf("the oldest is still there: %v", err)
	}
}

func TestLoadIdentity(t *testing.T) {
	dir := t.TempDir()
	first, err := LoadIdentity(dir, "urn:host:shopfloor:gw")
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadIdentity(dir, "urn:host:shopfloor:gw")
	if err != nil || string(again.CertificateDER()) != string(first.CertificateDER()) || !again.key.Equal(first.key) {
		t.Errorf("loaded another identity than was made: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "own", keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v, %v", info.Mode(), err)
	}
	cert, err := x509.ParseCertificate(first.CertificateDER())
	if err != nil || certificateURI(cert) != "urn:host:shopfloor:gw" || time.Until(cert.NotAfter) < 5*365*24*time.Hour || time.Since(cert.NotBefore) < time.Hour {
		t.Errorf("certificate %+v, %v", cert, err)
	}
	if _, err := LoadIdentity(dir, "urn:other"); err == nil || !strings.Contains(err.Error(), `is for "urn:host:shopfloor:gw", not for "urn:other"`) {
		t.Errorf("load for another application: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "own", keyFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentity(dir, "urn:host:shopfloor:gw"); err == nil {
		t.Error("a broken key was accepted")
	}
}
