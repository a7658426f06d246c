package graph

import (
	"encoding/json"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// StatusCode shows a model.StatusCode.
type StatusCode struct{ status model.StatusCode }

// Code is the number. It is a Float, since a GraphQL Int has 31 bits.
func (s StatusCode) Code() float64 { return float64(s.status) }

// Name is the symbolic name.
func (s StatusCode) Name() string { return s.status.Name() }

// Severity is the two top bits.
func (s StatusCode) Severity() model.Severity { return s.status.Severity() }

// DataValue shows a value as it was read, delivered or stored.
type DataValue struct {
	value   model.DataValue
	message string
}

// Value is the value as JSON, nil for none. It is a copy.
func (d *DataValue) Value() json.RawMessage {
	if d.value.Value.IsNull() {
		return nil
	}
	return d.value.Value.AppendJSON(nil)
}

// DataType is the name of the value's type, nil without a value.
func (d *DataValue) DataType() *string {
	if d.value.Value.Type() == model.TypeNull {
		return nil
	}
	return optional(d.value.Value.TypeName())
}

// Status is the quality of the value.
func (d *DataValue) Status() StatusCode { return StatusCode{d.value.Status} }

// SourceTimestamp is the time of the value at its source, 0 if not given.
func (d *DataValue) SourceTimestamp() model.DateTime { return d.value.SourceTimestamp }

// ServerTimestamp is the time at which the server knew the value, 0 if not given.
func (d *DataValue) ServerTimestamp() model.DateTime { return d.value.ServerTimestamp }

// Message says more about a Bad status.
func (d *DataValue) Message() *string { return optional(d.message) }

// optional is s, or nil for null when it is the zero value.
func optional[T comparable](s T) *T {
	var zero T
	if s == zero {
		return nil
	}
	return &s
}
