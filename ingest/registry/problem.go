package registry

import (
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fieldError is an ErrInvalid that knows its field.
type fieldError struct{ field, message string }

func (e *fieldError) Error() string { return ErrInvalid.Error() + ": " + e.field + ": " + e.message }

func (e *fieldError) Unwrap() error { return ErrInvalid }

func invalid(field, format string, args ...any) error {
	return &fieldError{field, fmt.Sprintf(format, args...)}
}

// problemOf is the problem that an error tells of, nil if it is no fieldError.
func problemOf(prefix string, err error) *model.ConfigurationProblem {
	e, ok := errors.AsType[*fieldError](err)
	if !ok {
		return nil
	}
	return &model.ConfigurationProblem{Field: prefix + "." + e.field, Message: e.message}
}

// errorOf is the first problem of an outcome as an error, for changes of one record.
func errorOf(o *model.ConfigurationOutcome) error {
	if _, p, bad := o.Problem(); bad {
		return &fieldError{p.Field, p.Message}
	}
	return nil
}
