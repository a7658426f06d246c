package udp

import (
	"errors"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// look notes the writers of a datagram.
func (p *prober) look(d *uadp.Decoder, frame []byte) {
	defer d.Reset() // lets go of the datagram
	err := d.Decode(frame)
	h := d.Header()
	if !h.Content.Has(uadp.ContentPublisherID) {
		return
	}
	if err != nil {
		if id, ok := announced(frame, err); ok {
			p.known(writerID{h.PublisherID, id})
		}
		return
	}
	now := time.Now()
	for d.Next() {
		if id := d.DataSet().WriterID; id != 0 {
			p.seen(writerID{h.PublisherID, id}, now)
		}
	}
}

// announced returns the writer whose metadata a frame announces.
func announced(frame []byte, err error) (uint16, bool) {
	if !errors.Is(err, uadp.ErrUnsupportedDiscovery) {
		return 0, false
	}
	return 0, false
}
