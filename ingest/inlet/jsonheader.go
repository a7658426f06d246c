package inlet

import "github.com/segmentio/encoding/json"

// maxNesting is how deep peekJSON follows a message.
const maxNesting = 100

// jsonHeader is what the begin of a JSON message tells (Part 14, 7.2.5.3 and 7.2.5.4).
type jsonHeader struct {
	messageType, publisherID, group string
}

// full tells whether the rest of the message need not be read, because its payload begins.
func (h *jsonHeader) full(key string) bool {
	return h.messageType != "" && h.publisherID != "" && (h.group != "" || key == `"Messages"` || key == `"Payload"` || key == `"MetaData"`)
}

// peekJSON reads the header of a JSON message, of the first one when it is an array. The message may be cut off, or be no JSON behind
// its header: that is for its reader to find.
func peekJSON(b []byte) (h jsonHeader) {
	level := 1 // of the header's members
	t := json.NewTokenizer(b)
	defer t.Reset(nil) // gives its stack back
	key := ""
	for first := true; t.Next() && t.Depth <= maxNesting; first = false {
		switch {
		case first && t.Delim == '[':
			level = 2
		case t.Delim == '}' && t.Depth < level:
			return h
		case t.Delim != 0 || t.Depth != level:
		case t.IsKey:
			if key = string(t.Value); h.full(key) {
				return h
			}
		default:
			h.set(key, t.Value)
		}
	}
	return h
}

// set takes one member of the header. Numbers are taken as their text.
func (h *jsonHeader) set(key string, v json.RawValue) {
	var to *string
	switch key {
	case `"MessageType"`:
		to = &h.messageType
	case `"PublisherId"`:
		to = &h.publisherID
	case `"WriterGroupName"`, `"DataSetWriterGroup"`: // the second is OPC Publisher's
		to = &h.group
	default:
		return
	}
	switch {
	case v.String():
		if json.Unmarshal(v, to) != nil {
			*to = ""
		}
	case v.Number():
		*to = string(v)
	}
}
