package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

func TestAllowList(t *testing.T) {
	list := NewAllowList()
	const servers = "query Servers { servers { totalCount } }"
	if err := list.Add([]byte(`{"abc": "` + servers + `"}`)); err != nil {
		t.Fatal(err)
	}
	manifest := `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
		{"id": "def", "name": "Server", "type": "query", "body": "query Server($id: ID!) { server(id: $id) { name } }"}]}`
	if err := list.Add([]byte(manifest)); err != nil {
		t.Fatal(err)
	}
	if list.Len() != 2 {
		t.Errorf("%d operations", list.Len())
	}
	p := newPlatform(HandlerConfig{AllowList: list})
	f := func(request, want string) {
		t.Helper()
		w := p.send("POST", "/graphql", []byte(request))
		var a answer
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		if want == "" {
			refused(t, &a, "OPERATION_NOT_ALLOWED", "graphql.allowList")
			return
		}
		a.wantData(t, want)
	}
	const two = `{"servers": {"totalCount": 2}}`
	f(`{"query": "`+servers+`"}`, two)
	f(`{"query": "# of the dashboard\n query  Servers\n{ servers, { totalCount } }"}`, two)
	f(`{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}}`, two)
	f(`{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "def"}}, "variables": {"id": "press"}}`, `{"server": {"name": "Press 1"}}`)

	f(`{"query": "query Servers { servers { totalCount pageInfo { hasNextPage } } }"}`, "")
	f(`{"query": "query Servers { servers(first: 1) { totalCount } }"}`, "")
	f(`{"query": "{ __schema { types { name } } }"}`, "")
	f(`{"query": "query Servers { servers { \"totalCount\" } }"}`, "")
	f(`{"query": "query Servers { servers { totalCount } } \""}`, "")
	f(`{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "none"}}}`, "")
	f(`{"extensions": {"persistedQuery": "abc"}}`, "")
	// Nobody adds to the list as to automatic persisted queries.
	const other = "{ gateways { totalCount } }"
	sum := sha256.Sum256([]byte(other))
	hash := hex.EncodeToString(sum[:])
	f(`{"query": "`+other+`", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "`+hash+`"}}}`, "")
	f(`{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "`+hash+`"}}}`, "")
}

func TestAllowListRefusesFiles(t *testing.T) {
	f := func(file, part string) {
		t.Helper()
		if err := NewAllowList().Add([]byte(file)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got %v, want %q", file, err, part)
		}
	}
	f(`[]`, "no object of ids and texts")
	f(`{"a": 1}`, "no object of ids and texts")
	f(`{"format": "apollo-persisted-query-manifest", "version": 2}`, "version 2 is not known")
	f(`{"format": "other", "version": 1}`, `format "other"`)
	f(`{"a": ""}`, "it is empty")
	f(`{"a": "{ b \" }"}`, `operation "a"`)
	list := NewAllowList()
	if err := list.Add([]byte(`{"a": "{ b }"}`)); err != nil {
		t.Fatal(err)
	}
	if err := list.Add([]byte(`{"a": "{ c }"}`)); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
}
