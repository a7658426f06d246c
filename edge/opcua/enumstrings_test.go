package opcua

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The values of enumerations are named by texts, with gaps, or by EnumValueTypes; what is neither names none.
func TestNamedValues(t *testing.T) {
	text := func(s string) model.LocalizedText { return model.LocalizedText{Locale: "en", Text: s} }
	enumValue := func(value int64, name string) model.ExtensionObject {
		body, err := ua.Encode(&ua.EnumValueType{Value: value, DisplayName: ua.NewLocalizedTextWithLocale(name, "en"), Description: &ua.LocalizedText{}})
		if err != nil {
			t.Fatal(err)
		}
		return model.ExtensionObject{TypeID: model.Expanded(typeEnumValue), Encoding: model.ExtensionBinary, Body: body}
	}
	short := enumValue(1, "Cut")
	short.Body = short.Body[:11]
	for name, c := range map[string]struct {
		value model.Variant
		want  []model.EnumField
	}{
		"texts": {model.ArrayValue([]model.LocalizedText{text("Off"), text(""), text("On")}), []model.EnumField{
			{Name: "Off", DisplayName: text("Off")}, {Value: 2, Name: "On", DisplayName: text("On")},
		}},
		"values": {model.ArrayValue([]model.ExtensionObject{enumValue(-5, "Low"), {TypeID: model.Expanded(typeEnumDefinition), Encoding: model.ExtensionBinary}, short, enumValue(1<<40, "High")}), []model.EnumField{
			{Value: -5, Name: "Low", DisplayName: text("Low")}, {Value: 1 << 40, Name: "High", DisplayName: text("High")},
		}},
		"one text":  {model.LocalizedTextValue(new(text("Off"))), nil},
		"numbers":   {model.ArrayValue([]int32{1, 2}), nil},
		"nothing":   {model.Variant{}, nil},
		"no values": {model.ArrayValue([]model.LocalizedText{}), nil},
	} {
		if diff := cmp.Diff(c.want, namedValues(c.value)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	fields := []model.EnumField{{Value: 7, Name: "On", DisplayName: text("On"), Description: text("runs")}}
	body, err := encodeEnumDefinition(fields)
	d := model.EnumDescription{}
	if err != nil || enumDefinition(body, &d) != nil || !cmp.Equal(d.Fields, fields) {
		t.Errorf("%+v comes back as %+v, %v", fields, d.Fields, err)
	}
	empty, err := encodeEnumDefinition(nil)
	if err != nil || len(empty) != noFields {
		t.Errorf("a definition without fields is %x, %v", empty, err)
	}
}
