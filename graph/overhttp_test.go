package graph

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What is not executed has no data, and the status that clients of the media type expect. The whole of GraphQL over HTTP is audited with the real binary.
func TestAnswersOfWhatIsNotExecuted(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	const notPersisted = `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}}}`
	for _, tt := range []struct {
		body, accept string
		status       int
		answer       string
	}{
		{`{"query":"{"}`, "application/json", 200, `{"errors":[{"message":"Expected Name, found `},
		{`{"query":"{"}`, "application/graphql-response+json", 400, `{"errors":[{"message":"Expected Name, found `},
		{`{"query":"{ nothing }"}`, "application/json", 200, `{"errors":[{"message":"Cannot query field \"nothing\" on type \"Query\"`},
		{`{"query":"{ nothing }"}`, "application/graphql-response+json", 400, `{"errors":[{"message":"Cannot query field \"nothing\" on type \"Query\"`},
		{notPersisted, "application/json", 200, `{"errors":[{"message":"PersistedQueryNotFound"`},
		{notPersisted, "application/graphql-response+json", 400, `{"errors":[{"message":"PersistedQueryNotFound"`},
		{`{`, "application/json", 400, `{"errors":[{"message":"json request body could not be decoded`},
		{`{"query":"{ platform { version } }"}`, "application/graphql-response+json", 200, `{"data":`},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", tt.accept)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.HasPrefix(w.Body.String(), tt.answer) || tt.answer[2] == 'e' && strings.Contains(w.Body.String(), `"data"`) {
			t.Errorf("%s, accepting %s: %d %s", tt.body, tt.accept, w.Code, w.Body)
		}
	}
}
