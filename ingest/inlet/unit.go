package inlet

import (
	"encoding/binary"

	"github.com/segmentio/encoding/json"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// unit finds the display name of the EngineeringUnits among the properties of a field; "" when there is none. Publishers send an
// EUInformation (Part 8, 5.6.3.2) in the encoding of the message, or the name alone.
func unit(properties []model.KeyValuePair) string {
	for i := range properties {
		p := &properties[i]
		if p.Key.Name != engineeringUnits || p.Value.IsArray() {
			continue
		}
		switch p.Value.Type() {
		case model.TypeString:
			return p.Value.Text()
		case model.TypeLocalizedText:
			return p.Value.LocalizedText().Text
		case model.TypeExtensionObject:
			switch e := p.Value.ExtensionObject(); e.Encoding {
			case model.ExtensionBinary:
				return binaryUnit(e.Body)
			case model.ExtensionJSON:
				return jsonUnit(e.Body)
			}
		}
	}
	return ""
}

// binaryUnit reads the DisplayName of an EUInformation: NamespaceUri, UnitId, DisplayName, Description (Part 6, 5.2). What does not
// read so has no unit.
func binaryUnit(b []byte) string {
	_, b, ok := cutString(b)
	if !ok || len(b) < 5 {
		return ""
	}
	mask := b[4] // of the DisplayName, behind the UnitId
	b = b[5:]
	if mask&1 != 0 {
		if _, b, ok = cutString(b); !ok {
			return ""
		}
	}
	if mask&2 == 0 {
		return ""
	}
	name, _, _ := cutString(b)
	return name
}

// cutString reads a String, whose length is -1 when it is null.
func cutString(b []byte) (s string, tail []byte, ok bool) {
	if len(b) < 4 {
		return "", nil, false
	}
	n := int32(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if n < 0 {
		return "", b, true
	}
	if int64(n) > int64(len(b)) {
		return "", nil, false
	}
	return string(b[:n]), b[n:], true
}

// jsonUnit reads the DisplayName of an EUInformation in JSON, which stands in the object's own members or in its body.
func jsonUnit(b []byte) string {
	type text struct{ Text string }
	var e struct {
		DisplayName text
		Body, Value struct{ DisplayName text }
	}
	if json.Unmarshal(b, &e) != nil {
		return ""
	}
	return first(e.DisplayName.Text, e.Body.DisplayName.Text, e.Value.DisplayName.Text)
}
