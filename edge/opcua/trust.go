package opcua

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxRejected bounds the folder of refused certificates; the oldest goes first.
const maxRejected = 100

// TrustList is a gateway's folder of trusted server certificates (Part 12, 7.5): dir/trusted and dir/trusted/certs hold certificates in DER
// or PEM (.der, .crt, .cer, .pem), of servers or of authorities that sign them. What is refused is saved in dir/rejected, to be moved by an operator.
// The folders are read anew at each check, so that changes hold at once. It is safe for concurrent use.
type TrustList struct {
	dir string
	mu  sync.Mutex // one writer of rejected at a time
}

// NewTrustList makes the folders.
func NewTrustList(dir string) (*TrustList, error) {
	t := &TrustList{dir: dir}
	for _, d := range []string{t.trusted(), t.rejected()} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("make trust list: %w", err)
		}
	}
	return t, nil
}

func (t *TrustList) trusted() string  { return filepath.Join(t.dir, "trusted") }
func (t *TrustList) rejected() string { return filepath.Join(t.dir, "rejected") }

// certificates are those of the list. A file that is none is passed over: it is not for a stray file to cut off a plant.
func (t *TrustList) certificates() ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for _, dir := range []string{t.trusted(), filepath.Join(t.trusted(), "certs")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read trust list: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() || !slices.Contains([]string{".der", ".pem", ".crt", ".cer"}, strings.ToLower(filepath.Ext(e.Name()))) {
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("read trust list: %w", err)
			}
			list = append(list, parseCertificates(b)...)
		}
	}
	return list, nil
}

// parseCertificates reads DER or PEM.
func parseCertificates(b []byte) []*x509.Certificate {
	var list []*x509.Certificate
	if certs, err := x509.ParseCertificates(b); err == nil {
		return certs
	}
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			return list
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			list = append(list, c)
		}
		b = rest
	}
}

// reject saves a refused certificate and returns its file.
func (t *TrustList) reject(c *x509.Certificate) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	file := filepath.Join(t.rejected(), Thumbprint(c.Raw)+".der")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	entries, err := os.ReadDir(t.rejected())
	if err != nil {
		return "", err
	}
	if len(entries) >= maxRejected {
		oldest := slices.MinFunc(entries, func(a, b fs.DirEntry) int { return modTime(a).Compare(modTime(b)) })
		if err := os.Remove(filepath.Join(t.rejected(), oldest.Name())); err != nil {
			return "", err
		}
	}
	return file, os.WriteFile(file, c.Raw, 0o644)
}

func modTime(e fs.DirEntry) time.Time {
	info, err := e.Info()
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// checkServer decides whether the certificate that a server shows is to be trusted (Part 4, 6.1.3). It must be pinned in the server's record, be in the
// list or be signed by an authority in the list; be valid now; have an RSA key; and name the application that the server says it is. Another host
// name than that of the URL is no reason to refuse: machines rarely know theirs; warning says so.
func (t *TrustList) checkServer(s *model.Server, chain []byte, applicationURI string) (warning string, err error) {
	certs, err := x509.ParseCertificates(chain)
	if err != nil || len(certs) == 0 {
		return "", refuse(model.ReasonCertificateInvalid, "certificate of %s cannot be read: %v", s.EndpointURL, err)
	}
	leaf := certs[0]
	if _, ok := leaf.PublicKey.(*rsa.PublicKey); !ok {
		return "", sound(s, leaf, applicationURI)
	}
	trusted, err := t.knows(s, certs)
	if err != nil {
		return "", err
	}
	if !trusted {
		return "", t.refuseUnknown(certificateName(s, leaf), leaf)
	}
	if err := sound(s, leaf, applicationURI); err != nil {
		return "", err
	}
	if host, ok := namesHost(s, leaf); !ok {
		warning = fmt.Sprintf("%s does not name the host %s", certificateName(s, leaf), host)
	}
	return warning, nil
}

func certificateName(s *model.Server, leaf *x509.Certificate) string {
	return fmt.Sprintf("certificate of %s (subject %s, SHA-1 thumbprint %s)", s.EndpointURL, leaf.Subject, Thumbprint(leaf.Raw))
}

// knows tells whether a certificate is pinned in the server's record, in the list, or signed by an authority in the list.
func (t *TrustList) knows(s *model.Server, certs []*x509.Certificate) (bool, error) {
	thumbprint := Thumbprint(certs[0].Raw)
	if slices.ContainsFunc(s.TrustedThumbprints, func(p string) bool { return strings.EqualFold(p, thumbprint) }) {
		return true, nil
	}
	return t.signs(certs)
}

// sound says what is wrong with a certificate, trusted or not.
func sound(s *model.Server, leaf *x509.Certificate, applicationURI string) error {
	name := certificateName(s, leaf)
	if _, ok := leaf.PublicKey.(*rsa.PublicKey); !ok {
		return refuse(model.ReasonCertificateInvalid, "%s has a key that is not RSA, which the supported security policies need", name)
	}
	now := time.Now()
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return refuse(model.ReasonCertificateInvalid, "%s is valid from %s to %s only: renew it at the server, or correct the clock of the gateway",
			name, leaf.NotBefore.Format(time.RFC3339), leaf.NotAfter.Format(time.RFC3339))
	}
	if !slices.ContainsFunc(leaf.URIs, func(u *url.URL) bool { return u.String() == applicationURI }) {
		return refuse(model.ReasonCertificateInvalid, "%s is for the application %q, but the server says it is %q", name, certificateURI(leaf), applicationURI)
	}
	return nil
}

// namesHost returns the host of a server's address, and whether the certificate names it.
func namesHost(s *model.Server, leaf *x509.Certificate) (host string, ok bool) {
	u, err := url.Parse(s.EndpointURL)
	if err != nil {
		return "", true
	}
	return u.Hostname(), leaf.VerifyHostname(u.Hostname()) == nil
}

func (t *TrustList) refuseUnknown(name string, leaf *x509.Certificate) error {
	if t == nil {
		return refuse(model.ReasonCertificateUntrusted, "%s is not trusted: verify it at the machine, then trust it with the mutation trustServerCertificate", name)
	}
	file, err := t.reject(leaf)
	if err != nil {
		return refuse(model.ReasonCertificateUntrusted, "%s is not trusted: verify it at the machine, then trust it with the mutation trustServerCertificate (it could not be saved: %v)", name, err)
	}
	return refuse(model.ReasonCertificateUntrusted, "%s is not trusted: verify it at the machine, then trust it with the mutation trustServerCertificate or copy the file %s to %s", name, file, t.trusted())
}

// signs tells whether the leaf of chain is in the list or signed by an authority in it.
func (t *TrustList) signs(chain []*x509.Certificate) (bool, error) {
	if t == nil {
		return false, nil
	}
	list, err := t.certificates()
	if err != nil {
		return false, err
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range list {
		if bytes.Equal(c.Raw, chain[0].Raw) {
			return true, nil
		}
		if c.IsCA {
			roots.AddCert(c)
		}
	}
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	// The validity period is checked by the caller, with an error of its own.
	at := chain[0].NotBefore.Add(time.Second)
	if now := time.Now(); now.After(chain[0].NotBefore) && now.Before(chain[0].NotAfter) {
		at = now
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil, nil
}

// leaf is the first certificate of a chain in DER.
func leaf(chain []byte) []byte {
	certs, err := x509.ParseCertificates(chain)
	if err != nil || len(certs) == 0 {
		return chain
	}
	return certs[0].Raw
}
