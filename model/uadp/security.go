package uadp

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
)

// What may be wrong with the security of a message (Part 14, 7.2.4.4.3). No error tells anything of a key.
var (
	// ErrSecurityMode: a message is secured less than its group asks for, or not at all.
	ErrSecurityMode = errors.New("not secured as the security group asks for")
	// ErrSignature: a message was changed on its way, or secured with another key.
	ErrSignature = errors.New("signature does not match")
	// ErrUnknownToken: there is no key of the message's SecurityTokenId, see UnknownTokenError.
	ErrUnknownToken = errors.New("no key of this token")
	// ErrNoKey: there is no key to secure messages with.
	ErrNoKey = errors.New("no key")
)

// UnknownTokenError tells which key a Decoder misses. It is an ErrUnknownToken. Ask for the group's keys anew.
type UnknownTokenError struct {
	Group string
	Token uint32
}

// Error prints `security group "press-line", token 7: no key of this token`.
func (e *UnknownTokenError) Error() string {
	return fmt.Sprintf("security group %q, token %d: %v", e.Group, e.Token, ErrUnknownToken)
}

// Unwrap returns ErrUnknownToken.
func (e *UnknownTokenError) Unwrap() error { return ErrUnknownToken }

// SecurityOverhead is by how many bytes Seal makes a frame longer at most: flags, security header and signature.
const SecurityOverhead = 1 + securityHeaderSize + signatureSize

const securityHeaderSize = 1 + 4 + 1 + nonceSize

// Seal secures a frame that was encoded without security, of any kind, with the group's current key as its mode says, and appends it to
// dst (Part 14, 7.2.4.4.3). On an error, dst is returned as it was: ErrNoKey, or an *Error if frame is none or secured already.
func (g *KeyGroup) Seal(dst, frame []byte) ([]byte, error) {
	var d Decoder
	d.Reset()
	d.frame, d.r.buf = frame, frame
	d.networkMessage()
	if d.r.err != nil {
		return dst, d.Err()
	}
	key, sequence, err := g.sealing()
	if err != nil {
		return dst, err
	}
	start := len(dst)
	dst = append(dst, frame[0]|flagExtended1)
	rest := frame[1:d.securityAt]
	if frame[0]&flagExtended1 == 0 {
		dst = append(dst, ext1Security)
	} else {
		dst = append(dst, rest[0]|ext1Security)
		rest = rest[1:]
	}
	dst = append(dst, rest...)
	flags := uint8(securitySigned)
	if g.mode == SecuritySignAndEncrypt {
		flags |= securityEncrypted
	}
	dst = append(dst, flags)
	dst = binary.LittleEndian.AppendUint32(dst, key.token)
	dst = append(dst, nonceSize)
	nonce := len(dst)
	// The random part need not be unpredictable (Part 14, Table 139); it keeps two publishers, and one that was started anew, apart.
	dst = binary.LittleEndian.AppendUint32(dst, rand.Uint32())
	dst = binary.LittleEndian.AppendUint32(dst, sequence)
	payload := len(dst)
	dst = append(dst, frame[d.payloadAt:]...)
	if g.mode == SecuritySignAndEncrypt {
		key.crypt(dst[payload:], dst[payload:], dst[nonce:payload])
	}
	return key.sign(dst, dst[start:]), nil
}

// crypt encrypts or decrypts src to dst (Part 14, Table 140).
func (k *groupKey) crypt(dst, src, messageNonce []byte) {
	var counter [16]byte
	copy(counter[:], k.nonce)
	copy(counter[keyNonceSize:], messageNonce)
	counter[15] = 1
	cipher.NewCTR(k.block, counter[:]).XORKeyStream(dst, src)
}

// sign appends the signature of message to dst.
func (k *groupKey) sign(dst, message []byte) []byte {
	mac := hmac.New(sha256.New, k.signing)
	mac.Write(message)
	return mac.Sum(dst)
}

// SetKeys tells by which keys the Decoder reads secured frames. find returns the group of a frame's sender, which the header tells; of it, all
// before the group header's end is known, and nothing is verified yet. Frames of senders with a group must be secured at least
// as the group's mode says; frames of others, for which find returns nil, must not be secured. Without SetKeys there are no groups.
func (d *Decoder) SetKeys(find func(h *Header) *KeyGroup) { d.keys = find }

// Security is how the frame was secured; it is SecurityNone until the signature is verified.
func (d *Decoder) Security() SecurityMode { return d.security }

// securityHeader reads the security header if there is one (Part 14, 7.2.4.4.2, Table 154), and lets nothing pass that is not secured
// as it should be. The signature is verified before the payload is looked at; an encrypted one is decrypted to the Decoder's
// own memory.
func (d *Decoder) securityHeader(present bool) {
	r := &d.r
	d.security, d.securityAt = SecurityNone, r.off
	var flags uint8
	var token uint32
	var nonce []byte
	if present {
		flags, token = r.uint8(), r.uint32()
		nonce = r.take(int(r.uint8()))
	}
	var group *KeyGroup
	if d.keys != nil && r.err == nil {
		group = d.keys(&d.header)
	}
	mode := SecurityNone
	switch {
	case r.err != nil:
		return
	case flags&securityReserved != 0, flags&(securitySigned|securityEncrypted) == securityEncrypted, flags&securitySigned == 0 && flags != 0:
		r.failf(ErrReserved, "SecurityFlags 0x%02x", flags)
		return
	case flags&securityEncrypted != 0:
		mode = SecuritySignAndEncrypt
	case flags&securitySigned != 0:
		mode = SecuritySign
	}
	switch {
	case group == nil && mode == SecurityNone:
	case group == nil:
		r.fail(ErrUnsupportedSecurity)
	case mode < group.mode:
		r.failf(ErrSecurityMode, "message with %v; group %q wants %v", mode, group.id, group.mode)
	case flags&securityFooter != 0:
		r.failf(ErrUnsupportedSecurity, "security footer") // no policy of UADP has one
	case mode == SecuritySignAndEncrypt && len(nonce) != nonceSize:
		r.failf(ErrMalformed, "message nonce of %d bytes; want %d", len(nonce), nonceSize)
	default:
		d.open(group, mode, token, nonce)
	}
}

// open verifies the frame's signature, takes it off and decrypts the payload.
func (d *Decoder) open(group *KeyGroup, mode SecurityMode, token uint32, nonce []byte) {
	r := &d.r
	key, err := group.opening(token)
	if err != nil {
		r.fail(err)
		return
	}
	signed := len(d.frame) - signatureSize
	if signed < r.off {
		r.truncated()
		return
	}
	var sum [signatureSize]byte
	if !hmac.Equal(key.sign(sum[:0], d.frame[:signed]), d.frame[signed:]) {
		r.failf(ErrSignature, "group %q, token %d", group.id, token)
		return
	}
	if mode == SecuritySignAndEncrypt {
		d.plain = append(d.plain[:0], d.frame[:signed]...)
		key.crypt(d.plain[r.off:], d.plain[r.off:], nonce)
		d.frame = d.plain
	}
	d.frame = d.frame[:signed:signed]
	r.buf = d.frame
	d.security = mode
}

// securityHeader appends a security header that says that there is no security, if one is asked for.
func (e *encoder) securityHeader() {
	if !e.emptySecurity {
		return
	}
	e.uint8(0)
	e.uint32(0)
	e.uint8(0)
}
