package graph

import "github.com/shopfloor-iiot/shopfloor/model"

// HistoricalValue shows a value of a server's history.
type HistoricalValue struct {
	DataValue
	modification *model.HistoryModification
}

// The bits of a StatusCode that tell where a value of a history comes from (Part 4, 7.39.1; Part 11, 6.7.3).
const (
	historianCalculated     = 1
	historianInterpolated   = 2
	historianPartial        = 4
	historianExtraData      = 8
	historianMultipleValues = 16
)

// Origin tells where the value comes from.
func (v *HistoricalValue) Origin() HistoryOrigin {
	switch v.value.Status & (historianCalculated | historianInterpolated) {
	case historianCalculated:
		return HistoryOriginCalculated
	case historianInterpolated:
		return HistoryOriginInterpolated
	}
	return HistoryOriginRaw
}

// Partial tells that the interval of the aggregate is not whole.
func (v *HistoricalValue) Partial() bool { return v.value.Status&historianPartial != 0 }

// ExtraData tells that there are modified values or annotations.
func (v *HistoricalValue) ExtraData() bool { return v.value.Status&historianExtraData != 0 }

// MultipleValues tells that the aggregate has several values in the interval.
func (v *HistoricalValue) MultipleValues() bool { return v.value.Status&historianMultipleValues != 0 }

// Modification tells how the value was modified, nil for one that was not.
func (v *HistoricalValue) Modification() *HistoryModification {
	if v.modification == nil {
		return nil
	}
	return &HistoryModification{*v.modification}
}

// HistoryModification shows how a value was modified.
type HistoryModification struct{ modification model.HistoryModification }

// Time is when it was modified, 0 if not given.
func (m *HistoryModification) Time() model.DateTime { return m.modification.Time }

// Kind is what was done.
func (m *HistoryModification) Kind() HistoryUpdateType {
	switch m.modification.Kind {
	case model.HistoryInsert:
		return HistoryUpdateTypeInsert
	case model.HistoryReplace:
		return HistoryUpdateTypeReplace
	case model.HistoryUpsert:
		return HistoryUpdateTypeUpdate
	case model.HistoryDelete:
		return HistoryUpdateTypeDelete
	}
	return HistoryUpdateTypeUnknown
}

// UserName is who did it, nil if not given.
func (m *HistoryModification) UserName() *string { return optional(m.modification.UserName) }
