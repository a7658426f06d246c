package demoplant

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
)

func call(t *testing.T, c *opcua.Client, object, method string, args ...any) *ua.CallMethodResult {
	t.Helper()
	req := &ua.CallMethodRequest{ObjectID: node(object), MethodID: node(method), InputArguments: []*ua.Variant{}}
	for _, a := range args {
		req.InputArguments = append(req.InputArguments, ua.MustVariant(a))
	}
	res, err := c.Call(t.Context(), req)
	if err != nil {
		t.Fatalf("call %s: %v", method, err)
	}
	return res
}

func TestCallErrors(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	for _, tt := range []struct {
		name, object, method string
		args                 []any
		want                 ua.StatusCode
		wantArgs             []ua.StatusCode
	}{
		{"too few", "Boiler1", "Boiler1.StartHeating", nil, ua.StatusBadArgumentsMissing, nil},
		{"too many", "Boiler1", "Boiler1.StartHeating", []any{1.0, 2.0}, ua.StatusBadTooManyArguments, nil},
		{"wrong type", "Boiler1", "Boiler1.StartHeating", []any{"hot"}, ua.StatusBadInvalidArgument, []ua.StatusCode{ua.StatusBadTypeMismatch}},
		{"out of range", "Boiler1", "Boiler1.StartHeating", []any{500.0}, ua.StatusBadInvalidArgument, []ua.StatusCode{ua.StatusBadOutOfRange}},
		{"one of two", "PackagingLine1", "PackagingLine1.StartBatch", []any{"Oat", uint32(0)}, ua.StatusBadInvalidArgument, []ua.StatusCode{ua.StatusOK, ua.StatusBadOutOfRange}},
		{"second type", "PackagingLine1", "PackagingLine1.StartBatch", []any{"Oat", int64(5)}, ua.StatusBadInvalidArgument, []ua.StatusCode{ua.StatusOK, ua.StatusBadTypeMismatch}},
		{"unknown method", "Boiler1", "Boiler1.Explode", nil, ua.StatusBadMethodInvalid, nil},
		{"method of another object", "Boiler1", "EnergyMeter1.Reset", nil, ua.StatusBadMethodInvalid, nil},
		{"a variable", "Boiler1", "Boiler1.Temperature", nil, ua.StatusBadMethodInvalid, nil},
		{"unknown object", "Boiler9", "Boiler1.StartHeating", []any{100.0}, ua.StatusBadNodeIDUnknown, nil},
		{"declaration", "BoilerType", "BoilerType.StopHeating", nil, ua.StatusBadNotExecutable, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := call(t, c, tt.object, tt.method, tt.args...)
			if res.StatusCode != tt.want {
				t.Errorf("status %v, want %v", res.StatusCode, tt.want)
			}
			if diff := cmp.Diff(tt.wantArgs, res.InputArgumentResults); diff != "" {
				t.Errorf("argument results (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStartHeating(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	call(t, c, "Boiler2", "Boiler2.StopHeating")
	if value[bool](t, c, "Boiler2.Burner") {
		eventually(t, "the burner is out", func() bool { return !value[bool](t, c, "Boiler2.Burner") })
	}
	res := call(t, c, "Boiler2", "BoilerType.StartHeating", 133.0) // by the id of the type's method (Part 4, 5.12.2.2)
	if res.StatusCode != ua.StatusOK || len(res.OutputArguments) != 1 || res.OutputArguments[0].Value() != true {
		t.Fatalf("StartHeating = %+v", res)
	}
	if got := value[float64](t, c, "Boiler2.TemperatureSetPoint"); got != 133 {
		t.Errorf("TemperatureSetPoint = %v, want 133", got)
	}
	eventually(t, "the burner is lit again", func() bool { return value[bool](t, c, "Boiler2.Burner") })
	if got := value[uint32](t, c, "Boiler2.BurnerStarts"); got != 2 {
		t.Errorf("BurnerStarts = %d, want 2", got)
	}
	if got := value[float64](t, c, "Boiler1.TemperatureSetPoint"); got != 140 {
		t.Errorf("Boiler1's set point changed to %v", got)
	}
}

func TestStartBatch(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	before := value[string](t, c, "PackagingLine1.BatchId")
	res := call(t, c, "PackagingLine1", "PackagingLine1.StartBatch", "Test flakes", uint32(3))
	if res.StatusCode != ua.StatusOK {
		t.Fatalf("StartBatch: %v", res.StatusCode)
	}
	batchID := res.OutputArguments[0].Value().(string)
	if batchID == before || value[string](t, c, "PackagingLine1.BatchId") != batchID || value[string](t, c, "PackagingLine1.Recipe") != "Test flakes" {
		t.Errorf("batch %q after %q, in work is %q", batchID, before, value[string](t, c, "PackagingLine1.BatchId"))
	}
	last := func() *batchRecordBody {
		return value[*ua.ExtensionObject](t, c, "PackagingLine1.LastBatch").Value.(*batchRecordBody)
	}
	eventually(t, "the batch of three is done", func() bool { return last().BatchID == batchID })
	if r := last(); r.Good != 3 || r.Quantity != 3 || !r.Ended.After(r.Started) {
		t.Errorf("LastBatch = %+v", r)
	}
}

func TestResetEnergy(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	eventually(t, "energy is counted", func() bool { return value[float64](t, c, "EnergyMeter1.ActiveEnergy") > 1e-3 })
	before := value[float64](t, c, "EnergyMeter1.ActiveEnergy")
	res := call(t, c, "EnergyMeter1", "EnergyMeter1.Reset")
	if res.StatusCode != ua.StatusOK || res.OutputArguments[0].Value().(float64) < before {
		t.Fatalf("Reset = %+v, the energy before was %v", res, before)
	}
	if got := value[float64](t, c, "EnergyMeter1.ActiveEnergy"); got >= before {
		t.Errorf("ActiveEnergy = %v after the reset, was %v", got, before)
	}
}
