package publishednodes

import (
	"strings"
)

// maxExtensions bounds the extension fields of a writer, which become labels of its series.
const maxExtensions = 32

// typed is a Variant with its type: {"Value":0.4,"DataType":"Single"}, or the reversible form {"Type":"Float","Body":0.4}.
type typed struct{ value, kind value }

var typedSchema = newSchema(map[string]property[typed]{
	"Value":    func(t *typed, v value) *complaint { t.value = v; return nil },
	"Body":     func(t *typed, v value) *complaint { t.value = v; return nil },
	"DataType": func(t *typed, v value) *complaint { t.kind = v; return nil },
	"Type":     func(t *typed, v value) *complaint { t.kind = v; return nil },
})

// extensionFields reads DataSetExtensionFields: each value as a text.
func (e *entry) extensionFields(at *place) map[string]string {
	if !isSet(e.extensions) {
		return nil
	}
	fields := map[string]string{}
	for name, v := range e.extensions.members() {
		if v.isNull() {
			continue
		}
		if len(fields) == maxExtensions {
			at.report("DataSetExtensionFields", nil, warn("has more than 32 fields, the rest is left out", "remove some"))
			break
		}
		fields[name.text()] = plainText(v)
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// plainText is a value as a text: that of a string, the literal of a number or boolean, JSON for all else. Of a typed value it is that of the
// value within.
func plainText(v value) string {
	if v.kind() == '{' {
		var t typed
		extra := &place{issues: &Issues{}}
		typedSchema.read(&t, v, extra)
		if isSet(t.value) && isSet(t.kind) && extra.issues.Warnings == 0 {
			v = t.value
		}
	}
	switch v.kind() {
	case '"':
		return v.text()
	case '{', '[':
		return strings.ToValidUTF8(string(v.plain(nil)), "\ufffd")
	}
	return string(v.raw())
}
