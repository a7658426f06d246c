package demoplant

import (
	"math"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
)

func TestWrite(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	dv := func(v any) *ua.DataValue {
		return &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(v)}
	}
	for _, tt := range []struct {
		name  string
		node  string
		attr  ua.AttributeID
		value *ua.DataValue
		want  ua.StatusCode
	}{
		{"set point", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, dv(151.5), ua.StatusOK},
		{"too hot", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, dv(180.1), ua.StatusBadOutOfRange},
		{"not a number", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, dv(math.NaN()), ua.StatusBadOutOfRange},
		{"string into a double", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, dv("hot"), ua.StatusBadTypeMismatch},
		{"float into a double", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, dv(float32(100)), ua.StatusBadTypeMismatch},
		{"array into a scalar", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, dv([]float64{1}), ua.StatusBadTypeMismatch},
		{"null", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, &ua.DataValue{EncodingMask: ua.DataValueValue, Value: &ua.Variant{}}, ua.StatusBadTypeMismatch},
		{"read-only", "Boiler1.Temperature", ua.AttributeIDValue, dv(1.0), ua.StatusBadNotWritable},
		{"declaration", "BoilerType.TemperatureSetPoint", ua.AttributeIDValue, dv(100.0), ua.StatusBadNotWritable},
		{"display name", "Boiler1.Temperature", ua.AttributeIDDisplayName, dv(ua.NewLocalizedText("x")), ua.StatusBadNotWritable},
		{"value of an object", "Boiler1", ua.AttributeIDValue, dv(1.0), ua.StatusBadAttributeIDInvalid},
		{"unknown node", "Boiler9", ua.AttributeIDValue, dv(1.0), ua.StatusBadNodeIDUnknown},
		{"with a status", "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, &ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueStatusCode, Value: ua.MustVariant(100.0), Status: ua.StatusBad}, ua.StatusBadWriteNotSupported},
		{"speed", "PackagingLine1.SpeedSetPoint", ua.AttributeIDValue, dv(90.0), ua.StatusOK},
		{"maintenance", "Boiler2.LastMaintenance", ua.AttributeIDValue, dv(time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC)), ua.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := write(t, c, tt.node, tt.attr, tt.value); got != tt.want {
				t.Errorf("write of %v to %s: %v, want %v", tt.value.Value.Value(), tt.node, got, tt.want)
			}
		})
	}
	if got := value[float64](t, c, "Boiler1.TemperatureSetPoint"); got != 151.5 {
		t.Errorf("TemperatureSetPoint = %v after the writes, want 151.5", got)
	}
	eventually(t, "the line runs at its new speed", func() bool { return value[float64](t, c, "PackagingLine1.Speed") > 60 })
	if got := value[float64](t, c, "PackagingLine1.Speed"); got > 90 {
		t.Errorf("Speed = %v, want at most the set point 90", got)
	}
}

func write(t *testing.T, c *opcua.Client, name string, attr ua.AttributeID, dv *ua.DataValue) ua.StatusCode {
	t.Helper()
	resp, err := c.Write(t.Context(), &ua.WriteRequest{NodesToWrite: []*ua.WriteValue{{NodeID: node(name), AttributeID: attr, Value: dv}}})
	if err != nil {
		t.Fatalf("write %s: %v", name, err)
	}
	return resp.Results[0]
}
