package uadp

import "github.com/shopfloor-iiot/shopfloor/model"

// Binary reads values of the OPC UA binary encoding (Part 6, 5.2) in place, as they are in service messages. It is a cursor with a
// sticky error: after the first one all reads give zeros, and Err tells why. The zero Binary is ready for use; keep it for many messages, since
// it reuses its memory and then does not allocate. It is for one goroutine at a time.
//
// All that it hands out is valid until the bytes are changed or until the next Reset: strings, byte strings and identifiers are the bytes' memory,
// arrays and composite values the Binary's. The bytes may be hostile: see Decoder for what bounds memory and nesting.
type Binary struct{ r reader }

// Reset begins with other bytes and takes back all memory. With a table NodeIds become ExpandedNodeIds with the URI of their namespace, and
// QualifiedNames and the types of ExtensionObjects get theirs, so that who takes the values need not know the server's table; without one
// they stay as they are.
func (b *Binary) Reset(data []byte, namespaces model.NamespaceTable) {
	b.r.pool.reset()
	b.r.buf, b.r.off, b.r.depth, b.r.padTo, b.r.err, b.r.namespaces = data, 0, 0, 0, nil, namespaces
}

// Err is the first error, with one of this package's sentinels in its chain.
func (b *Binary) Err() error {
	if b.r.err == nil {
		return nil
	}
	return &Error{DataSet: -1, Field: -1, Offset: b.r.off, Err: b.r.err}
}

// Offset is the number of bytes that were read.
func (b *Binary) Offset() int { return b.r.off }

// Left is the number of bytes that are not read yet; 0 after an error.
func (b *Binary) Left() int { return b.r.left() }

// Rest is what is not read yet; nothing after an error.
func (b *Binary) Rest() []byte { return b.r.buf[b.r.off : b.r.off+b.r.left()] }

// Nest begins with bytes that are nested in what of reads, as deep as that is.
func (b *Binary) Nest(data []byte, of *Binary) {
	b.Reset(data, of.r.namespaces)
	b.r.depth = of.r.depth
}

// Fail makes err the error, unless there is one.
func (b *Binary) Fail(err error) { b.r.fail(err) }

// Enter goes one level deeper into values that may nest, and fails when it is too deep; Leave goes back.
func (b *Binary) Enter() bool { return b.r.err == nil && b.r.enter() }

// Leave ends what Enter began.
func (b *Binary) Leave() { b.r.leave() }

// Take returns the next n bytes, or nil and fails.
func (b *Binary) Take(n int) []byte { return b.r.take(n) }

// Count reads the length of an array whose elements take at least size bytes each, and fails when so many cannot be there. A null array is -1.
func (b *Binary) Count(size int) int {
	n := b.r.count(size)
	if b.r.err != nil {
		return 0
	}
	return n
}

// Bool reads a Boolean.
func (b *Binary) Bool() bool { return b.r.bool() }

// Uint8 reads a Byte.
func (b *Binary) Uint8() uint8 { return b.r.uint8() }

// Uint16 reads a UInt16.
func (b *Binary) Uint16() uint16 { return b.r.uint16() }

// Uint32 reads a UInt32.
func (b *Binary) Uint32() uint32 { return b.r.uint32() }

// Uint64 reads a UInt64.
func (b *Binary) Uint64() uint64 { return b.r.uint64() }

// DateTime reads a DateTime, of any year.
func (b *Binary) DateTime() model.DateTime { return model.DateTime(b.r.uint64()) }

// StatusCode reads a StatusCode.
func (b *Binary) StatusCode() model.StatusCode { return model.StatusCode(b.r.uint32()) }

// Bytes reads a ByteString; nil is a null one.
func (b *Binary) Bytes() []byte { return b.r.bytes() }

// String reads a String; a null one is "".
func (b *Binary) String() string { return b.r.string() }

// NodeID reads a NodeId as it is.
func (b *Binary) NodeID() model.NodeID { return b.r.nodeID() }

// ExpandedNodeID reads an ExpandedNodeId as it is.
func (b *Binary) ExpandedNodeID() model.ExpandedNodeID { return b.r.rawExpandedNodeID() }

// QualifiedName reads a QualifiedName.
func (b *Binary) QualifiedName() model.QualifiedName { return b.r.qualifiedName() }

// LocalizedText reads a LocalizedText.
func (b *Binary) LocalizedText() model.LocalizedText { return b.r.localizedText() }

// ExtensionObject reads an ExtensionObject; its body stays as it is.
func (b *Binary) ExtensionObject() model.ExtensionObject { return b.r.extensionObject() }

// DiagnosticInfo reads a DiagnosticInfo.
func (b *Binary) DiagnosticInfo() (d model.DiagnosticInfo) {
	b.r.diagnosticInfo(&d)
	return d
}

// Variant reads a Variant.
func (b *Binary) Variant() model.Variant { return b.r.variant() }

// DataValue reads a DataValue into v.
func (b *Binary) DataValue(v *model.DataValue) { b.r.dataValue(v) }
