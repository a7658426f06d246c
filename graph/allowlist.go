package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// AllowList are the operations that may run when no others may. Clients send an operation's id, as with automatic persisted queries
// (extensions.persistedQuery.sha256Hash), or its text, in which white space, commas and comments do not matter.
type AllowList struct {
	byID  map[string]string
	texts map[string]bool // digests of the tokens
}

// NewAllowList makes a list without operations.
func NewAllowList() *AllowList {
	return &AllowList{byID: map[string]string{}, texts: map[string]bool{}}
}

// Len is the number of operations by id.
func (l *AllowList) Len() int { return len(l.byID) }

// Add adds the operations of a file: an object of ids and texts, as graphql-codegen and the Relay compiler write persisted documents; or
// a manifest, as Apollo's generate-persisted-query-manifest writes it.
func (l *AllowList) Add(file []byte) error {
	var manifest struct {
		Format     string `json:"format"`
		Version    int    `json:"version"`
		Operations []struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		} `json:"operations"`
	}
	if json.Unmarshal(file, &manifest) == nil && manifest.Format != "" {
		if manifest.Format != "apollo-persisted-query-manifest" || manifest.Version != 1 {
			return fmt.Errorf("format %q, version %d is not known; want apollo-persisted-query-manifest, version 1, or an object of ids and texts", manifest.Format, manifest.Version)
		}
		for _, o := range manifest.Operations {
			if err := l.add(o.ID, o.Body); err != nil {
				return err
			}
		}
		return nil
	}
	var texts map[string]string
	if err := json.Unmarshal(file, &texts); err != nil {
		return fmt.Errorf("it is no object of ids and texts of operations: %w", err)
	}
	for id, text := range texts {
		if err := l.add(id, text); err != nil {
			return err
		}
	}
	return nil
}

func (l *AllowList) add(id, text string) error {
	digest, err := tokenDigest(text)
	if err != nil {
		return fmt.Errorf("operation %q: %w", id, err)
	}
	if other, ok := l.byID[id]; ok && other != text {
		return fmt.Errorf("operation %q is there twice, with different texts", id)
	}
	l.byID[id], l.texts[digest] = text, true
	return nil
}

// tokenDigest is a digest of the tokens of a text.
func tokenDigest(text string) (string, error) {
	h := sha256.New()
	lex := lexer.New(&ast.Source{Input: text})
	for n := 0; ; n++ {
		token, err := lex.ReadToken()
		switch {
		case err != nil:
			return "", err
		case token.Kind == lexer.EOF && n == 0:
			return "", gqlerror.Errorf("it is empty")
		case token.Kind == lexer.EOF:
			return hex.EncodeToString(h.Sum(nil)), nil
		case token.Kind != lexer.Comment:
			fmt.Fprintf(h, "%d %s\n", token.Kind, strconv.Quote(token.Value))
		}
	}
}

// onlyAllowed lets operations of a list run, and no others.
type onlyAllowed struct{ list *AllowList }

// ExtensionName names the limit.
func (onlyAllowed) ExtensionName() string { return "AllowList" }

// Validate accepts every schema.
func (onlyAllowed) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters replaces an id by its text, and refuses what is not on the list.
func (o onlyAllowed) MutateOperationParameters(_ context.Context, p *graphql.RawParams) *gqlerror.Error {
	if p.Query == "" {
		id := persistedID(p)
		text, ok := o.list.byID[id]
		if !ok {
			return notAllowed("operation " + strconv.Quote(id))
		}
		p.Query = text
		return nil
	}
	digest, err := tokenDigest(p.Query)
	if err != nil || !o.list.texts[digest] {
		what := "the operation"
		if p.OperationName != "" {
			what = "operation " + strconv.Quote(p.OperationName)
		}
		return notAllowed(what)
	}
	return nil
}

// persistedID is the id that a client sends in place of a text.
func persistedID(p *graphql.RawParams) string {
	persisted, _ := p.Extensions["persistedQuery"].(map[string]any)
	id, _ := persisted["sha256Hash"].(string)
	return strings.TrimSpace(id)
}

func notAllowed(what string) *gqlerror.Error {
	return limitError("OPERATION_NOT_ALLOWED", "%s is not on the list of those that may run; add it to a file of graphql.allowList in the configuration, and restart", what)
}
