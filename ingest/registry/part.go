package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"

	"golang.org/x/sync/errgroup"
)

const (
	// A list is cut behind each element whose name hashes to a multiple of partMean, so that the same elements make the same parts wherever they
	// stand in the list: a change of one element makes one part anew.
	partMean = 256
	// partCount and partBytes bound a part of elements whose names cut badly.
	partCount = 1024
	partBytes = 256 << 10
	// partWriters is how many parts are read or written at once.
	partWriters = 16
)

// partRef names a part: some elements of a list, as a JSON array stored under its own hash.
type partRef struct {
	Hash  string `json:"hash"`
	Count int    `json:"count"`
}

// part is one on its way to the bucket.
type part struct {
	partRef
	body []byte
}

// cutParts encodes a list in parts of at most limit bytes. An element that is larger is an error that names it.
func cutParts[T any](list []T, limit int, name func(*T) string) ([]part, error) {
	var parts []part
	body, count := []byte{'['}, 0
	end := func() {
		if count > 0 {
			body = append(body, ']')
			parts = append(parts, part{partRef{hashOf(body), count}, body})
			body, count = []byte{'['}, 0
		}
	}
	for i := range list {
		b, err := json.Marshal(&list[i])
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name(&list[i]), err)
		}
		if len(b)+2 > limit {
			return nil, fmt.Errorf("%w: %s: has %d bytes when it is stored, at most %d are allowed; make it smaller", ErrInvalid, name(&list[i]), len(b), limit-2)
		}
		if len(body)+len(b)+2 > min(limit, partBytes) || count == partCount {
			end()
		}
		if count > 0 {
			body = append(body, ',')
		}
		body = append(body, b...)
		count++
		h := fnv.New64a()
		h.Write([]byte(name(&list[i])))
		if h.Sum64()%partMean == 0 {
			end()
		}
	}
	end()
	return parts, nil
}

// hashOf is the first half of SHA-256, in hexadecimal.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// refs are the names of parts.
func refs(parts []part) []partRef {
	out := make([]partRef, len(parts))
	for i, p := range parts {
		out[i] = p.partRef
	}
	return out
}

// partPath is the key of a part in the bucket.
func partPath(gateway, hash string) []string { return []string{gateway, "part", hash} }

// storeParts writes parts. Those that are there already are written again: it tells collect that somebody is about to need them.
func storeParts(ctx context.Context, b ConfigurationBucket, gateway string, parts []part) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(partWriters)
	for _, p := range parts {
		work.Go(func() error {
			_, err := b.Put(ctx, partPath(gateway, p.Hash), p.body)
			return err
		})
	}
	return work.Wait()
}

// errPartMissing says that a part is not in the bucket: a mirror has not brought it yet, or the revision it belongs to is no longer kept.
var errPartMissing = errors.New("part of the configuration is missing")

// readParts reads the list that parts make up.
func readParts[T any](ctx context.Context, b ConfigurationReader, gateway string, parts []partRef) ([]T, error) {
	lists := make([][]T, len(parts))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(partWriters)
	total := 0
	for i, p := range parts {
		total += p.Count
		work.Go(func() (err error) {
			lists[i], err = readPart[T](ctx, b, gateway, p)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	if len(lists) == 1 {
		return lists[0], nil
	}
	list := make([]T, 0, total)
	for _, l := range lists {
		list = append(list, l...)
	}
	return list, nil
}

func readPart[T any](ctx context.Context, b ConfigurationReader, gateway string, p partRef) ([]T, error) {
	e, err := b.Get(ctx, partPath(gateway, p.Hash))
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%w: %s", errPartMissing, p.Hash)
	}
	if err != nil {
		return nil, err
	}
	if hashOf(e.Value) != p.Hash {
		return nil, fmt.Errorf("part %s of the configuration was damaged: its hash is %s", p.Hash, hashOf(e.Value))
	}
	list := make([]T, 0, p.Count)
	if err := json.Unmarshal(e.Value, &list); err != nil {
		return nil, fmt.Errorf("part %s of the configuration: %w", p.Hash, err)
	}
	if len(list) != p.Count {
		return nil, fmt.Errorf("part %s of the configuration has %d elements, want %d", p.Hash, len(list), p.Count)
	}
	return list, nil
}
