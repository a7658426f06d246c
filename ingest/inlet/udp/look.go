package udp

import (
	"encoding/binary"
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
		if id, ok := announced(frame, h); ok {
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

// announced returns the writer whose metadata a frame announces (Part 14, 7.2.4.6.12). The flag of a security header says little: the
// standard wants it set in all announcements, and some publishers set it without sending the header. Where nothing is secured the
// header begins with a 0, which is no type of announcement.
func announced(frame []byte, h *uadp.Header) (uint16, bool) {
	if len(frame) < 3 || frame[0]&flagExtended1 == 0 || frame[1]&extended2 == 0 || frame[2]&typeMask != typeAnnouncement {
		return 0, false
	}
	at := 3
	switch h.PublisherID.Type() {
	case uadp.PublisherIDByte:
		at++
	case uadp.PublisherIDUInt16:
		at += 2
	case uadp.PublisherIDUInt32:
		at += 4
	case uadp.PublisherIDUInt64:
		at += 8
	case uadp.PublisherIDString:
		at += 4 + len(h.PublisherID.Text())
	}
	if frame[1]&flagSecurity != 0 && len(frame) > at && frame[at] == 0 {
		at += securityHeader
	}
	if len(frame) < at+5 || frame[at] != announcementMetaData {
		return 0, false
	}
	return binary.LittleEndian.Uint16(frame[at+3:]), true // behind the sequence number
}
