package opcuatest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// writePKI fills the server's certificate stores with a new key and a self-signed application instance certificate (Part 6, 6.2.2), and
// returns the certificate in DER. node-opcua would make them itself, but one after the other for its two stores and in seconds.
func writePKI(dir, applicationURI string) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := selfSigned(key, applicationURI)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	for _, store := range []string{"server", "user"} {
		if err := writePEM(filepath.Join(dir, store, "own", "private", "private_key.pem"), "PRIVATE KEY", keyDER); err != nil {
			return nil, err
		}
	}
	if err := writePEM(filepath.Join(dir, "server", "own", "certs", "certificate.pem"), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return der, nil
}

func selfSigned(key *rsa.PrivateKey, applicationURI string) ([]byte, error) {
	uri, err := url.Parse(applicationURI)
	if err != nil {
		return nil, fmt.Errorf("application URI %q: %w", applicationURI, err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Shopfloor test plant", Organization: []string{"Shopfloor"}},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(30 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{uri},
		DNSNames:              []string{"localhost", host},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

func writePEM(path, blockType string, der []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}), 0o600)
}
