package graph

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxHexHead is how many bytes of a dead letter are shown in hexadecimal.
	maxHexHead = 256
	// maxDeadLetters bounds a page: a letter is larger than the items of other lists.
	maxDeadLetters = 500
)

// DeadLetter shows a frame that could not be processed.
type DeadLetter struct{ letter model.DeadLetter }

func keyOfDeadLetter(l *model.DeadLetter) string { return strconv.FormatUint(l.ID, 10) }

// ID is its place among the dead letters.
func (d *DeadLetter) ID() string { return keyOfDeadLetter(&d.letter) }

// Time is when it became a dead letter.
func (d *DeadLetter) Time() model.DateTime { return model.DateTimeOf(d.letter.Time) }

// Reason is why it could not be processed.
func (d *DeadLetter) Reason() string { return strings.ToValidUTF8(d.letter.Reason, "\ufffd") }

// Gateway is the gateway that it came from.
func (d *DeadLetter) Gateway() string { return d.letter.Gateway }

// Group is the group of its writer.
func (d *DeadLetter) Group() string { return d.letter.Group }

// Writer is the writer in the group.
func (d *DeadLetter) Writer() string { return d.letter.Writer }

// ContentType is the encoding that it claims to have.
func (d *DeadLetter) ContentType() string { return strings.ToValidUTF8(d.letter.ContentType, "\ufffd") }

// Size is the length of the whole frame in bytes.
func (d *DeadLetter) Size() int { return d.letter.Size }

// Sequence is its place in the stream of frames.
func (d *DeadLetter) Sequence() uint64 { return d.letter.Sequence }

// Head is how it begins, in hexadecimal.
func (d *DeadLetter) Head() string {
	return hex.EncodeToString(d.letter.Head[:min(len(d.letter.Head), maxHexHead)])
}

// Text is how it begins, nil unless it claims to be JSON. What is no text, and a character that is cut, becomes U+FFFD.
func (d *DeadLetter) Text() *string {
	if !strings.Contains(strings.ToLower(d.letter.ContentType), "json") {
		return nil
	}
	text := strings.ToValidUTF8(string(d.letter.Head[:min(len(d.letter.Head), model.DeadLetterHead)]), "\ufffd")
	return &text
}

// deadLetterConnection makes a page of dead letters.
func (r *Resolver) deadLetterConnection(ctx context.Context, f *DeadLetterFilter, first *int, after *string) (*DeadLetterConnection, error) {
	if r.DeadLetters == nil {
		return nil, fmt.Errorf("dead letters: %w: this installation does not hand them out", ErrUnavailable)
	}
	limit, err := pageSize(first)
	if err != nil {
		return nil, err
	}
	if limit > maxDeadLetters {
		return nil, fieldError("first", "%d is more than %d; ask for the rest in further pages, with after", limit, maxDeadLetters)
	}
	var before uint64
	if after != nil {
		key, err := cursorKey(*after)
		if err != nil {
			return nil, err
		}
		if before, err = strconv.ParseUint(key, 10, 64); err != nil || before == 0 {
			return nil, fieldError("after", "%q is no cursor of a dead letter; take one from pageInfo or an edge", *after)
		}
	}
	var filter model.DeadLetterFilter
	if f != nil {
		filter = model.DeadLetterFilter{Gateway: valueOrZero(f.Gateway), Group: valueOrZero(f.Group), Writer: valueOrZero(f.Writer)}
	}
	list, err := r.DeadLetters.DeadLetters(ctx, filter, before, limit+1)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	next := len(list) > limit
	p := newPage(list[:min(limit, len(list))], keyOfDeadLetter, after != nil, next)
	c := &DeadLetterConnection{PageInfo: p.info, Edges: make([]DeadLetterEdge, len(p.items))}
	for i, l := range p.items {
		c.Edges[i] = DeadLetterEdge{Cursor: p.cursors[i], Node: DeadLetter{l}}
	}
	return c, nil
}
