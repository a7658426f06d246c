package inlet

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxName is the longest name in bytes that the bus takes.
const maxName = 200

// Why a message cannot be taken.
var (
	errPublisher  = errors.New("no publisher id: neither the topic nor the message tells one")
	errEncoding   = errors.New("neither JSON nor UADP")
	errName       = errors.New("bad name")
	errPublishers = errors.New("too many publishers")
	errNoMetaData = errors.New("a metadata message without metadata")
	errTooLarge   = errors.New("message is too large")
)

// key names the owner of a message.
func (m *Message) key(h *header) (model.WriterKey, error) {
	id := first(m.PublisherID, h.publisherID)
	if id == "" {
		return model.WriterKey{}, errPublisher
	}
	key := model.WriterKey{Gateway: m.Way + ":" + id, Group: first(m.Group, h.group), Writer: m.Writer}
	for _, n := range [...]struct{ what, name string }{
		{"publisher id", key.Gateway}, {"writer group", key.Group}, {"data set writer", key.Writer},
	} {
		if err := checkName(n.what, n.name); err != nil {
			return model.WriterKey{}, err
		}
	}
	return key, nil
}

// checkName refuses what cannot be the name of a gateway, group or writer.
func checkName(what, name string) error {
	switch {
	case len(name) > maxName:
		return fmt.Errorf("%w: %s of %d bytes, at most %d are allowed: shorten %q…", errName, what, len(name), maxName, name[:32])
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: %s %q is no UTF-8", errName, what, name)
	}
	return nil
}

// publisherOf returns the PublisherId in the name of a foreign publisher.
func publisherOf(gateway string) string {
	_, id, _ := strings.Cut(gateway, ":")
	return id
}

// first returns the first name that is not empty.
func first(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}
