package bus

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// Partitions is into how many parts the frames of UA_DATA are divided, so that several processes can share the work. All
// frames of a writer are in one partition, in order. It is part of the stored form, like a subject, and never changes.
const Partitions = 16

// prefixPart stands before the number of the partition in a stored subject: ua.part.<p>.<gateway>.<group>.<writer>. The
// stream makes it of ua.data.<gateway>.<group>.<writer> when it stores a frame; nobody publishes to it.
const prefixPart = "ua.part."

// Partition returns the partition of a writer's frames, 0 to Partitions-1, as the server computes it: the 32-bit FNV-1a hash
// of the three escaped names. A name that is too long gives ErrName.
func Partition(gateway, group, writer string) (int, error) {
	h := fnv.New32a()
	for _, name := range [...]string{gateway, group, writer} {
		token, err := Escape(name)
		if err != nil {
			return 0, err
		}
		h.Write([]byte(token))
	}
	return int(h.Sum32() % Partitions), nil
}

// partitionTransform divides the frames. A subject of another form is stored as it is.
func partitionTransform() *jetstream.SubjectTransformConfig {
	return &jetstream.SubjectTransformConfig{
		Source:      prefixData + "*.*.*",
		Destination: prefixPart + "{{partition(" + strconv.Itoa(Partitions) + ",1,2,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}",
	}
}

// partitionFilters returns the subjects of some partitions. None, or all, means the whole stream and gives nil.
//
// To partition 0 belongs also what is stored under ua.data: frames from before the stream was divided, of whatever writer,
// and subjects of another form. So each message is in one partition.
func partitionFilters(partitions []int) ([]string, error) {
	sorted := slices.Clone(partitions)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	var filters []string
	for _, p := range sorted {
		if p < 0 || p >= Partitions {
			return nil, fmt.Errorf("partition %d does not exist: use 0 to %d", p, Partitions-1)
		}
		if p == 0 {
			filters = append(filters, prefixData+">")
		}
		filters = append(filters, prefixPart+strconv.Itoa(p)+".>")
	}
	if len(sorted) == Partitions {
		return nil, nil
	}
	return filters, nil
}

// partPrefix returns "ua.part.<p>." of a subject that begins so, else "".
func partPrefix(subject string) string {
	rest, ok := strings.CutPrefix(subject, prefixPart)
	if !ok {
		return ""
	}
	return subject[:len(prefixPart)+strings.IndexByte(rest, '.')+1]
}

// PurgePartitions removes the messages of some partitions of UA_DATA up to and with upTo; 0 removes none, and no partitions
// means all. It has to look at each block of the stream up to there, for each partition: where all owners' checkpoints are
// known, a Purge up to the lowest of them costs next to nothing (see Leases.Floor).
func (c *Conn) PurgePartitions(ctx context.Context, stream string, partitions []int, upTo uint64) error {
	filters, err := partitionFilters(partitions)
	if err != nil {
		return fmt.Errorf("purge stream %s: %w", stream, err)
	}
	if filters == nil {
		return c.Purge(ctx, stream, upTo)
	}
	return c.purge(ctx, stream, upTo, filters)
}
