package graph

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

// ImportResult shows what became of a published nodes file.
type ImportResult struct{ *publishednodes.ImportResult }

// Errors counts all errors.
func (r *ImportResult) Errors() int { return r.ImportResult.Issues.Errors }

// Warnings counts all warnings.
func (r *ImportResult) Warnings() int { return r.ImportResult.Issues.Warnings }

// Issues are the first ones, in the order of the file.
func (r *ImportResult) Issues(first *int) ([]ImportIssue, error) {
	list := r.ImportResult.Issues.List
	if first != nil && *first < 0 {
		return nil, fieldError("first", "%d is negative; ask for 0 or more", *first)
	}
	if first != nil {
		list = list[:min(*first, len(list))]
	}
	issues := make([]ImportIssue, len(list))
	for i, s := range list {
		issues[i] = ImportIssue{
			Severity: s.Severity, Entry: index(s.Entry), Node: index(s.Node), Line: index(s.Line), Property: optional(s.Property), Value: optional(s.Value),
			Problem: s.Problem, Remedy: optional(s.Remedy),
		}
		if s.Line == 0 {
			issues[i].Line = nil
		}
	}
	return issues, nil
}

// index is null for a negative number.
func index(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

// errNoPublishedNodes says that nothing of this installation takes such files.
var errNoPublishedNodes = fmt.Errorf("published nodes: %w here", ErrUnavailable)

func (r *Resolver) importPublishedNodes(ctx context.Context, gateway, text string, dryRun, replace bool) (*ImportResult, error) {
	if r.PublishedNodes == nil {
		return nil, errNoPublishedNodes
	}
	result, err := r.PublishedNodes.ImportPublishedNodes(ctx, gateway, []byte(text), dryRun, replace)
	if err != nil {
		return nil, fmt.Errorf("import published nodes: %w", err)
	}
	return &ImportResult{result}, nil
}

func (r *Resolver) exportPublishedNodes(ctx context.Context, gateway string) (string, error) {
	if r.PublishedNodes == nil {
		return "", errNoPublishedNodes
	}
	text, _, err := r.PublishedNodes.ExportPublishedNodes(ctx, gateway)
	if err != nil {
		return "", fmt.Errorf("export published nodes of gateway %q: %w", gateway, err)
	}
	return string(text), nil
}
