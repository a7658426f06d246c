package inlet

import (
	"bytes"
	"errors"
	"strconv"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// announcementLimits bound the announcements of which chunks are missing. Data in chunks goes to the stream as it is.
var announcementLimits = uadp.ReassemblerLimits{MaxWhole: 4 << 20, MaxMemory: 16 << 20, MaxOpen: 64}

// readUADP reads the header of a UADP message, and what it announces.
func (in *Inlet) readUADP(h *header, m *Message) error {
	d := in.uadpDecoders.Get().(*uadp.Decoder)
	defer func() {
		d.Reset() // lets go of the message
		in.uadpDecoders.Put(d)
	}()
	kind, err := d.DecodeAny(m.Payload)
	if kind == uadp.KindAnnouncement && err != nil {
		if plain, ok := withoutSecurityFlag(m.Payload); ok {
			kind, err = d.DecodeAny(plain)
		}
	}
	// Who decodes frames may know how to read what is not supported here.
	if err != nil && !errors.Is(err, uadp.ErrUnsupported) || errors.Is(err, uadp.ErrUnsupportedVersion) {
		return err
	}
	head := d.Header()
	if head.Content.Has(uadp.ContentPublisherID) {
		h.publisherID = head.PublisherID.Clone().String()
	}
	if head.Content.Has(uadp.ContentGroupHeader | uadp.ContentWriterGroupID) {
		h.group = strconv.Itoa(int(head.WriterGroupID))
	}
	switch {
	case kind == uadp.KindProbe || kind == uadp.KindAnnouncement && err != nil:
		h.kind = KindOther
		return nil
	case kind == uadp.KindAnnouncement:
		return h.announce(d)
	case kind == uadp.KindChunk && err == nil:
		return in.announcements.chunk(h, d, m)
	}
	h.kind = KindData
	return nil
}

// announce reads an announcement; one of something else than metadata is not to be stored.
func (h *header) announce(d *uadp.Decoder) error {
	h.kind = KindOther
	a, err := d.Announcement()
	if errors.Is(err, uadp.ErrUnsupportedAnnouncement) {
		return nil
	}
	if err != nil {
		return err
	}
	if a.Status.IsBad() {
		return nil // the publisher has no metadata of the writer
	}
	h.kind = KindMetaData
	h.announced = []writerMetaData{{DataSetMetaDataType: *a.MetaData, id: strconv.Itoa(int(a.WriterID))}}
	return nil
}

// announcements puts announcements together that come in chunks.
type announcements struct {
	mu    sync.Mutex
	parts *uadp.Reassembler
}

// chunk takes a chunk. One of data is data; one of an announcement is kept until all are there.
func (a *announcements) chunk(h *header, d *uadp.Decoder, m *Message) error {
	c, err := d.Chunk()
	if err != nil {
		return err
	}
	if c.Of != uadp.KindAnnouncement {
		h.kind = KindData
		return nil
	}
	head := *d.Header()
	a.mu.Lock()
	whole, err := a.parts.Add(uadp.KeyOf(m.Way+":"+m.Source, &head, &c), &c, 0)
	a.mu.Unlock()
	if h.kind = KindOther; err != nil || whole == nil {
		return err
	}
	d.DecodeAnnouncement(nil, whole)
	return h.announce(d)
}

// withoutSecurityFlag returns a discovery message without the flag of a security header (Part 14, 7.2.4.6.3). The flag shall be set; the
// .NET stack of the OPC Foundation sets it and sends no header. So a message that does not read with a header is tried without.
func withoutSecurityFlag(frame []byte) ([]byte, bool) {
	const extended1, security = 0x80, 0x10
	if len(frame) < 2 || frame[0]&extended1 == 0 || frame[1]&security == 0 {
		return nil, false
	}
	frame = bytes.Clone(frame)
	frame[1] &^= security
	return frame, true
}
