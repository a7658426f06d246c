package model

// ExtensionObject carries a structure with the id of its encoding (Part 6, 5.2.2.15). Its body is kept as bytes, so that
// a structure nobody compiled in is passed on unchanged.
type ExtensionObject struct {
	// TypeID is the NodeId of the DataType's encoding node.
	TypeID ExpandedNodeID
	// Encoding tells what Body holds.
	Encoding ExtensionEncoding
	// Body is the encoded structure.
	Body []byte
}

// ExtensionEncoding is the encoding byte of an ExtensionObject.
type ExtensionEncoding uint8

// The encodings.
const (
	ExtensionNoBody ExtensionEncoding = 0
	ExtensionBinary ExtensionEncoding = 1
	ExtensionXML    ExtensionEncoding = 2
	// ExtensionJSON is not a value of the binary encoding byte: the Body came in, and goes out, in a JSON message (Part 6, 5.4.2.16).
	ExtensionJSON ExtensionEncoding = 3
)

// DiagnosticInfo is vendor-specific diagnostics of a result (Part 4, 7.12); -1 in an index means "not given".
type DiagnosticInfo struct {
	SymbolicID          int32
	NamespaceURI        int32
	Locale              int32
	LocalizedText       int32
	AdditionalInfo      string
	InnerStatusCode     StatusCode
	InnerDiagnosticInfo *DiagnosticInfo
}

// DataValue is a value with its quality and times (Part 4, 7.11).
type DataValue struct {
	Value  Variant
	Status StatusCode
	// SourceTimestamp and ServerTimestamp are 0 when they are not given.
	SourceTimestamp DateTime
	ServerTimestamp DateTime
	// SourcePicoseconds and ServerPicoseconds count 10 ps intervals beyond the 100 ns of the timestamps, 0..9999.
	SourcePicoseconds uint16
	ServerPicoseconds uint16
}

// Time is the source timestamp, else the server timestamp, else 0.
func (d *DataValue) Time() DateTime {
	if !d.SourceTimestamp.IsZero() {
		return d.SourceTimestamp
	}
	return d.ServerTimestamp
}
