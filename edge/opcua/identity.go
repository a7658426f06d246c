package opcua

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

const (
	certificateFile = "certificate.der"
	keyFile         = "private_key.pem"
	keyBits         = 2048 // the least that all policies allow, and the most that old devices can do in time
	// A device whose clock is behind must not refuse the certificate as not yet valid.
	certificateSlack    = 48 * time.Hour
	certificateValidity = 10 * 365 * 24 * time.Hour
)

// Identity is the application instance certificate of the gateway with its private key (Part 6, 6.2.2). It is read-only.
type Identity struct {
	applicationURI string
	certificate    []byte // DER
	key            *rsa.PrivateKey
	path           string
}

// ApplicationURI is the URI in the certificate.
func (i *Identity) ApplicationURI() string { return i.applicationURI }

// CertificateDER is the certificate, to be trusted by servers. The bytes are the Identity's.
func (i *Identity) CertificateDER() []byte { return i.certificate }

// Path is the file of the certificate.
func (i *Identity) Path() string { return i.path }

// LoadIdentity returns the identity in the folder dir/own: certificate.der and private_key.pem. They are made when they are not there yet,
// with applicationURI, "urn:<host>:shopfloor:<gateway>"; the key can be read by the owner only. A certificate with another application
// URI is an error, since servers would refuse it: remove both files to get a new one.
func LoadIdentity(dir, applicationURI string) (*Identity, error) {
	own := filepath.Join(dir, "own")
	id := &Identity{applicationURI: applicationURI, path: filepath.Join(own, certificateFile)}
	key, err := loadKey(filepath.Join(own, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return id, id.create(own)
	}
	if err != nil {
		return nil, fmt.Errorf("load application key: %w", err)
	}
	id.key = key
	if id.certificate, err = os.ReadFile(id.path); err != nil {
		return nil, fmt.Errorf("load application certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(id.certificate)
	if err != nil {
		return nil, fmt.Errorf("load application certificate %s: %w", id.path, err)
	}
	if public, ok := cert.PublicKey.(*rsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, fmt.Errorf("application certificate %s does not belong to the key beside it: remove both to get new ones", id.path)
	}
	if uri := certificateURI(cert); uri != applicationURI {
		return nil, fmt.Errorf("application certificate %s is for %q, not for %q: remove it and its key to get a new one", id.path, uri, applicationURI)
	}
	if now := time.Now(); now.After(cert.NotAfter) {
		return nil, fmt.Errorf("application certificate %s has expired on %s: remove it and its key to get a new one", id.path, cert.NotAfter.Format(time.DateOnly))
	}
	return id, nil
}

func loadKey(path string) (*rsa.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is a key of type %T; want RSA", path, key)
	}
	return r, nil
}

// create makes key and certificate. The key is stored last: without it the next start begins anew.
func (i *Identity) create(own string) error {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("make application key: %w", err)
	}
	template, err := certificateTemplate(i.applicationURI)
	if err != nil {
		return fmt.Errorf("make application certificate: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("make application certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make application key: %w", err)
	}
	if err := os.MkdirAll(own, 0o755); err != nil {
		return fmt.Errorf("store application certificate: %w", err)
	}
	if err := os.WriteFile(i.path, der, 0o644); err != nil {
		return fmt.Errorf("store application certificate: %w", err)
	}
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}); err != nil {
		return fmt.Errorf("store application key: %w", err)
	}
	if err := os.WriteFile(filepath.Join(own, keyFile), b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("store application key: %w", err)
	}
	i.key, i.certificate = key, der
	return nil
}

func certificateTemplate(applicationURI string) (*x509.Certificate, error) {
	uri, err := url.Parse(applicationURI)
	if err != nil || uri.Scheme == "" {
		return nil, fmt.Errorf("application URI %q is no URI", applicationURI)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Shopfloor@" + host, Organization: []string{"Shopfloor"}},
		NotBefore:             time.Now().Add(-certificateSlack),
		NotAfter:              time.Now().Add(certificateValidity),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{uri},
		DNSNames:              []string{host},
	}, nil
}

// certificateURI is the application URI of a certificate, "" when it has none.
func certificateURI(c *x509.Certificate) string {
	if len(c.URIs) == 0 {
		return ""
	}
	return c.URIs[0].String()
}

// Thumbprint is the SHA-1 thumbprint of a certificate in DER, in lower-case hexadecimal (Part 6, 6.2.6).
func Thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return hex.EncodeToString(sum[:])
}
