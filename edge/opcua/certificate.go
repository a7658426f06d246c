package opcua

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"sync/atomic"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Certificate asks the server of cfg for its endpoints, without security, and describes the certificate of the most secure one that shows one, if it can of those that
// cfg allows. Nothing is trusted or refused by it. Its errors are model.StatusCodes: BadNoDataAvailable without any certificate, BadServerNotConnected without an
// answer.
func Certificate(ctx context.Context, cfg Config) (model.EndpointCertificate, error) {
	if err := cfg.prepareConnection(); err != nil {
		return model.EndpointCertificate{}, fmt.Errorf("%w: %w", err, model.StatusBadInvalidArgument)
	}
	var requests atomic.Uint64
	offered, err := discover(ctx, &cfg, &requests)
	if err != nil {
		// Whatever the cause, this is the status that goes out.
		return model.EndpointCertificate{}, fmt.Errorf("%s: %w", explain(err, &cfg).Error(), model.StatusBadServerNotConnected)
	}
	e := withCertificate(offered, &cfg.Server)
	if e == nil {
		return model.EndpointCertificate{}, fmt.Errorf("none of the endpoints of %s shows a certificate (it offers %s): %w", cfg.Server.EndpointURL, describe(offered), model.StatusBadNoDataAvailable)
	}
	c, err := describeCertificate(&cfg, e.ServerCertificate, applicationURIOf(e))
	if err != nil {
		return c, fmt.Errorf("%w: %w", err, model.StatusBadCertificateInvalid)
	}
	return c, nil
}

// withCertificate is the most secure endpoint that has one; those that the record allows come first.
func withCertificate(offered []*ua.EndpointDescription, s *model.Server) (best *ua.EndpointDescription) {
	score := func(e *ua.EndpointDescription) int {
		n := rank(e)
		if allowed(e, s) {
			n += 1000
		}
		return n
	}
	for _, e := range offered {
		if e != nil && len(e.ServerCertificate) > 0 && (best == nil || score(e) > score(best)) {
			best = e
		}
	}
	return best
}

func applicationURIOf(e *ua.EndpointDescription) string {
	if e.Server == nil {
		return ""
	}
	return e.Server.ApplicationURI
}

// describeCertificate reads a chain of certificates and judges the first, that of the server.
func describeCertificate(cfg *Config, chain []byte, applicationURI string) (model.EndpointCertificate, error) {
	certs, err := x509.ParseCertificates(chain)
	if err != nil || len(certs) == 0 {
		return model.EndpointCertificate{}, refuse(model.ReasonCertificateInvalid, "certificate of %s cannot be read: %v", cfg.Server.EndpointURL, err)
	}
	c := certs[0]
	sum := sha256.Sum256(c.Raw)
	d := model.EndpointCertificate{
		DER: c.Raw, Subject: c.Subject.String(), Issuer: c.Issuer.String(), SerialNumber: c.SerialNumber.Text(16), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		SelfSigned: c.CheckSignatureFrom(c) == nil || c.Subject.String() == c.Issuer.String() && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil,
		Thumbprint: Thumbprint(c.Raw), ThumbprintSHA256: hex.EncodeToString(sum[:]), ApplicationURI: certificateURI(c), DNSNames: c.DNSNames,
		KeyType: c.PublicKeyAlgorithm.String(), SignatureAlgorithm: c.SignatureAlgorithm.String(),
	}
	_, d.HostMatches = namesHost(&cfg.Server, c)
	for _, issuer := range certs[1:] {
		d.Chain = append(d.Chain, issuer.Raw)
	}
	for _, ip := range c.IPAddresses {
		d.IPAddresses = append(d.IPAddresses, ip.String())
	}
	for _, u := range c.URIs {
		d.URIs = append(d.URIs, u.String())
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		d.KeySize = key.N.BitLen()
	case *ecdsa.PublicKey:
		d.KeySize = key.Curve.Params().BitSize
	}
	if d.Trusted, err = cfg.Trust.knows(&cfg.Server, certs); err != nil {
		return d, err
	}
	if err := sound(&cfg.Server, c, applicationURI); err != nil {
		d.Problem = err.Error()
	}
	return d, nil
}
