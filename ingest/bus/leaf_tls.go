package bus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// certificateYears is how long a certificate that the core made itself is valid. Gateways know it by its fingerprint.
const certificateYears = 20

// LeafTLS makes the TLS configuration of the listener for gateways of a certificate and its key in PEM files, and returns the certificate's
// fingerprint as well. When both names are empty it uses a certificate of its own in dir, which it makes the first time.
func LeafTLS(certFile, keyFile, dir string) (cfg *tls.Config, fingerprint string, err error) {
	if certFile == "" && keyFile == "" {
		certFile, keyFile = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
		if err := ensureCertificate(certFile, keyFile); err != nil {
			return nil, "", fmt.Errorf("certificate for gateways in %s: %w", dir, err)
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, "", fmt.Errorf("certificate for gateways: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}}, Fingerprint(pair.Certificate[0]), nil
}

// Fingerprint is the SHA-256 of a certificate's DER form, in lower-case hexadecimal.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// ParseFingerprint reads a fingerprint as people write it: upper or lower case, with or without colons.
func ParseFingerprint(s string) (string, error) {
	plain := strings.ToLower(strings.ReplaceAll(s, ":", ""))
	if b, err := hex.DecodeString(plain); err != nil || len(b) != sha256.Size {
		return "", fmt.Errorf("%q is no SHA-256 fingerprint: copy the 64 hexadecimal digits that the core logs at its start", s)
	}
	return plain, nil
}

// PinnedTLS trusts the one certificate with a fingerprint, whatever name and date are in it.
func PinnedTLS(fingerprint string) (*tls.Config, error) {
	want, err := ParseFingerprint(fingerprint)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		// What is verified instead is the certificate itself, in VerifyConnection, which is called for resumed sessions too.
		InsecureSkipVerify: true,
		VerifyConnection: func(c tls.ConnectionState) error {
			if len(c.PeerCertificates) == 0 {
				return errors.New("the core shows no certificate")
			}
			if got := Fingerprint(c.PeerCertificates[0].Raw); subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
				return fmt.Errorf("the core's certificate has fingerprint %s, want %s: it is another core, or its certificate was made anew", got, want)
			}
			return nil
		},
	}, nil
}

// ensureCertificate makes a certificate and its key unless they are there.
func ensureCertificate(certFile, keyFile string) error {
	if _, err := os.Stat(certFile); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(certFile), 0o700); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "shopfloor core"}, DNSNames: []string{"shopfloor"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(certificateYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	// The key first: a certificate says that both are there.
	if err := WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return err
	}
	return WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
