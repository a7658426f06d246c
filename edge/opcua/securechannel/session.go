package securechannel

import (
	"encoding/binary"
	"slices"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uapolicy"
)

// Sign makes the signature with which the client proves to a session that it has its key (Part 4, 5.6.3): over the server's certificate and nonce. Without
// security it is empty.
func (c *Channel) Sign(certificate, nonce []byte) (*ua.SignatureData, error) {
	if !c.cfg.secured() {
		return &ua.SignatureData{}, nil
	}
	signature, err := c.opn.Signature(slices.Concat(certificate, nonce))
	if err != nil {
		return nil, err
	}
	return &ua.SignatureData{Algorithm: c.opn.SignatureURI(), Signature: signature}, nil
}

// Verify checks the signature with which the server proves to a new session that it has its key (Part 4, 5.6.2): over our certificate and nonce.
func (c *Channel) Verify(nonce, signature []byte) error {
	if !c.cfg.secured() {
		return nil
	}
	return c.opn.VerifySignature(slices.Concat(c.cfg.Certificate, nonce), signature)
}

// EncryptPassword encrypts a password for the server whose certificate is given, with a policy that may be another than the channel's (Part 4,
// 7.36.4), and returns the algorithm. With policy None it stays as it is.
func (c *Channel) EncryptPassword(policyURI, password string, certificate, nonce []byte) (secret []byte, algorithm string, err error) {
	if policyURI == ua.SecurityPolicyURINone {
		return []byte(password), "", nil
	}
	key, err := publicKey(certificate)
	if err != nil {
		return nil, "", err
	}
	a, err := uapolicy.Asymmetric(policyURI, c.cfg.Key, key)
	if err != nil {
		return nil, "", err
	}
	plain := binary.LittleEndian.AppendUint32(nil, uint32(len(password)+len(nonce)))
	secret, err = a.Encrypt(slices.Concat(plain, []byte(password), nonce))
	return secret, a.EncryptionURI(), err
}
