package uajson

// member is a name that the JSON of values gives a meaning.
type member uint8

const (
	memberOther member = iota
	memberValue
	memberUaType
	memberType
	memberBody
	memberDimensions
	memberStatus
	memberSourceTimestamp
	memberSourcePicoseconds
	memberServerTimestamp
	memberServerPicoseconds
	memberUaTypeID
	memberTypeID
	memberEncoding
	memberUaEncoding
	memberUaBody
	memberArray
	memberCode
	memberSymbol
	memberCount
)

// members are the members of an object: where the value of each known one is, 0 if it is not there.
type members struct {
	at    [memberCount]uint32
	mask  uint32
	twice uint32 // those that are there more than once; the last one counts
}

const (
	maskQuality = 1<<memberStatus | 1<<memberSourceTimestamp | 1<<memberSourcePicoseconds | 1<<memberServerTimestamp | 1<<memberServerPicoseconds
	// maskDataValue is what a DataValue may have, maskVariant and maskOldVariant a Variant of 1.05 and of 1.04.
	maskDataValue  = 1<<memberValue | 1<<memberUaType | 1<<memberDimensions | maskQuality
	maskVariant    = 1<<memberUaType | 1<<memberValue | 1<<memberDimensions
	maskOldVariant = 1<<memberType | 1<<memberBody | 1<<memberDimensions
	maskStatusCode = 1<<memberCode | 1<<memberSymbol
	maskMatrix     = 1<<memberArray | 1<<memberDimensions
	maskOldObject  = 1<<memberTypeID | 1<<memberEncoding | 1<<memberBody
	maskObject     = 1<<memberUaTypeID | 1<<memberUaEncoding | 1<<memberUaBody
)

// only tells whether there are members and all are of mask.
func (m *members) only(mask uint32) bool { return m.mask != 0 && m.mask&^mask == 0 }

func (m *members) has(x member) bool { return m.at[x] != 0 }

// members reads the names of an object.
func (r *reader) members(object uint32) (m members) {
	nodes, buf := r.scan.nodes, r.scan.buf
	for j, end := object+1, nodes[object].next; j < end; j = nodes[j+1].next {
		name := &nodes[j]
		x := memberOf(buf[name.start:name.end])
		m.twice |= m.mask & (1 << x)
		m.mask |= 1 << x
		m.at[x] = j + 1
	}
	return m
}

// memberOf finds the meaning of a name.
func memberOf(b []byte) member {
	switch len(b) {
	case 4:
		return pick(b, "Type", memberType, "Body", memberBody, "Code", memberCode)
	case 5:
		return pick(b, "Value", memberValue, "Array", memberArray, "", 0)
	case 6:
		if x := pick(b, "Status", memberStatus, "UaType", memberUaType, "Symbol", memberSymbol); x != 0 {
			return x
		}
		return pick(b, "TypeId", memberTypeID, "UaBody", memberUaBody, "", 0)
	case 8:
		return pick(b, "Encoding", memberEncoding, "UaTypeId", memberUaTypeID, "", 0)
	case 10:
		return pick(b, "StatusCode", memberStatus, "Dimensions", memberDimensions, "UaEncoding", memberUaEncoding)
	case 15:
		if b[1] == 'o' {
			return pick(b, "SourceTimestamp", memberSourceTimestamp, "", 0, "", 0)
		}
		return pick(b, "ServerTimestamp", memberServerTimestamp, "", 0, "", 0)
	case 17:
		if x := pick(b, "SourcePicoseconds", memberSourcePicoseconds, "ServerPicoseconds", memberServerPicoseconds, "", 0); x != 0 {
			return x
		}
		return pick(b, "SourcePicoSeconds", memberSourcePicoseconds, "ServerPicoSeconds", memberServerPicoseconds, "", 0)
	}
	return memberOther
}

// pick compares with up to three names of the same length.
func pick(b []byte, n1 string, m1 member, n2 string, m2 member, n3 string, m3 member) member {
	rest := alias(b[1:])
	switch first := b[0] &^ 0x20; {
	case first == n1[0] && rest == n1[1:]:
		return m1
	case n2 != "" && first == n2[0] && rest == n2[1:]:
		return m2
	case n3 != "" && first == n3[0] && rest == n3[1:]:
		return m3
	}
	return memberOther
}
