package udp

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// A probe waits a random time for an announcement that comes by itself; without an answer it is repeated at twice the distance
	// each time (Part 14, 7.2.4.6.12).
	minProbeDelay = 100 * time.Millisecond
	maxProbeDelay = 500 * time.Millisecond
	firstRepeat   = time.Second
	lastRepeat    = 10 * time.Minute
	// maxProbed bounds the writers that are remembered; maxProbeWriters those in one probe.
	maxProbed       = 1 << 14
	maxProbeWriters = 256
)

// The bytes of discovery messages (Part 14, 7.2.4.4.2 and 7.2.4.6.12).
const (
	flagExtended1        = 0x80
	flagsProbe           = 0x01 | 0x10 | flagExtended1 // version 1, PublisherId, ExtendedFlags1
	flagSecurity         = 0x10                        // in ExtendedFlags1
	extended2            = 0x80                        // in ExtendedFlags1: ExtendedFlags2 follows
	typeMask             = 0x1C                        // in ExtendedFlags2
	typeProbe            = 0x04
	typeAnnouncement     = 0x08
	securityHeader       = 6 // bytes of one without a nonce
	probePublisherInfo   = 1
	informationMetaData  = 2
	announcementMetaData = 2
)

// appendProbe appends a probe for the metadata of some writers of a publisher. It has no security header: the standard wants one even
// where nothing is secured, but receivers differ in whether they read it, and all take a message whose flags say that there is none.
func appendProbe(dst []byte, publisher uadp.PublisherID, writers []uint16) []byte {
	dst = append(dst, flagsProbe, byte(publisher.Type())|extended2, typeProbe)
	switch publisher.Type() {
	case uadp.PublisherIDByte:
		dst = append(dst, byte(publisher.Number()))
	case uadp.PublisherIDUInt16:
		dst = binary.LittleEndian.AppendUint16(dst, uint16(publisher.Number()))
	case uadp.PublisherIDUInt32:
		dst = binary.LittleEndian.AppendUint32(dst, uint32(publisher.Number()))
	case uadp.PublisherIDUInt64:
		dst = binary.LittleEndian.AppendUint64(dst, publisher.Number())
	case uadp.PublisherIDString:
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(publisher.Text())))
		dst = append(dst, publisher.Text()...)
	}
	dst = append(dst, probePublisherInfo, informationMetaData)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(writers)))
	for _, id := range writers {
		dst = binary.LittleEndian.AppendUint16(dst, id)
	}
	return dst
}

// prober knows which writers were seen and whose metadata is not known yet. Its methods may be called from several goroutines.
type prober struct {
	mu      sync.Mutex
	writers map[writerID]*probe
	waiting int // of the writers
}

type writerID struct {
	publisher uadp.PublisherID
	writer    uint16
}

type probe struct {
	due   time.Time // zero when the metadata is known
	pause time.Duration
}

func newProber() *prober { return &prober{writers: map[writerID]*probe{}} }

// seen notes a data message of a writer. The id's memory may be the message's.
func (p *prober) seen(id writerID, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writers[id] != nil {
		return
	}
	if len(p.writers) >= maxProbed {
		clear(p.writers)
		p.waiting = 0
	}
	id.publisher = id.publisher.Clone()
	p.writers[id] = &probe{due: now.Add(minProbeDelay + rand.N(maxProbeDelay-minProbeDelay)), pause: firstRepeat}
	p.waiting++
}

// known notes that the metadata of a writer came.
func (p *prober) known(id writerID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.writers[id]
	if w == nil {
		if len(p.writers) >= maxProbed {
			return
		}
		id.publisher = id.publisher.Clone()
		p.writers[id] = &probe{}
		return
	}
	if !w.due.IsZero() {
		w.due = time.Time{}
		p.waiting--
	}
}

// due returns the writers to ask for now, by publisher.
func (p *prober) due(now time.Time) map[uadp.PublisherID][]uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == 0 {
		return nil
	}
	var out map[uadp.PublisherID][]uint16
	for id, w := range p.writers {
		if w.due.IsZero() || now.Before(w.due) || len(out[id.publisher]) >= maxProbeWriters {
			continue
		}
		if out == nil {
			out = map[uadp.PublisherID][]uint16{}
		}
		out[id.publisher] = append(out[id.publisher], id.writer)
		w.due = now.Add(w.pause)
		w.pause = min(2*w.pause, lastRepeat)
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}
