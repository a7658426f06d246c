package discovery

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Limits of an answer.
const (
	maxMessage  = 4 << 20 // of all chunks
	maxChunks   = 512
	maxElements = 10_000 // of one array
	maxText     = 512    // of one string that is kept
	maxDepth    = 8      // of nested DiagnosticInfos
)

var errMalformed = errors.New("the answer is malformed")

// decoder reads OPC UA binary (Part 6, 5.2) with a sticky error: what is read after it is zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.err, d.b = errMalformed, nil
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) uint8() uint8 {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// bytes reads a ByteString; it aliases what is decoded. Null is empty.
func (d *decoder) bytes() []byte {
	n := int32(d.uint32())
	if n <= 0 {
		if n < -1 {
			d.err, d.b = errMalformed, nil
		}
		return nil
	}
	return d.take(int(n))
}

// text reads a String as valid UTF-8 without control characters. One that is too long is cut.
func (d *decoder) text() string {
	b := d.bytes()
	s := strings.ToValidUTF8(string(b[:min(len(b), maxText)]), "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// count reads the length of an array whose elements have at least size bytes. Null is 0.
func (d *decoder) count(size int) int {
	n := int32(d.uint32())
	if n < -1 || n > maxElements || int(n)*size > len(d.b) {
		d.err, d.b = errMalformed, nil
	}
	if d.err != nil || n < 0 {
		return 0
	}
	return int(n)
}

func (d *decoder) texts() []string {
	n := d.count(4)
	if n == 0 {
		return nil
	}
	list := make([]string, 0, n)
	for range n {
		list = append(list, d.text())
	}
	return list
}

// localizedText reads the text of a LocalizedText.
func (d *decoder) localizedText() string {
	mask := d.uint8()
	if mask&1 != 0 {
		d.text() // the locale
	}
	if mask&2 != 0 {
		return d.text()
	}
	return ""
}

// nodeID reads a NodeId and returns its number if it is a numeric one of namespace 0.
func (d *decoder) nodeID() uint32 {
	switch d.uint8() {
	case 0:
		return uint32(d.uint8())
	case 1:
		ns, id := d.uint8(), d.uint16()
		if ns == 0 {
			return uint32(id)
		}
	case 2:
		ns, id := d.uint16(), d.uint32()
		if ns == 0 {
			return id
		}
	case 3, 5:
		d.uint16()
		d.bytes()
	case 4:
		d.take(18)
	default:
		d.err, d.b = errMalformed, nil
	}
	return 0
}

// skipDiagnostic reads a DiagnosticInfo (Part 6, 5.2.2.12), which may hold another one.
func (d *decoder) skipDiagnostic() {
	for range maxDepth {
		mask := d.uint8()
		for bit := range 4 {
			if mask&(1<<bit) != 0 {
				d.uint32()
			}
		}
		if mask&0x10 != 0 {
			d.bytes()
		}
		if mask&0x20 != 0 {
			d.uint32()
		}
		if mask&0x40 == 0 {
			return
		}
	}
	d.err, d.b = errMalformed, nil
}

// responseHeader reads a ResponseHeader (Part 4, 7.33) and returns its ServiceResult.
func (d *decoder) responseHeader() uint32 {
	d.take(12) // timestamp, request handle
	result := d.uint32()
	d.skipDiagnostic()
	for range d.count(4) {
		d.bytes()
	}
	d.nodeID()
	if d.uint8() != 0 {
		d.bytes()
	}
	return result
}

// application is an ApplicationDescription (Part 4, 7.2).
type application struct {
	uri, product, name string
	kind               uint32
	urls               []string
}

func (d *decoder) application() application {
	a := application{uri: d.text(), product: d.text(), name: d.localizedText(), kind: d.uint32()}
	d.text() // gateway server URI
	d.text() // discovery profile URI
	a.urls = d.texts()
	return a
}

// endpoint is an EndpointDescription (Part 4, 7.14).
type endpoint struct {
	url         string
	server      application
	certificate []byte // a chain, DER
	mode        uint32
	policy      string
	tokens      []token
	transport   string
	level       uint8
}

// token is a UserTokenPolicy (Part 4, 7.42).
type token struct {
	id     string
	kind   uint32
	policy string
}

func (d *decoder) endpoint() endpoint {
	e := endpoint{url: d.text(), server: d.application()}
	e.certificate, e.mode, e.policy = d.bytes(), d.uint32(), d.text()
	for range d.count(20) {
		t := token{id: d.text(), kind: d.uint32()}
		d.text() // issued token type
		d.text() // issuer endpoint URL
		t.policy = d.text()
		e.tokens = append(e.tokens, t)
	}
	e.transport, e.level = d.text(), d.uint8()
	return e
}

func (d *decoder) endpoints() []endpoint {
	var list []endpoint
	for range d.count(50) {
		list = append(list, d.endpoint())
	}
	return list
}

func (d *decoder) applications() []application {
	var list []application
	for range d.count(25) {
		list = append(list, d.application())
	}
	return list
}

// record is a ServerOnNetwork (Part 4, 7.38).
type record struct {
	id           uint32
	name, url    string
	capabilities []string
}

func (d *decoder) records() []record {
	d.take(8) // last counter reset
	var list []record
	for range d.count(16) {
		list = append(list, record{id: d.uint32(), name: d.text(), url: d.text(), capabilities: d.texts()})
	}
	return list
}
