package securechannel

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uapolicy"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// algorithm secures chunks with one set of keys (Part 6, 6.7.2).
type algorithm struct {
	*uapolicy.EncryptionAlgorithm
	// signed tells whether there is any security at all.
	signed bool
	// longPadding tells that the size of the padding takes two bytes, as it does for keys of over 2048 bits (Part 6, 6.7.2.5).
	longPaddingOut, longPaddingIn bool
}

// seal pads, signs and encrypts the chunk b, of which the first header bytes stay in clear, and writes its size.
func (a *algorithm) seal(b []byte, header int, encrypts bool) ([]byte, error) {
	if !a.signed {
		binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
		return b, nil
	}
	size := len(b) + a.SignatureLength()
	if encrypts {
		extra := 1
		if a.longPaddingOut {
			extra = 2
		}
		block := a.PlaintextBlockSize()
		padding := (block - (size-header+extra)%block) % block
		for range padding + 1 {
			b = append(b, byte(padding))
		}
		if a.longPaddingOut {
			b = append(b, byte(padding>>8))
		}
		size = header + (size-header+extra+padding)/block*a.BlockSize()
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(size))
	signature, err := a.Signature(b)
	if err != nil {
		return nil, fmt.Errorf("sign a chunk: %w", err)
	}
	b = append(b, signature...)
	if !encrypts {
		return b, nil
	}
	secret, err := a.Encrypt(b[header:])
	if err != nil {
		return nil, fmt.Errorf("encrypt a chunk: %w", err)
	}
	return append(b[:header], secret...), nil
}

// open decrypts and verifies a chunk and returns what follows its header, without padding and signature. The chunk is changed.
func (a *algorithm) open(chunk []byte, header int, encrypts bool) ([]byte, error) {
	if !a.signed {
		return chunk[header:], nil
	}
	if encrypts {
		plain, err := a.Decrypt(chunk[header:])
		if err != nil {
			return nil, fmt.Errorf("decrypt a chunk: %w: %w", err, model.StatusBadSecurityChecksFailed)
		}
		if len(plain) > len(chunk)-header {
			return nil, model.StatusBadSecurityChecksFailed // cannot be
		}
		chunk = chunk[:header+copy(chunk[header:], plain)]
	}
	end := len(chunk) - a.RemoteSignatureLength()
	if end < header {
		return nil, fmt.Errorf("a chunk is too short for its signature: %w", model.StatusBadSecurityChecksFailed)
	}
	if err := a.VerifySignature(chunk[:end], chunk[end:]); err != nil {
		return nil, fmt.Errorf("verify a chunk: %w: %w", err, model.StatusBadSecurityChecksFailed)
	}
	body := chunk[header:end]
	if !encrypts {
		return body, nil
	}
	padding := 1
	if a.longPaddingIn {
		padding = 2
	}
	if len(body) < padding {
		return nil, fmt.Errorf("a chunk without padding: %w", model.StatusBadSecurityChecksFailed)
	}
	if a.longPaddingIn {
		padding += int(body[len(body)-1])<<8 | int(body[len(body)-2])
	} else {
		padding += int(body[len(body)-1])
	}
	if padding > len(body) {
		return nil, fmt.Errorf("a chunk with %d bytes of padding: %w", padding, model.StatusBadSecurityChecksFailed)
	}
	return body[:len(body)-padding], nil
}

// asymmetric secures the requests and responses of OpenSecureChannel, with the certificates' keys.
type asymmetric struct {
	algorithm
	header []byte // security header of our requests (Part 6, 6.7.2.3)
}

func newAsymmetric(cfg *Config) (*asymmetric, error) {
	a := &asymmetric{}
	a.header = appendBytes(nil, []byte(cfg.PolicyURI))
	if !cfg.secured() {
		a.header = appendBytes(appendBytes(a.header, nil), nil)
		var err error
		a.EncryptionAlgorithm, err = uapolicy.Asymmetric(cfg.PolicyURI, nil, nil)
		return a, err
	}
	remote, err := publicKey(cfg.RemoteCertificate)
	if err != nil {
		return nil, err
	}
	a.EncryptionAlgorithm, err = uapolicy.Asymmetric(cfg.PolicyURI, cfg.Key, remote)
	if err != nil {
		return nil, err
	}
	a.signed, a.longPaddingOut, a.longPaddingIn = true, remote.Size() > 256, cfg.Key.Size() > 256
	a.header = appendBytes(appendBytes(a.header, cfg.Certificate), uapolicy.Thumbprint(cfg.RemoteCertificate))
	return a, nil
}

// appendBytes appends a ByteString; nil is a null one.
func appendBytes(b, v []byte) []byte {
	if v == nil {
		return append(b, 0xFF, 0xFF, 0xFF, 0xFF)
	}
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v...)
}

// publicKey of a certificate.
func publicKey(der []byte) (*rsa.PublicKey, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("the server's certificate: %w: %w", err, model.StatusBadCertificateInvalid)
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the server's certificate has a key of type %T, want RSA: %w", certificate.PublicKey, model.StatusBadCertificateInvalid)
	}
	return key, nil
}

// token secures messages with keys that both sides derived from their nonces (Part 6, 6.7.5). It does not change.
type token struct {
	algorithm
	id       uint32
	encrypts bool
	expires  time.Time
}

func newToken(cfg *Config, id uint32, lifetime time.Duration, ours, theirs []byte) (*token, error) {
	t := &token{id: id, encrypts: cfg.Mode == ua.MessageSecurityModeSignAndEncrypt, expires: time.Now().Add(lifetime)}
	t.signed = cfg.secured()
	var err error
	t.EncryptionAlgorithm, err = uapolicy.Symmetric(cfg.PolicyURI, ours, theirs)
	return t, err
}

// room is how many bytes of a message go into a chunk (Part 6, 6.7.2.5).
func (t *token) room(chunk int) int {
	room := chunk - symmetricHeader
	if !t.signed {
		return room - sequenceHeader
	}
	if t.encrypts {
		room = room/t.BlockSize()*t.PlaintextBlockSize() - 1
	}
	return room - sequenceHeader - t.SignatureLength()
}
