package demoplant

import (
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// The node ids of the plant's own data types.
var (
	lineStateType       = nodeID("LineState")
	batchRecordType     = nodeID("BatchRecord")
	batchRecordEncoding = ua.NewNumericNodeID(plantNamespace, 5001)
)

func batchRecordDefinition() *ua.StructureDefinition {
	field := func(fieldName string, dataType uint32) *ua.StructureField {
		return &ua.StructureField{Name: fieldName, Description: &ua.LocalizedText{}, DataType: builtin(dataType), ValueRank: -1, ArrayDimensions: []uint32{}}
	}
	return &ua.StructureDefinition{
		DefaultEncodingID: batchRecordEncoding, BaseDataType: builtin(id.Structure), StructureType: ua.StructureTypeStructure,
		Fields: []*ua.StructureField{
			field("BatchId", id.String), field("Recipe", id.String), field("Quantity", id.UInt32), field("Good", id.UInt32),
			field("Rejected", id.UInt32), field("Started", id.DateTime), field("Ended", id.DateTime),
		},
	}
}

// extension wraps a record without gopcua's type registry: that is one for the whole process, and the client side of
// Shopfloor registers its own type under the same id when it reads this server.
func (r batchRecord) extension() *ua.ExtensionObject {
	return &ua.ExtensionObject{TypeID: ua.NewExpandedNodeID(batchRecordEncoding, "", 0), EncodingMask: ua.ExtensionObjectBinary, Value: &r}
}

func boilerType() objectType[boiler] {
	celsius, bar, percent := unit("CEL", "°C", "degree Celsius"), unit("BAR", "bar", "bar"), unit("P1", "%", "percent")
	kgPerHour, hour := unit("E93", "kg/h", "kilogram per hour"), unit("HUR", "h", "hour")
	double := builtin(id.Double)
	return objectType[boiler]{
		name: "BoilerType", description: "A steam boiler with a modulating burner",
		variables: []variable[boiler]{
			{name: "Temperature", description: "Water temperature", dataType: double, unit: celsius, span: ua.Range{Low: 0, High: 200}, read: func(b *boiler) any { return b.measuredTemperature }},
			{name: "TemperatureSetPoint", description: "Wanted water temperature", dataType: double, unit: celsius, span: ua.Range{Low: minBoilerSetPoint, High: maxBoilerSetPoint}, read: func(b *boiler) any { return b.setPoint }, write: writeBoilerSetPoint},
			{name: "Pressure", description: "Absolute steam pressure", dataType: double, unit: bar, span: ua.Range{Low: 0, High: 12}, read: func(b *boiler) any { return b.measuredPressure }},
			{name: "FuelFlow", description: "Fuel to the burner", dataType: double, unit: kgPerHour, span: ua.Range{Low: 0, High: 100}, read: func(b *boiler) any { return b.measuredFuel }},
			{name: "SteamFlow", description: "Steam to the plant", dataType: double, unit: kgPerHour, span: ua.Range{Low: 0, High: 1000}, read: func(b *boiler) any { return b.measuredSteam }},
			{name: "Level", description: "Water level in the drum", dataType: builtin(id.Float), unit: percent, span: ua.Range{Low: 0, High: 100}, read: func(b *boiler) any { return b.measuredLevel }},
			{name: "BurnerOutput", description: "Share of the full burner", dataType: double, unit: percent, span: ua.Range{Low: 0, High: 100}, read: func(b *boiler) any { return 100 * b.burner }},
			{name: "Burner", description: "The burner is lit", dataType: builtin(id.Boolean), binary: [2]string{"Off", "On"}, read: func(b *boiler) any { return b.burner > 0 }},
			{name: "FeedPump", description: "The feed pump runs", dataType: builtin(id.Boolean), binary: [2]string{"Stopped", "Running"}, read: func(b *boiler) any { return b.feedPump }},
			{name: "Mode", description: "Operating mode", dataType: builtin(id.UInt32), states: []string{"Off", "Heating", "Holding", "Cooling"}, read: func(b *boiler) any { return b.mode }},
			{name: "Status", description: "Operating mode as a text", dataType: builtin(id.LocalizedText), read: func(b *boiler) any { return b.statusText() }},
			{name: "OperatingHours", description: "Hours with the burner lit", dataType: double, unit: hour, span: ua.Range{Low: 0, High: 100000}, read: func(b *boiler) any { return b.hours }},
			{name: "BurnerStarts", description: "How often the burner was started", dataType: builtin(id.UInt32), read: func(b *boiler) any { return b.starts }},
			{name: "LastMaintenance", description: "When the boiler was last inspected", dataType: builtin(id.DateTime), read: func(b *boiler) any { return b.lastMaintenance }, write: writeMaintenance},
			{name: "SerialNumber", description: "Serial number of the maker", dataType: builtin(id.String), property: true, read: func(b *boiler) any { return b.serial }},
			{name: "AssetId", description: "Id in the asset register", dataType: builtin(id.GUID), property: true, read: func(b *boiler) any { return b.assetID }},
		},
		methods: []method[boiler]{
			{
				name: "StartHeating", description: "Sets the set point and lights the burner",
				inputs:  []*ua.Argument{argument("targetTemperature", id.Double, "Wanted water temperature in °C, 20 to 180")},
				outputs: []*ua.Argument{argument("accepted", id.Boolean, "False while the water level is too low")},
				call:    callStartHeating,
			},
			{name: "StopHeating", description: "Puts the burner out", call: func(b *boiler, _ []any, _ time.Time) ([]any, []ua.StatusCode, ua.StatusCode) {
				b.stopHeating()
				return nil, nil, ua.StatusOK
			}},
		},
		alarms: []alarm[boiler]{{
			limits: limits{name: "OverTemperature", input: "Temperature", unit: "°C", high: highTemperature, highHigh: highHighTemperature, deadband: 2},
			value:  func(b *boiler) float64 { return b.measuredTemperature },
		}},
	}
}

func writeBoilerSetPoint(b *boiler, v any) bool {
	celsius := v.(float64)
	if !validBoilerSetPoint(celsius) {
		return false
	}
	b.setPoint = celsius
	return true
}

// writeMaintenance accepts dates since 2000; a future date is a planned inspection and no last one.
func writeMaintenance(b *boiler, v any) bool {
	t := v.(time.Time)
	if t.Year() < 2000 || t.After(time.Now().Add(24*time.Hour)) {
		return false
	}
	b.lastMaintenance = t
	return true
}

func callStartHeating(b *boiler, in []any, _ time.Time) ([]any, []ua.StatusCode, ua.StatusCode) {
	target := in[0].(float64)
	if !validBoilerSetPoint(target) {
		return nil, []ua.StatusCode{ua.StatusBadOutOfRange}, ua.StatusBadInvalidArgument
	}
	return []any{b.startHeating(target)}, nil, ua.StatusOK
}

func packagingLineType() objectType[packagingLine] {
	perMinute, celsius := unit("C94", "1/min", "reciprocal minute"), unit("CEL", "°C", "degree Celsius")
	percent, ampere := unit("P1", "%", "percent"), unit("AMP", "A", "ampere")
	double := builtin(id.Double)
	return objectType[packagingLine]{
		name: "PackagingLineType", description: "A line that fills and seals packs in batches",
		variables: []variable[packagingLine]{
			{name: "State", description: "What the line is doing", dataType: lineStateType, read: func(l *packagingLine) any { return int32(l.state) }},
			{name: "Running", description: "The line makes packs", dataType: builtin(id.Boolean), read: func(l *packagingLine) any { return l.state == lineRunning }},
			{name: "Speed", description: "Packs per minute", dataType: double, unit: perMinute, span: ua.Range{Low: 0, High: maxLineSpeed}, read: func(l *packagingLine) any { return l.speed }},
			{name: "SpeedSetPoint", description: "Wanted packs per minute", dataType: double, unit: perMinute, span: ua.Range{Low: 0, High: maxLineSpeed}, read: func(l *packagingLine) any { return l.speedSetPoint }, write: writeLineSpeed},
			{name: "GoodParts", description: "Good packs since the line was built", dataType: builtin(id.Int64), read: func(l *packagingLine) any { return l.good }},
			{name: "RejectedParts", description: "Rejected packs since the line was built", dataType: builtin(id.UInt32), read: func(l *packagingLine) any { return l.rejected }},
			{name: "BatchId", description: "The batch in work, empty between batches", dataType: builtin(id.String), read: func(l *packagingLine) any { return l.current.BatchID }},
			{name: "Recipe", description: "The product in work", dataType: builtin(id.String), read: func(l *packagingLine) any { return l.current.Recipe }},
			{name: "CurrentBatch", description: "The figures of the batch in work", dataType: batchRecordType, read: func(l *packagingLine) any { return l.current.extension() }},
			{name: "LastBatch", description: "The figures of the batch before", dataType: batchRecordType, read: func(l *packagingLine) any { return l.last.extension() }},
			{name: "ZoneTemperatures", description: "Sealing zones along the line", dataType: double, dimension: sealingZones, unit: celsius, span: ua.Range{Low: 0, High: 250}, read: func(l *packagingLine) any { return append([]float64(nil), l.measuredZones[:]...) }},
			{name: "MotorCurrent", description: "Main drive", dataType: builtin(id.Float), unit: ampere, span: ua.Range{Low: 0, High: 20}, read: func(l *packagingLine) any { return l.measuredCurrent }},
			{name: "StackLight", description: "Bit 0 green, bit 1 yellow, bit 2 red", dataType: builtin(id.Byte), read: func(l *packagingLine) any { return l.stackLight() }},
			{name: "FaultCode", description: "0 without a fault", dataType: builtin(id.UInt16), read: func(l *packagingLine) any { return l.faultCode }},
			{name: "Availability", description: "Share of time the line ran", dataType: double, unit: percent, span: ua.Range{Low: 0, High: 100}, read: func(l *packagingLine) any { return l.availability() }},
		},
		methods: []method[packagingLine]{{
			name: "StartBatch", description: "Starts a new batch; one that runs is closed as far as it got",
			inputs:  []*ua.Argument{argument("recipe", id.String, "Product to make, 1 to 64 bytes"), argument("quantity", id.UInt32, "Good packs to make, 1 to 100000")},
			outputs: []*ua.Argument{argument("batchId", id.String, "The new batch")},
			call:    callStartBatch,
		}},
	}
}

func writeLineSpeed(l *packagingLine, v any) bool {
	perMinute := v.(float64)
	if !validLineSpeed(perMinute) {
		return false
	}
	l.speedSetPoint = perMinute
	return true
}

func callStartBatch(l *packagingLine, in []any, now time.Time) ([]any, []ua.StatusCode, ua.StatusCode) {
	recipe, quantity := in[0].(string), in[1].(uint32)
	args := make([]ua.StatusCode, 2)
	if recipe == "" || len(recipe) > 64 {
		args[0] = ua.StatusBadOutOfRange
	}
	if quantity < 1 || quantity > maxQuantity {
		args[1] = ua.StatusBadOutOfRange
	}
	if args[0] != ua.StatusOK || args[1] != ua.StatusOK {
		return nil, args, ua.StatusBadInvalidArgument
	}
	batchID, ok := l.startBatch(recipe, quantity, now)
	if !ok {
		return nil, nil, ua.StatusBadInvalidState
	}
	return []any{batchID}, nil, ua.StatusOK
}

func energyMeterType() objectType[energyMeter] {
	volt, ampere, kilowatt := unit("VLT", "V", "volt"), unit("AMP", "A", "ampere"), unit("KWT", "kW", "kilowatt")
	kilovar, hertz, kilowattHour := unit("KVR", "kvar", "kilovar"), unit("HTZ", "Hz", "hertz"), unit("KWH", "kW·h", "kilowatt hour")
	double, float := builtin(id.Double), builtin(id.Float)
	return objectType[energyMeter]{
		name: "EnergyMeterType", description: "A three-phase energy meter",
		variables: []variable[energyMeter]{
			{name: "Voltage", description: "Phase to neutral, L1 to L3", dataType: float, dimension: phases, unit: volt, span: ua.Range{Low: 0, High: 300}, read: func(m *energyMeter) any { return append([]float32(nil), m.voltage[:]...) }},
			{name: "Current", description: "L1 to L3", dataType: float, dimension: phases, unit: ampere, span: ua.Range{Low: 0, High: 200}, read: func(m *energyMeter) any { return append([]float32(nil), m.current[:]...) }},
			{name: "ActivePower", description: "Sum of the phases", dataType: double, unit: kilowatt, span: ua.Range{Low: 0, High: 100}, read: func(m *energyMeter) any { return m.activePower }},
			{name: "ReactivePower", description: "Sum of the phases", dataType: double, unit: kilovar, span: ua.Range{Low: 0, High: 100}, read: func(m *energyMeter) any { return m.reactivePower }},
			{name: "PowerFactor", description: "Cosine phi", dataType: double, read: func(m *energyMeter) any { return m.powerFactor }},
			{name: "Frequency", description: "Of the mains", dataType: double, unit: hertz, span: ua.Range{Low: 45, High: 55}, read: func(m *energyMeter) any { return m.frequency }},
			{name: "ActiveEnergy", description: "Since the last reset", dataType: double, unit: kilowattHour, span: ua.Range{Low: 0, High: 1e6}, read: func(m *energyMeter) any { return m.energy }},
			{name: "LastReset", description: "When the energy was set to 0", dataType: builtin(id.DateTime), read: func(m *energyMeter) any { return m.lastReset }},
		},
		methods: []method[energyMeter]{{
			name: "Reset", description: "Sets the energy to 0",
			outputs: []*ua.Argument{argument("previous", id.Double, "The energy before, in kWh")},
			call: func(m *energyMeter, _ []any, now time.Time) ([]any, []ua.StatusCode, ua.StatusCode) {
				return []any{m.reset(now)}, nil, ua.StatusOK
			},
		}},
	}
}
