package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// update returns the desired state, for which it asks for no more than what the known one does not have, if that can be.
func (s *RemoteState) update(ctx context.Context, known stored) (stored, error) {
	if known.Digest == "" {
		return s.fetch(ctx, "")
	}
	next, err := s.fetchParts(ctx, known)
	if errors.Is(err, errParts) || errors.As(err, new(*bus.RemoteError)) {
		s.log.Info().Err(err).Msg("the desired state is fetched as a whole")
		return s.fetch(ctx, known.Digest)
	}
	return next, err
}

// fetchParts returns the desired state made of the parts of the known one and those that it lacks, or what has the known digest and nothing else
// if there is no other one. An error that is errParts says that it cannot be made so.
func (s *RemoteState) fetchParts(ctx context.Context, known stored) (stored, error) {
	ctx, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	var listed desiredPart
	if err := s.ask(ctx, verbDesired, desiredRequest{Known: known.Digest, List: true}, &listed); err != nil || listed.Digest == known.Digest {
		return stored{Digest: known.Digest}, err
	}
	a := assembly{known: map[partName][]byte{}}
	var err error
	if a.list, a.size, err = parsePartList(listed.List); err != nil {
		return stored{}, err
	}
	doc, err := json.Marshal(known.Desired)
	if err != nil {
		return stored{}, fmt.Errorf("encode desired state: %w", err)
	}
	for _, part := range cut(doc) {
		a.known[nameOf(part)] = part
	}
	for want := a.missing(); len(want) > 0; {
		var part desiredPart
		if err := s.ask(ctx, verbDesired, desiredRequest{Known: known.Digest, Digest: listed.Digest, Want: want}, &part); err != nil {
			return stored{}, err
		}
		if part.Digest != listed.Digest || part.Count < 1 || part.Count > len(want) {
			return stored{}, fmt.Errorf("%w: it changed meanwhile", errParts)
		}
		if err := a.add(part.Data, want[:part.Count]); err != nil {
			return stored{}, err
		}
		want = want[part.Count:]
	}
	if doc, err = a.document(listed.Sum); err != nil {
		return stored{}, err
	}
	next := stored{Digest: listed.Digest}
	if err := json.Unmarshal(doc, &next.Desired); err != nil {
		return stored{}, fmt.Errorf("decode desired state: %w", err)
	}
	return next, nil
}
