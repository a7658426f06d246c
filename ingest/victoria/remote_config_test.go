package victoria

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestRemoteConfigRejects(t *testing.T) {
	const single, insert = "http://host:8428/api/v1/write", "http://vminsert:8480/insert/0/prometheus/api/v1/write"
	tests := map[string]struct {
		change func(*RemoteConfig)
		want   []string // field, value or remedy
	}{
		"no write URL":      {func(c *RemoteConfig) { c.WriteURLs = nil }, []string{"writeURLs", "/api/v1/write"}},
		"empty write URL":   {func(c *RemoteConfig) { c.WriteURLs = []string{""} }, []string{"writeURLs[0]", "empty"}},
		"no path":           {func(c *RemoteConfig) { c.WriteURLs = []string{"http://host:8428"} }, []string{"writeURLs[0]", "add /api/v1/write"}},
		"no scheme":         {func(c *RemoteConfig) { c.WriteURLs = []string{"host:8428/api/v1/write"} }, []string{"writeURLs[0]", "http://"}},
		"two single nodes":  {func(c *RemoteConfig) { c.WriteURLs = []string{single, single} }, []string{"writeURLs", "2", "name one"}},
		"cluster, health":   {func(c *RemoteConfig) { c.WriteURLs = []string{insert} }, []string{"healthURLs", insert, "every vmstorage"}},
		"bad health URL":    {func(c *RemoteConfig) { c.HealthURLs = []string{"ftp://x/"} }, []string{"healthURLs[0]", "ftp://x/"}},
		"no read URL":       {func(c *RemoteConfig) { c.ReadURL = "" }, []string{"readURL", "empty"}},
		"read URL with API": {func(c *RemoteConfig) { c.ReadURL = "http://host/api/v1/" }, []string{"readURL", "leave out /api/v1"}},
		"user in URL":       {func(c *RemoteConfig) { c.ReadURL = "http://me:hunter2@host" }, []string{"readURL", "set username and password"}},
		"bad URL":           {func(c *RemoteConfig) { c.ReadURL = "http://me:hunter2@host:x" }, []string{"readURL", "http://host:port"}},
		"fragment":          {func(c *RemoteConfig) { c.ReadURL = "http://host/#x" }, []string{"readURL", "fragment"}},
		"two credentials":   {func(c *RemoteConfig) { c.Token, c.Username = "hunter2", "me" }, []string{"token", "choose one"}},
		"no user":           {func(c *RemoteConfig) { c.Password = "hunter2" }, []string{"username", "name the user"}},
		"token with line":   {func(c *RemoteConfig) { c.Token = "hunter2\n" }, []string{"token", "remove"}},
		"compression":       {func(c *RemoteConfig) { c.Compression = "gzip" }, []string{"compression", "gzip", "zstd or snappy"}},
		"connections":       {func(c *RemoteConfig) { c.Connections = 65 }, []string{"connections", "65", "64"}},
		"negative rows":     {func(c *RemoteConfig) { c.MaxRows = -1 }, []string{"maxRows", "-1"}},
		"too many bytes":    {func(c *RemoteConfig) { c.MaxBytes = 32 << 20 }, []string{"maxBytes", "33554432"}},
		"negative delay":    {func(c *RemoteConfig) { c.Delay = -1 }, []string{"delay", "-1ns"}},
		"no CA file":        {func(c *RemoteConfig) { c.TLS.CAFile = "/nowhere/ca.pem" }, []string{"caFile", "/nowhere/ca.pem"}},
		"CA is no PEM":      {func(c *RemoteConfig) { c.TLS.CAFile = os.Args[0] }, []string{"caFile", "PEM"}},
		"key without cert":  {func(c *RemoteConfig) { c.TLS.KeyFile = "key.pem" }, []string{"keyFile", "key.pem", "both"}},
		"no key":            {func(c *RemoteConfig) { c.TLS.CertFile, c.TLS.KeyFile = "no.pem", "key.pem" }, []string{"certFile", "no.pem"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := RemoteConfig{WriteURLs: []string{single}, ReadURL: "http://host:8428"}
			tt.change(&cfg)
			r, err := OpenRemote(cfg, zerolog.Nop())
			if err == nil {
				t.Fatalf("opened %v", r.Close())
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("shows a secret: %v", err)
			}
		})
	}
}

func TestRemoteConfigDefaults(t *testing.T) {
	cfg := RemoteConfig{WriteURLs: []string{"https://vm.acme:8428/x/api/v1/write?extra_label=a=b"}, ReadURL: "https://vm.acme:8428/x/"}
	got, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if got.ReadURL != "https://vm.acme:8428/x" || len(got.HealthURLs) != 1 || got.HealthURLs[0] != "https://vm.acme:8428/metrics" {
		t.Errorf("URLs are %q and %q", got.ReadURL, got.HealthURLs)
	}
	if got.Compression != CompressionZstd || got.Connections != 2 || got.MaxRows == 0 || got.MaxBytes == 0 || got.Timeout != 30*time.Second {
		t.Errorf("defaults are %+v", got)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	f := newFake(t)
	f.Start()
	var logged bytes.Buffer
	cfg := f.config()
	cfg.Username, cfg.Password = "me", "hunter2"
	cfg.HealthURLs = []string{f.URL + "/metrics?authKey=hunter2"}
	r, err := OpenRemote(cfg, zerolog.New(zerolog.SyncWriter(&logged)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	errs := []error{r.Append(manyRemoteRows(r, 1, 1)), r.Checkpoint(t.Context())}
	user, password, ok := basicAuth(f)
	if !ok || user != "me" || password != "hunter2" {
		t.Errorf("the remote saw user %q and password %q", user, password)
	}
	f.Close()
	errs = append(errs, r.Append(manyRemoteRows(r, 1, 1)), r.Checkpoint(t.Context()))
	_, err = r.Series(t.Context(), "v", nil, time.Time{}, 1)
	secrets, err2 := json.Marshal([]Secret{cfg.Password})
	cfg.HealthURLs = nil // the key in a URL is shown with the configuration, but not in messages
	texts := []string{logged.String(), fmt.Sprint(append(errs, err, err2)), fmt.Sprintf("%v %+v %#v %s %q", cfg, cfg, cfg.Password, cfg.Password, cfg.Token), string(secrets)}
	for _, text := range texts {
		if strings.Contains(text, "hunter2") {
			t.Errorf("shows a secret: %s", text)
		}
	}
	if !strings.Contains(texts[1], "refused") {
		t.Errorf("no error was made: %s", texts[1])
	}
}

func basicAuth(f *fakeRemote) (user, password string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return (&http.Request{Header: f.header}).BasicAuth()
}

func TestRemoteTLS(t *testing.T) {
	dir := t.TempDir()
	ca, caKey := newCertificate(t, dir, "ca", nil, nil)
	newCertificate(t, dir, "server", ca, caKey)
	newCertificate(t, dir, "client", ca, caKey)
	file := func(name string) string { return filepath.Join(dir, name) }
	pair, err := tls.LoadX509KeyPair(file("server.pem"), file("server-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	f.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.StartTLS()
	cfg := f.config()
	cfg.Token = "hunter2"
	cfg.TLS = RemoteTLS{CAFile: file("ca.pem"), CertFile: file("client.pem"), KeyFile: file("client-key.pem"), ServerName: "server"}
	r := openRemote(t, cfg)
	if err := r.Append(manyRemoteRows(r, 10, 10)); err != nil {
		t.Fatal(err)
	}
	if err := r.Checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
	f.mu.Lock()
	token := f.header.Get("Authorization")
	f.mu.Unlock()
	if token != "Bearer hunter2" || f.taken() != 10 {
		t.Errorf("header %q, %d samples", token, f.taken())
	}
	for name, change := range map[string]func(*RemoteTLS){
		"unknown authority":     func(c *RemoteTLS) { c.CAFile = "" },
		"no client certificate": func(c *RemoteTLS) { c.CertFile, c.KeyFile = "", "" },
		"other name":            func(c *RemoteTLS) { c.ServerName = "other" },
	} {
		bad := cfg
		change(&bad.TLS)
		r := openRemote(t, bad)
		if err := r.Append(manyRemoteRows(r, 1, 1)); err == nil {
			t.Errorf("%s: rows were written", name)
		}
	}
}

// newCertificate writes name.pem and name-key.pem, signed by ca, or by itself as an authority.
func newCertificate(t *testing.T, dir, name string, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ca == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		ca, caKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + "-key.pem": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}
