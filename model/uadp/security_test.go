package uadp

import (
	"bytes"
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// testKey is a key of the policy that is filled from a seed.
func testKey(p SecurityPolicy, seed byte) []byte {
	key := make([]byte, p.KeySize())
	for i := range key {
		key[i] = seed + byte(i)*7
	}
	return key
}

// testGroup is a group with one key for ever.
func testGroup(tb testing.TB, p SecurityPolicy, m SecurityMode, token uint32, key []byte) *KeyGroup {
	tb.Helper()
	g, err := NewKeyGroup("press-line", p, m, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := g.Update(SecurityKeys{FirstTokenID: token, Keys: [][]byte{key}}); err != nil {
		tb.Fatal(err)
	}
	return g
}

func always(g *KeyGroup) func(*Header) *KeyGroup { return func(*Header) *KeyGroup { return g } }

// TestOpen62541SecuredFrame: the frame and its clear payload are test data of open62541 (tests/pubsub/check_pubsub_decryption.c): all keys
// are zeros, the policy is PubSub-Aes128-CTR.
func TestOpen62541SecuredFrame(t *testing.T) {
	const header, nonce = "f111ba08016400014df4 03 01000000 08 ", "b02d012e01000000"
	const cipherText = "1c26767c41d1b02e506daece57546ce9c958279e1b6be3e28c0f775648"
	const signature = "31eb5d01b947a70cee7f82d4c77924811b06e7e1c93d1e7f03dd2125fc48fc5a"
	const clearText = "e1101054c2949f3ad701b4205f69841e5f6901000d7657c2949F3ad701"
	g := testGroup(t, PubSubAes128CTR, SecuritySignAndEncrypt, 1, make([]byte, PubSubAes128CTR.KeySize()))
	frame := unspaced(t, header+nonce+cipherText+signature)
	before := bytes.Clone(frame)
	var d Decoder
	d.SetKeys(always(g))
	if err := d.Decode(frame); err != nil {
		t.Fatal(err)
	}
	if d.Security() != SecuritySignAndEncrypt || !bytes.Equal(d.Rest(), unspaced(t, clearText)) || !bytes.Equal(frame, before) {
		t.Errorf("%v: got %x, want %s", d.Security(), d.Rest(), clearText)
	}
	f := Field{}
	want := model.DateTimeValue(0x01d73a9f94c25776)
	if !d.Next() || d.DataSet().WriterID != 62541 || !d.Field(&f) || !f.Value.Value.Equal(want) || d.Field(&f) || len(d.Rest()) > 0 || d.Err() != nil {
		t.Errorf("data set %+v, field %v, error %v; want %v", d.DataSet(), f.Value, d.Err(), want)
	}
	const other = "5e08a9ff14b83ea2247792eeffc757c85ac99c0ffa79e4fbe5629783dc77b403"
	if err := d.Decode(unspaced(t, header+nonce+cipherText+other)); !errors.Is(err, ErrSignature) || d.Security() != SecurityNone {
		t.Errorf("error %v; want %v", err, ErrSignature)
	}
}

// plainOpen is the security of Part 14, 7.2.4.4.3 once more, block by block and without the standard library's CTR and HMAC. at is where
// the security header is.
func plainOpen(t *testing.T, frame, key []byte, at int) (payload []byte) {
	t.Helper()
	end := len(frame) - sha256.Size
	var inner, outer [64]byte
	copy(inner[:], key[:32])
	outer = inner
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	sum := sha256.Sum256(append(inner[:], frame[:end]...))
	if sum = sha256.Sum256(append(outer[:], sum[:]...)); !bytes.Equal(sum[:], frame[end:]) {
		t.Fatalf("signature %x, want %x", frame[end:], sum)
	}
	body := bytes.Clone(frame[at+14 : end])
	if frame[at] == securitySigned {
		return body
	}
	block, err := aes.NewCipher(key[32 : len(key)-4])
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(body); i += 16 {
		var counter, stream [16]byte
		copy(counter[:4], key[len(key)-4:])
		copy(counter[4:12], frame[at+6:])
		binary.BigEndian.PutUint32(counter[12:], uint32(1+i/16))
		block.Encrypt(stream[:], counter[:])
		for j := i; j < min(i+16, len(body)); j++ {
			body[j] ^= stream[j-i]
		}
	}
	return body
}

// TestSealedFrames of all kinds, policies and modes are what another implementation takes them for, and decode as if they were clear.
func TestSealedFrames(t *testing.T) {
	for _, p := range []SecurityPolicy{PubSubAes128CTR, PubSubAes256CTR} {
		for _, mode := range []SecurityMode{SecuritySign, SecuritySignAndEncrypt} {
			key := testKey(p, byte(p)*16+byte(mode))
			g := testGroup(t, p, mode, 7, key)
			frames := goldenFrames(t)
			large := DataSet{Fields: mixedFields(200)}
			frames["large"], _ = (&Message{DataSets: []DataSet{large}}).Append(nil)
			for name, frame := range frames {
				sealed, err := g.Seal([]byte("before"), frame)
				if err != nil {
					t.Fatal(err)
				}
				sealed = sealed[len("before"):]
				if n := len(sealed) - len(frame); n > SecurityOverhead || n < SecurityOverhead-1 {
					t.Errorf("%s: %d bytes longer; want up to %d", name, n, SecurityOverhead)
				}
				var clear, d Decoder
				if err := clear.Decode(frame); err != nil {
					t.Fatal(err)
				}
				at := clear.securityAt + len(sealed) - len(frame) - SecurityOverhead + 1
				if got := plainOpen(t, sealed, key, at); !bytes.Equal(got, frame[clear.payloadAt:]) {
					t.Errorf("%s: payload %x, want %x", name, got, frame[clear.payloadAt:])
				}
				d.SetKeys(always(g))
				if err := d.Decode(sealed); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(clear.Header(), d.Header(), equalMessages); diff != "" || d.Len() != clear.Len() || d.Security() != mode {
					t.Errorf("%s: %v, -clear +sealed:\n%s", name, d.Security(), diff)
				}
				compareDataSets(t, &clear, &d)
			}
		}
	}
}

// compareDataSets reads all fields of two frames side by side.
func compareDataSets(t *testing.T, a, b *Decoder) {
	t.Helper()
	for a.Next() {
		if !b.Next() || *a.DataSet() != *b.DataSet() {
			t.Fatalf("data set %+v, error %v; want %+v", b.DataSet(), b.Err(), a.DataSet())
		}
		var x, y Field
		for a.Field(&x) {
			if !b.Field(&y) || x.Index != y.Index || !x.Value.Equal(y.Value) {
				t.Fatalf("field %v, error %v; want %v", y, b.Err(), x)
			}
		}
		if !bytes.Equal(a.Rest(), b.Rest()) {
			t.Fatalf("rest %x; want %x", b.Rest(), a.Rest())
		}
	}
	if b.Next() || a.Err() != nil || b.Err() != nil {
		t.Fatal(a.Err(), b.Err())
	}
}

// TestSealedFramesOfOtherKinds: chunks, announcements and probes, whose security header is there already.
func TestSealedFramesOfOtherKinds(t *testing.T) {
	g := testGroup(t, PubSubAes256CTR, SecuritySignAndEncrypt, 7, testKey(PubSubAes256CTR, 1))
	var d Decoder
	d.SetKeys(always(g))
	open := func(frame []byte, err error) MessageKind {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := g.Seal(nil, frame)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Seal(nil, sealed); !errors.Is(err, ErrUnsupportedSecurity) {
			t.Errorf("sealed twice: error %v", err)
		}
		if _, err := d.DecodeAny(frame); !errors.Is(err, ErrSecurityMode) {
			t.Errorf("clear: error %v; want %v", err, ErrSecurityMode)
		}
		kind, err := d.DecodeAny(sealed)
		if err != nil {
			t.Fatal(err)
		}
		return kind
	}
	kind := open(AppendAnnouncement(nil, &discoveryHeader, &Announcement{Type: AnnounceDataSetMetaData, WriterID: 5, MetaData: fullMetaData()}))
	if a, err := d.Announcement(); kind != KindAnnouncement || err != nil || a.WriterID != 5 || a.MetaData.Name != "Boiler1" {
		t.Errorf("%v: %+v, error %v", kind, a, err)
	}
	kind = open(AppendProbe(nil, &discoveryHeader, &Probe{ProbePublisherInformation, InformDataSetMetaData, []uint16{3}}))
	if p, err := d.Probe(); kind != KindProbe || err != nil || len(p.WriterIDs) != 1 {
		t.Errorf("%v: %+v, error %v", kind, p, err)
	}
	kind = open(AppendChunk(nil, &chunkedHeader, &Chunk{WriterID: 7, TotalSize: 9, Data: []byte("abc")}))
	if c, err := d.Chunk(); kind != KindChunk || err != nil || string(c.Data) != "abc" || c.WriterID != 7 {
		t.Errorf("%v: %+v, error %v", kind, c, err)
	}
}

// TestChangedFrameIsRefused: each byte counts, and a secured frame never decodes with less security.
func TestChangedFrameIsRefused(t *testing.T) {
	for _, mode := range []SecurityMode{SecuritySign, SecuritySignAndEncrypt} {
		g := testGroup(t, PubSubAes128CTR, mode, 7, testKey(PubSubAes128CTR, 1))
		sealed, err := g.Seal(nil, goldenFrames(t)["all-headers"])
		if err != nil {
			t.Fatal(err)
		}
		var d Decoder
		d.SetKeys(always(g))
		for i := range sealed {
			for _, bit := range []byte{1, 2, 16, 128} {
				changed := bytes.Clone(sealed)
				changed[i] ^= bit
				if err := d.Decode(changed); err == nil || d.Security() != SecurityNone || d.Next() {
					t.Errorf("%v: byte %d changed by %d, and it decodes", mode, i, bit)
				}
			}
			if err := d.Decode(sealed[:i]); err == nil {
				t.Errorf("%v: the first %d of %d bytes decode", mode, i, len(sealed))
			}
		}
	}
}

func TestSecurityIsAsTheGroupAsksFor(t *testing.T) {
	key := testKey(PubSubAes128CTR, 1)
	sign := testGroup(t, PubSubAes128CTR, SecuritySign, 7, key)
	encrypt := testGroup(t, PubSubAes128CTR, SecuritySignAndEncrypt, 7, key)
	other := testGroup(t, PubSubAes128CTR, SecuritySign, 7, testKey(PubSubAes128CTR, 2))
	later := testGroup(t, PubSubAes128CTR, SecuritySign, 9, key)
	plain := goldenFrames(t)["two-datasets"]
	signed, _ := sign.Seal(nil, plain)
	encrypted, _ := encrypt.Seal(nil, plain)
	f := func(name string, frame []byte, g *KeyGroup, want error) {
		t.Helper()
		var d Decoder
		d.SetKeys(func(h *Header) *KeyGroup {
			if h.PublisherID != UInt16PublisherID(2234) {
				t.Errorf("publisher %v", h.PublisherID)
			}
			return g
		})
		if err := d.Decode(frame); !errors.Is(err, want) {
			t.Errorf("%s: error %v; want %v", name, err, want)
		}
	}
	f("clear", plain, nil, nil)
	f("clear", plain, sign, ErrSecurityMode)
	f("signed", signed, nil, ErrUnsupportedSecurity)
	f("signed", signed, sign, nil)
	f("signed", signed, encrypt, ErrSecurityMode)
	f("encrypted", encrypted, sign, nil)
	f("encrypted", encrypted, encrypt, nil)
	f("signed", signed, other, ErrSignature)
	f("encrypted", encrypted, other, ErrSignature)
	f("signed", signed, later, ErrUnknownToken)
	var d Decoder
	d.SetKeys(always(later))
	var unknown *UnknownTokenError
	if err := d.Decode(signed); !errors.As(err, &unknown) || unknown.Token != 7 || unknown.Group != later.ID() || unknown.Error() != `security group "press-line", token 7: no key of this token` {
		t.Errorf("error %v; want token 7 of press-line", err)
	}
	f("footer", unspaced(t, "91 11 ba08 05 07000000 00 0000"), sign, ErrUnsupportedSecurity)
	f("short nonce", unspaced(t, "91 11 ba08 03 07000000 04 00000000"), encrypt, ErrMalformed)
	f("no room", unspaced(t, "91 11 ba08 01 07000000 00 00000000"), sign, ErrTruncated)
	f("footer alone", unspaced(t, "91 11 ba08 04 07000000 00 0000"), sign, ErrReserved)
	if _, err := sign.Seal([]byte("x"), plain[:3]); !errors.Is(err, ErrTruncated) {
		t.Errorf("error %v; want %v", err, ErrTruncated)
	}
}

func BenchmarkSeal(b *testing.B) {
	frame := benchFrame(b, model.DataValue{Value: model.DoubleValue(1), SourceTimestamp: goldenTime}, EncodingDataValue)
	g := testGroup(b, PubSubAes256CTR, SecuritySignAndEncrypt, 1, testKey(PubSubAes256CTR, 1))
	var sealed []byte
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if sealed, err = g.Seal(sealed[:0], frame); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		var d Decoder
		d.SetKeys(always(g))
		for b.Loop() {
			if err := d.Decode(sealed); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
	})
}
