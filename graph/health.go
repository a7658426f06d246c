package graph

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// limitList answers the limits of the platform.
func (r *Resolver) limitList(ctx context.Context) ([]model.Limit, error) {
	if r.Limits == nil {
		return nil, fmt.Errorf("limits: %w: this installation does not measure them", ErrUnavailable)
	}
	list, err := r.Limits.Limits(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure limits: %w", err)
	}
	return list, nil
}

// alarmList answers the active alarms, the most urgent first.
func (r *Resolver) alarmList(ctx context.Context) ([]model.Alarm, error) {
	if r.Limits == nil {
		return nil, fmt.Errorf("alarms: %w: this installation does not raise them", ErrUnavailable)
	}
	list, err := r.Limits.Alarms(ctx)
	if err != nil {
		return nil, fmt.Errorf("list alarms: %w", err)
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b model.Alarm) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}
