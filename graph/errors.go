package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// invalidField says which field of the input cannot be taken, and what to do.
type invalidField struct{ field, problem string }

func (e *invalidField) Error() string { return e.field + ": " + e.problem }

func (e *invalidField) Unwrap() error { return ErrInvalid }

func fieldError(field, format string, args ...any) error {
	return &invalidField{field: field, problem: fmt.Sprintf(format, args...)}
}

// statusError says that a server answered with a Bad StatusCode where there is no place for it in the data.
type statusError struct {
	about   string
	status  model.StatusCode
	message string
}

func (e *statusError) Error() string {
	if e.message == "" {
		return e.about + ": " + e.status.Name()
	}
	return e.about + ": " + e.status.Name() + ": " + e.message
}

// Unwrap is the kind of error that the status stands for.
func (e *statusError) Unwrap() error {
	switch e.status {
	case model.StatusBadNodeIdUnknown, model.StatusBadNodeIdInvalid, model.StatusBadNoMatch, model.StatusBadNotFound, model.StatusBadViewIdUnknown:
		return ErrNotFound
	case model.StatusBadHistoryOperationUnsupported, model.StatusBadHistoryOperationInvalid, model.StatusBadAggregateNotSupported, model.StatusBadBoundNotSupported,
		model.StatusBadAggregateInvalidInputs, model.StatusBadAggregateConfigurationRejected, model.StatusBadInvalidArgument, model.StatusBadBrowseNameInvalid,
		model.StatusBadSyntaxError, model.StatusBadReferenceTypeIdInvalid, model.StatusBadNothingToDo:
		return ErrInvalid
	}
	return ErrUnavailable
}

// panicError is a panic that was caught, with its stack.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// errorCodes are the extensions.code of the known kinds of errors.
var errorCodes = []struct {
	kind error
	code string
}{
	{ErrNotFound, "NOT_FOUND"},
	{ErrInvalid, "BAD_USER_INPUT"},
	{ErrConflict, "CONFLICT"},
	{ErrUnavailable, "UNAVAILABLE"},
	{typed.ErrNotFound, "NOT_FOUND"},
	{typed.ErrInvalid, "BAD_USER_INPUT"},
	{typed.ErrValue, "UNEXPECTED_VALUE"},
	{live.ErrClosed, "UNAVAILABLE"},
	{live.ErrStreams, "UNAVAILABLE"},
	{context.DeadlineExceeded, "UNAVAILABLE"},
	{context.Canceled, "UNAVAILABLE"},
}

// presenter makes errors fit to go out: known kinds get their code, what the engine found in the query passes, all else is
// logged and called an internal error.
type presenter struct{ log zerolog.Logger }

func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	g, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		g = gqlerror.WrapPath(graphql.GetPath(ctx), err)
	}
	cause := errors.Unwrap(g)
	if status, ok := errors.AsType[*typed.StatusError](cause); ok {
		cause = &statusError{about: status.About, status: status.Status, message: status.Message}
	}
	if cause == nil { // made by the engine itself: syntax, validation, limits
		return g
	}
	out := &gqlerror.Error{Path: g.Path, Locations: g.Locations, Extensions: map[string]any{}}
	for _, c := range errorCodes {
		if errors.Is(cause, c.kind) {
			out.Message = cause.Error()
			out.Extensions["code"] = c.code
			if status, ok := errors.AsType[*statusError](cause); ok {
				out.Extensions["statusCode"] = status.status.Name()
			}
			if remedy := errorRemedy(cause, c.code); remedy != "" {
				out.Extensions["remedy"] = remedy
			}
			if field, ok := errors.AsType[*invalidField](cause); ok {
				out.Extensions["field"] = field.field
			}
			return out
		}
	}
	id := requestID(ctx)
	out.Message = "internal error"
	out.Extensions["code"], out.Extensions["requestId"] = "INTERNAL", id
	event := p.log.Error().Err(cause).Str("request_id", id).Stringer("path", g.Path)
	if caught, ok := errors.AsType[*panicError](cause); ok {
		event = event.Bytes("stack", caught.stack)
	}
	event.Msg("graphql request met an internal error")
	return out
}
