package graph

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// overHTTP has a transport answer requests that are not executed as GraphQL over HTTP wants it (its section 6.4): without data, and with a status that the media
// type of the answer decides: 400 for application/graphql-response+json; 200 for application/json, whose clients take another one for that of a proxy.
type overHTTP struct{ graphql.Transport }

func (t overHTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	answer := &answerWriter{ResponseWriter: w}
	t.Transport.Do(answer, r, &refusals{exec, answer})
}

// refusals tells an answer that the operation is not executed.
type refusals struct {
	graphql.GraphExecutor
	answer *answerWriter
}

func (e *refusals) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	op, errs := e.GraphExecutor.CreateOperationContext(ctx, params)
	e.answer.refused = errs != nil
	return op, errs
}

// answerWriter writes one answer.
type answerWriter struct {
	http.ResponseWriter
	refused, malformed bool
}

func (w *answerWriter) WriteHeader(status int) {
	switch {
	case w.refused:
		status = http.StatusOK
		if media, _, err := mime.ParseMediaType(w.Header().Get("Content-Type")); err == nil && media == "application/graphql-response+json" {
			status = http.StatusBadRequest
		}
	case status >= http.StatusBadRequest:
		w.malformed = true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write takes a whole answer, as the transports for single answers write it.
func (w *answerWriter) Write(b []byte) (int, error) {
	if !w.refused && !w.malformed {
		return w.ResponseWriter.Write(b)
	}
	var answer struct {
		Errors     json.RawMessage `json:"errors"`
		Extensions json.RawMessage `json:"extensions,omitempty"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return w.ResponseWriter.Write(b) // no answer of GraphQL
	}
	short, err := json.Marshal(answer)
	if err != nil {
		return 0, err
	}
	if _, err := w.ResponseWriter.Write(short); err != nil {
		return 0, err
	}
	return len(b), nil
}
