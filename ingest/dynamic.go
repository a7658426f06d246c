package ingest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// This file is about writers of other publishers, whose messages tell themselves what they hold: JSON by the names of the fields, UADP
// without a version by their place. Their layouts grow as fields are seen. Metadata is used when there is some, and not waited for.

// recheckInterval is the time after which metadata is looked for again that was not there.
const recheckInterval = 10 * time.Second

// open returns the layout of a writer whose messages need no metadata: that of the metadata of version v, zero for the newest, or one
// that is empty at first. An error wraps errDead, or says that ctx ended.
func (l *layouts) open(ctx context.Context, writer model.WriterKey, v model.ConfigurationVersion) (*layout, error) {
	key := layoutKey{writer, v}
	lay := l.cache[key]
	if lay != nil && (!lay.bare || time.Now().Before(lay.recheck)) {
		return lay, nil
	}
	// The names may be the memory of a decoder.
	key.writer = model.WriterKey{Gateway: strings.Clone(writer.Gateway), Group: strings.Clone(writer.Group), Writer: strings.Clone(writer.Writer)}
	writer = key.writer
	m, err := l.fetch(ctx, key)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil:
		if err = l.check(key, m); err != nil {
			return nil, dead(err)
		}
		return l.add(key, m), nil
	case !errors.Is(err, ErrNoMetadata):
		return nil, dead(err)
	}
	if lay == nil {
		lay = l.add(key, &model.DataSetMetaData{
			Gateway: writer.Gateway, Group: writer.Group, Writer: writer.Writer, Server: publisherOf(writer.Gateway), Version: v,
		})
		lay.bare = true
	}
	lay.recheck = time.Now().Add(recheckInterval)
	return lay, nil
}

// publisherOf is the PublisherId in the gateway of a foreign writer, "mqtt:<PublisherId>". The ids of the platform's gateways have no colon.
func publisherOf(gateway string) string {
	if _, publisher, ok := strings.Cut(gateway, ":"); ok {
		return publisher
	}
	return gateway
}

func isForeign(gateway string) bool { return strings.Contains(gateway, ":") }

// field returns the place of the field of that name; a layout gets it if it has none yet. An error wraps errDead.
func (l *layouts) field(lay *layout, name string) (int, error) {
	if at, ok := lay.index[name]; ok {
		return at, nil
	}
	if lay.index == nil {
		lay.index = make(map[string]int, len(lay.fields))
		for i, f := range lay.fields {
			lay.index[f.meta.Name] = i
		}
		return l.field(lay, name)
	}
	if err := l.checkRoom(lay.writer.key, len(lay.fields)+1); err != nil {
		return 0, dead(err)
	}
	fm := &model.FieldMetaData{Name: strings.Clone(name), BuiltInType: model.TypeVariant, ValueRank: model.ValueRankAny}
	if id, err := model.ParseExpandedNodeID(fm.Name); err == nil && id.NamespaceURI != "" {
		fm.Node = id // samples of OPC Publisher
	}
	f := &field{}
	lay.name(f, fm, l.store, l.cfg.ElementLimit, l.live.slot)
	at := len(lay.fields)
	lay.fields = append(lay.fields, f)
	lay.index[fm.Name] = at
	lay.grown = true
	return at, nil
}

// numbered returns the place of the field that has an index and no name.
func (l *layouts) numbered(lay *layout, index uint16) (int, error) {
	if at, ok := lay.numbers[index]; ok {
		return at, nil
	}
	at, err := l.field(lay, indexName(int(index)))
	if err != nil {
		return 0, err
	}
	if lay.numbers == nil {
		lay.numbers = map[uint16]int{}
	}
	lay.numbers[index] = at
	return at, nil
}

// indexName names a field or a writer of which no more than a number is known.
func indexName(i int) string { return strconv.Itoa(i) }
