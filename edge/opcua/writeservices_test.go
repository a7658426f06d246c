package opcua

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// What was written is read back, and what is not as it was written is told.
func testWriteVerify(t *testing.T, s *Source) {
	write := func(node, value, indexRange string) model.WriteValue {
		return model.WriteValue{NodeID: plant(node), Value: json.RawMessage(value), IndexRange: indexRange, Verify: true}
	}
	writes := []model.WriteValue{
		write("Scalar_Double", "2.5", ""),
		write("Scalar_Float", "0.1", ""), // is 0.10000000149…
		write("Scalar_LocalizedText", `{"locale": "de", "text": "Ventil"}`, ""),
		write("Array_Int32", "[7, 8]", "1:2"),
		write("Struct_Vec3", `{"X": 1, "Y": 2, "Z": 3}`, ""),
		write("Clamped", "200", ""),
		write("Clamped", "12", ""), // the last of two writes is what the node has
		write("WriteOnly", "1", ""),
		write("ReadOnly", "1", ""),
		{NodeID: plant("Scalar_Byte"), Value: json.RawMessage("9")},
	}
	results, err := s.Write(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		status     model.StatusCode
		outcome    model.VerificationOutcome
		difference string
	}{
		{0, model.Verified, ""},
		{0, model.Verified, ""},
		{0, model.Verified, ""},
		{0, model.Verified, ""},
		{0, model.Verified, ""},
		{0, model.VerifiedDifferent, "wrote 200, the node has 12"},
		{0, model.Verified, ""},
		{0, model.VerifiedUnreadable, "BadNotReadable"},
		{model.StatusBadNotWritable, "", ""},
		{0, "", ""},
	} {
		r, got := results[i], model.Verification{}
		if r.Verification != nil {
			got = *r.Verification
		}
		if r.Status != want.status || got.Outcome != want.outcome || !strings.Contains(got.Difference, want.difference) || want.difference == "" != (got.Difference == "") {
			t.Errorf("%s: %s %q, %+v; want %+v", writes[i].NodeID, r.Status.Name(), r.Message, got, want)
		}
	}
	if v := results[5].Verification; v == nil || v.Read.Value.Float() != 12 || v.Read.SourceTimestamp == 0 {
		t.Errorf("what was read back is %+v", v)
	}
	if v := results[4].Verification; v == nil || !strings.Contains(string(v.Read.Value.AppendJSON(nil)), `"Y":2`) {
		t.Errorf("the structure that was read back is %+v", v)
	}
	if r := read(t, s, value("Clamped")); r[0].Value.Float() != 12 {
		t.Errorf("Clamped is %s", r[0].Value)
	}
	clamped, err := s.Write(t.Context(), []model.WriteValue{write("Clamped", "200", "")})
	if err != nil || clamped[0].Verification == nil || clamped[0].Verification.Difference != "wrote 200, the node has 100" {
		t.Errorf("%v: %+v", err, clamped)
	}
}

// Status and time of a value are written with it.
func testWriteQuality(t *testing.T, s *Source) {
	at := model.DateTimeOf(time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC))
	w := model.WriteValue{
		NodeID: plant("Scalar_Double"), Value: json.RawMessage("7.5"), Quality: model.StatusUncertainLastUsableValue, SourceTimestamp: at, Verify: true,
	}
	results, err := s.Write(t.Context(), []model.WriteValue{w})
	if err != nil {
		t.Fatal(err)
	}
	if v := results[0].Verification; results[0].Status != 0 || v == nil || v.Outcome != model.Verified {
		t.Fatalf("%+v %+v", results[0], v)
	}
	r := read(t, s, value("Scalar_Double"))[0]
	if r.Status != model.StatusUncertainLastUsableValue || r.SourceTimestamp != at || r.Value.Float() != 7.5 {
		t.Errorf("read %s at %s: %s", r.Status.Name(), r.SourceTimestamp, r.Value)
	}
	if _, err := s.Write(t.Context(), []model.WriteValue{{NodeID: plant("Scalar_Double"), Value: json.RawMessage("3.141592653589793")}}); err != nil {
		t.Fatal(err)
	}
	if r := read(t, s, value("Scalar_Double"))[0]; r.Status != 0 {
		t.Errorf("a plain write leaves %s", r.Status.Name())
	}
}

// Values of other attributes are coerced to the attribute's type before the server sees them; what does not fit is refused here, the rest there.
func testWriteAttributes(t *testing.T, s *Source) {
	var writes []model.WriteValue
	var wants []string
	for _, c := range []struct {
		attribute model.AttributeID
		value     string
		message   string // "" when the server is to decide
	}{
		{model.AttributeDisplayName, `{"text": "Level of the tank", "locale": "en"}`, ""},
		{model.AttributeDisplayName, `7`, "LocalizedText"},
		{model.AttributeHistorizing, `"yes"`, "Boolean"},
		{model.AttributeMinimumSamplingInterval, `"fast"`, "Double"},
		{model.AttributeAccessLevel, `300`, "300"},
		{model.AttributeArrayDimensions, `3`, "array"},
		{model.AttributeArrayDimensions, `[3]`, ""},
		{model.AttributeAccessLevelEx, `-1`, "-1"},
		{model.AttributeAccessRestrictions, `70000`, "70000"},
		{model.AttributeRolePermissions, `[{"RoleId": "i=15644", "Permissions": 1}]`, ""},
		{model.AttributeDataTypeDefinition, `{"Fields": []}`, "any type"},
		{model.AttributeDataType, `"i=11"`, ""},
		{99, `1`, "99"},
	} {
		writes = append(writes, model.WriteValue{NodeID: plant("Level"), Attribute: c.attribute, Value: json.RawMessage(c.value)})
		wants = append(wants, c.message)
	}
	results, err := s.Write(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		here := strings.Contains(r.Message, ": "+r.Status.Name())
		switch w := writes[i]; {
		case wants[i] != "" && (!r.Status.IsBad() || here || !strings.Contains(r.Message, wants[i])):
			t.Errorf("attribute %d = %s: %s %q, want it refused for %q", w.Attribute, w.Value, r.Status.Name(), r.Message, wants[i])
		case wants[i] == "" && r.Status.IsBad() && !here:
			t.Errorf("attribute %d = %s: %s %q, want it sent to the server", w.Attribute, w.Value, r.Status.Name(), r.Message)
		}
	}
}

// How a value is asked for goes by item, in one request for each way.
func testReadHow(t *testing.T, s *Source) {
	ctx, tally := model.WithTally(t.Context())
	id := func(how model.TimestampsToReturn, maxAge time.Duration) model.ReadValueID {
		v := value("Scalar_Double")
		v.Timestamps, v.MaxAge = how, maxAge
		return v
	}
	results, err := s.Read(ctx, []model.ReadValueID{
		id(model.TimestampsBoth, 0), id(model.TimestampsSource, 0), id(model.TimestampsServer, 0), id(model.TimestampsNeither, 0), id(model.TimestampsBoth, time.Hour),
		{NodeID: plant("Scalar_Double"), Attribute: model.AttributeDisplayName},
		{NodeID: plant("Array_Int32"), Attribute: model.AttributeValue, IndexRange: "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ source, server bool }{{true, true}, {true, false}, {false, true}, {false, false}, {true, true}} {
		if r := results[i]; r.SourceTimestamp != 0 != want.source || r.ServerTimestamp != 0 != want.server || r.Status != 0 || r.Value.Type() != model.TypeDouble {
			t.Errorf("result %d has source time %s and server time %s: %+v", i, r.SourceTimestamp, r.ServerTimestamp, r)
		}
	}
	if results[5].Value.LocalizedText().Text != "Scalar_Double" || results[6].Value.Len() != 1 {
		t.Errorf("attribute %s, range %s", results[5].Value, results[6].Value)
	}
	if c := tally.Counts()["Read"]; c.Requests != 5 || c.Items != 7 {
		t.Errorf("counted %v", tally)
	}
}
