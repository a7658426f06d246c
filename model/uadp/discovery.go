package uadp

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// AnnouncementType tells what a publisher announces (Part 14, 7.2.4.6.3, Table 168).
type AnnouncementType uint8

// The types of announcements.
const (
	AnnouncePublisherEndpoints         AnnouncementType = 1
	AnnounceDataSetMetaData            AnnouncementType = 2
	AnnounceDataSetWriterConfiguration AnnouncementType = 3
	AnnouncePubSubConnection           AnnouncementType = 4
	AnnounceApplicationInformation     AnnouncementType = 5
	AnnounceActionResponder            AnnouncementType = 6
	AnnounceActionMetaData             AnnouncementType = 7
)

var announcementNames = [...]string{
	"reserved", "PublisherEndpoints", "DataSetMetaData", "DataSetWriterConfiguration", "PubSubConnection", "ApplicationInformation",
	"ActionResponder", "ActionMetaData",
}

// String returns "DataSetMetaData" for example.
func (t AnnouncementType) String() string {
	if int(t) < len(announcementNames) {
		return announcementNames[t]
	}
	return "AnnouncementType(" + strconv.Itoa(int(t)) + ")"
}

// Announcement is what a publisher tells of itself, in a message of its own (Part 14, 7.2.4.6.3).
type Announcement struct {
	Type AnnouncementType
	// SequenceNumber counts the announcements of the publisher.
	SequenceNumber uint16
	// WriterID, MetaData and Status are those of a DataSetMetaData (Part 14, 7.2.4.6.4). Status tells whether the publisher has metadata of
	// the writer.
	WriterID uint16
	MetaData *model.DataSetMetaDataType
	Status   model.StatusCode
}

// Announcement reads the announcement of a frame of KindAnnouncement. It has memory of its own. The error is an *Error. An
// announcement of another type than DataSetMetaData is an ErrUnsupportedAnnouncement that names the type; Type and
// SequenceNumber are then set all the same.
func (d *Decoder) Announcement() (Announcement, error) {
	r := &d.r
	if r.err == nil && d.kind != KindAnnouncement {
		r.failf(ErrType, "a frame with %v; want an announcement", d.kind)
	}
	if r.err != nil {
		return Announcement{}, d.Err()
	}
	r.buf, r.off = bytes.Clone(d.frame), d.end
	a := Announcement{Type: AnnouncementType(r.uint8()), SequenceNumber: r.uint16()}
	switch {
	case r.err != nil:
	case a.Type == 0 || int(a.Type) >= len(announcementNames):
		r.failf(ErrReserved, "%v", a.Type)
	case a.Type != AnnounceDataSetMetaData:
		r.fail(fmt.Errorf("%v: %w", a.Type, ErrUnsupportedAnnouncement))
	default:
		a.WriterID = r.uint16()
		a.MetaData = r.metaData()
		a.Status = model.StatusCode(r.uint32())
		if r.left() > 0 {
			r.failf(ErrMalformed, "%d bytes behind the announcement", r.left())
		}
	}
	if r.err != nil {
		return Announcement{Type: a.Type, SequenceNumber: a.SequenceNumber}, d.Err()
	}
	return a, nil
}

// DecodeAnnouncement begins an announcement that was reassembled from chunks, for Announcement. h is that of DecodeDataSet.
func (d *Decoder) DecodeAnnouncement(h *Header, body []byte) {
	d.resetWith(h, body)
	d.kind = KindAnnouncement
}

// AppendAnnouncement appends an announcement of DataSetMetaData as a NetworkMessage to dst and returns the result. Of h, the publisher's id
// is used (Part 14, 7.2.4.6.3). On an error, an *Error, dst is returned as it was.
func AppendAnnouncement(dst []byte, h *Header, a *Announcement) ([]byte, error) {
	e := encoder{buf: dst, ext2: ext2DiscoveryAnnouncement, emptySecurity: true}
	e.discoveryHeader(h)
	body, err := AppendAnnouncementBody(e.buf, a)
	if err != nil {
		return dst, err
	}
	return body, nil
}

// AppendAnnouncementBody appends an announcement of DataSetMetaData without the NetworkMessage's headers, for AppendChunks.
func AppendAnnouncementBody(dst []byte, a *Announcement) ([]byte, error) {
	if a.Type != AnnounceDataSetMetaData || a.MetaData == nil {
		return dst, frameErrorf(ErrType, "announcement of %v; want DataSetMetaData with MetaData", a.Type)
	}
	e := encoder{buf: dst}
	e.uint8(uint8(a.Type))
	e.uint16(a.SequenceNumber)
	e.uint16(a.WriterID)
	e.metaData(a.MetaData)
	e.uint32(uint32(a.Status))
	if e.err != nil {
		return dst, &Error{-1, -1, -1, e.err}
	}
	return e.buf, nil
}

// discoveryHeader appends the headers of a discovery message, which have nothing but the publisher's id and a security header.
func (e *encoder) discoveryHeader(h *Header) {
	e.publisherHeader(&Header{Content: ContentPublisherID, PublisherID: h.PublisherID})
	e.securityHeader()
}

// ProbeType tells what a subscriber probes for (Part 14, 7.2.4.6.12.3, Table 178).
type ProbeType uint8

// The types of probes.
const (
	ProbePublisherInformation ProbeType = 1
	ProbeFindApplications     ProbeType = 2
)

// InformationType tells what information of a publisher is probed for (Part 14, 7.2.4.6.12.4, Table 179).
type InformationType uint8

// The types of information.
const (
	InformPublisherEndpoints         InformationType = 1
	InformDataSetMetaData            InformationType = 2
	InformDataSetWriterConfiguration InformationType = 3
	InformWriterGroupConfiguration   InformationType = 4
	InformPubSubConnections          InformationType = 5
)

// Probe asks publishers for announcements (Part 14, 7.2.4.6.12).
type Probe struct {
	Type ProbeType
	// Information is what is asked for; 0 in a FindApplications probe.
	Information InformationType
	// WriterIDs are the writers of whose metadata or configuration is asked for. It has memory of its own.
	WriterIDs []uint16
}

// hasWriterIDs tells whether ids of writers follow (Part 14, Table 180).
func (p *Probe) hasWriterIDs() bool {
	return p.Information == InformDataSetMetaData || p.Information == InformDataSetWriterConfiguration
}

// Probe reads the probe of a frame of KindProbe. The publisher that is probed is that of the Header. The error is an *Error; a probe for
// WriterGroups or PubSubConnections is an ErrUnsupportedProbe.
func (d *Decoder) Probe() (Probe, error) {
	r := &d.r
	if r.err == nil && d.kind != KindProbe {
		r.failf(ErrType, "a frame with %v; want a probe", d.kind)
	}
	r.off = d.end
	p := Probe{Type: ProbeType(r.uint8())}
	switch {
	case r.err != nil || p.Type == ProbeFindApplications:
	case p.Type != ProbePublisherInformation:
		r.failf(ErrReserved, "probe of type %d", p.Type)
	default:
		p.Information = InformationType(r.uint8())
		d.information(&p)
	}
	if r.left() > 0 {
		r.failf(ErrMalformed, "%d bytes behind the probe", r.left())
	}
	if r.err != nil {
		return Probe{Type: p.Type, Information: p.Information}, d.Err()
	}
	return p, nil
}

func (d *Decoder) information(p *Probe) {
	r := &d.r
	switch {
	case r.err != nil || p.Information == InformPublisherEndpoints:
	case p.Information == InformWriterGroupConfiguration, p.Information == InformPubSubConnections:
		r.fail(ErrUnsupportedProbe)
	case !p.hasWriterIDs():
		r.failf(ErrReserved, "probe for information of type %d", p.Information)
	default:
		n := r.count(2)
		for range max(n, 0) {
			p.WriterIDs = append(p.WriterIDs, r.uint16())
		}
	}
}

// AppendProbe appends a probe as a NetworkMessage to dst and returns the result. Of h, the id of the publisher that is probed is used. On an
// error, an *Error, dst is returned as it was.
func AppendProbe(dst []byte, h *Header, p *Probe) ([]byte, error) {
	supported := p.Type == ProbeFindApplications && p.Information == 0 && len(p.WriterIDs) == 0 ||
		p.Type == ProbePublisherInformation && (p.hasWriterIDs() || p.Information == InformPublisherEndpoints && len(p.WriterIDs) == 0)
	switch {
	case !supported:
		return dst, frameErrorf(ErrType, "probe of type %d for information of type %d and %d writers", p.Type, p.Information, len(p.WriterIDs))
	case len(p.WriterIDs) > math.MaxUint16+1:
		return dst, frameErrorf(ErrLimit, "probe for %d writers", len(p.WriterIDs))
	}
	e := encoder{buf: dst, ext2: ext2DiscoveryProbe, emptySecurity: true}
	e.discoveryHeader(h)
	e.uint8(uint8(p.Type))
	if p.Type == ProbePublisherInformation {
		e.uint8(uint8(p.Information))
	}
	if p.hasWriterIDs() {
		e.length(len(p.WriterIDs))
		for _, id := range p.WriterIDs {
			e.uint16(id)
		}
	}
	return e.buf, nil
}
