package opcua

import (
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// What gopcua would panic on or send wrong is refused.
func TestEncodeRefuses(t *testing.T) {
	e := &encoder{namespaces: model.NamespaceTable{"http://opcfoundation.org/UA/"}}
	foreign := model.ExpandedNodeID{NodeID: model.NumericID(0, 7), NamespaceURI: "urn:nobody"}
	for name, v := range map[string]model.Variant{
		"ByteStrings in a DataValue": model.DataValueValue(&model.DataValue{Value: model.ArrayValue([][]byte{{1}})}),
		"late DateTime":              model.DateTimeValue(model.MaxDateTime),
		"structure of another space": model.ExtensionObjectValue(&model.ExtensionObject{TypeID: foreign, Encoding: model.ExtensionBinary}),
		"DiagnosticInfo":             model.DiagnosticInfoValue(&model.DiagnosticInfo{}),
	} {
		if got, err := e.encode(v); err == nil {
			t.Errorf("%s is sent as %x", name, got)
		}
	}
	for name, v := range map[string]model.Variant{
		"structure without a body": model.ExtensionObjectValue(&model.ExtensionObject{}),
		"structure, empty body":    model.ExtensionObjectValue(&model.ExtensionObject{Encoding: model.ExtensionBinary}),
		"null":                     {},
		"matrix of bytes":          model.ArrayValue([]uint8{1, 2, 3, 4, 5, 6}, 2, 3),
		"empty array":              model.ArrayValue([]float64{}),
		"ByteStrings":              model.ArrayValue([][]byte{{1, 2}, {}, nil, {3}}),
		"no ByteStrings":           model.ArrayValue([][]byte{}),
		"matrix of ByteStrings":    model.ArrayValue([][]byte{{1}, {2}, {3}, {4}, {5}, {6}}, 2, 3),
		"Variants":                 model.ArrayValue([]model.Variant{{}, model.ArrayValue([][]byte{{1}}), model.ArrayValue([]model.Variant{model.ArrayValue([]int32{7})})}),
	} {
		b, err := e.encode(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var r uadp.Binary
		r.Reset(b, e.namespaces)
		if got := r.Variant(); r.Err() != nil || !got.Equal(v) && v.Type() != model.TypeExtensionObject {
			t.Errorf("%s came back as %s, %v, want %s", name, got, r.Err(), v)
		}
	}
}

func TestNodeIDs(t *testing.T) {
	table := model.NamespaceTable{"http://opcfoundation.org/UA/", "urn:a", "urn:b"}
	for _, s := range []string{"i=2258", "nsu=urn:a;s=x;y", "nsu=urn:b;g=72962b91-fa75-4ae6-8d28-b404dc7daf63", "nsu=urn:b;b=AAEC/w==", "nsu=urn:a;i=4294967295"} {
		id, err := model.ParseExpandedNodeID(s)
		if err != nil {
			t.Fatal(err)
		}
		ses := &session{namespaces: table}
		n, err := ses.resolve(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := ses.expand(n); got != id {
			t.Errorf("%s came back as %s", id, got)
		}
	}
}
