package opcua

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Memory keeps, over restarts of the gateway, what its Sources need to take their subscriptions over again. Its methods may be called from several
// goroutines, those for one server by one at a time.
type Memory interface {
	// Load returns what was saved last for a server, nil if there is nothing, and the time that was noted last.
	Load(server string) (body []byte, alive time.Time, err error)
	// Save replaces it. It returns when body will survive the end of the process.
	Save(server string, body []byte) error
	// Note notes that the values up to a time are stored. It is called every few seconds and need not survive a power failure.
	Note(server string, alive time.Time) error
	// Forget removes what there is of a server.
	Forget(server string) error
}

// record is what a Memory keeps of a Source: the subscriptions at its server and the items in them.
type record struct {
	Endpoint, User string
	Started        time.Time // StartTime of the server
	Subscriptions  []recordedSubscription
}

type recordedSubscription struct {
	ID               uint32
	Interval         time.Duration
	Priority         uint8
	Live             bool // somebody watched it: it is not wanted after a restart
	Part, Session    int
	Revised, Silence time.Duration
	Items            []recordedItem
	// Missing is the gap that its first values will end; ID is 0 when it was not made anew yet.
	Missing *model.Gap
}

// recordedItem is 48 bytes and not what was asked for, whose digest tells whether an item that is wanted is this one.
type recordedItem struct {
	Digest   digest
	Handle   uint32
	ID       uint32 // 0 of one that was not made yet: whether it was, the server tells
	Linked   uint32 // the id of the item that triggers it
	Local    bool   // the gateway applies the where clause
	Queue    uint32
	Sampling time.Duration
}

// digest identifies what an item asks for.
type digest [2]uint64

// digest hashes all that the item asks for.
func (m *monitored) digest() digest {
	h := fnv.New128a()
	text := func(s string) {
		_, _ = io.WriteString(h, s)
		_, _ = h.Write([]byte{0xff}) // cannot be in a string's UTF-8
	}
	text(m.node.String())
	text(m.indexRange)
	text(m.triggeredBy)
	text(string(m.on))
	text(string(m.deadband.Type))
	var b [8]byte
	number := func(n uint64) {
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		_, _ = h.Write(b[:])
	}
	discard := uint64(0)
	if m.discardNew {
		discard = 1
	}
	if m.events != nil {
		m.events.digest(text, number)
	}
	for _, n := range []uint64{uint64(m.attribute), uint64(m.sampling), uint64(m.queue), discard, math.Float64bits(m.deadband.Value)} {
		number(n)
	}
	var d digest
	for i, x := range h.Sum(nil) {
		d[i/8] = d[i/8]<<8 | uint64(x)
	}
	return d
}

// digest passes all that the filter asks for on.
func (f *eventFilter) digest(text func(string), number func(uint64)) {
	operand := func(o *attributeOperand) {
		text(o.name)
		text(o.String())
		text(o.indexRange)
	}
	number(uint64(len(f.selects)))
	for i := range f.selects {
		operand(&f.selects[i])
	}
	for _, e := range f.where {
		number(uint64(e.operator))
		number(uint64(len(e.operands)))
		for _, o := range e.operands {
			switch {
			case o.element != nil:
				number(uint64(*o.element))
			case o.attribute != nil:
				operand(o.attribute)
			default:
				text(o.literal.Type().String())
				text(o.literal.String())
			}
		}
	}
}

func (r *record) encode() ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(r)
	return b.Bytes(), err
}

func decodeRecord(body []byte) (*record, error) {
	r := &record{}
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(r); err != nil {
		return nil, fmt.Errorf("decode the subscriptions of earlier: %w", err)
	}
	return r, nil
}

const (
	// saveDelay is how long a record waits for more changes. It need not be short: items are in a record before they are made.
	saveDelay = 25 * time.Millisecond
	// saveShare is the share of time that making records may take.
	saveShare = 20
	// noteEvery is how often a Memory is told that the values so far are stored, but for those of the last storeTime.
	noteEvery = 5 * time.Second
	storeTime = 2 * time.Second
)

// load takes up what the memory has of the last life.
func (p *publishing) load() {
	body, alive, err := p.cfg.Memory.Load(p.cfg.Server)
	if err != nil || body == nil {
		if err != nil {
			p.cfg.log.Warn().Err(err).Msg("subscriptions of earlier are not known: they are made anew")
		}
		return
	}
	r, err := decodeRecord(body)
	switch {
	case err != nil:
		p.cfg.log.Warn().Err(err).Msg("subscriptions of earlier are not known: they are made anew")
	case r.Endpoint != p.cfg.Endpoint || r.User != p.cfg.User:
		p.cfg.log.Info().Msg("the server's address or user was changed: its subscriptions are made anew")
	default:
		p.inherit(r, alive)
	}
}

// changed says that the record is not that of now.
func (p *publishing) changed() {
	p.recording.version.Add(1)
	select {
	case p.recording.dirty <- struct{}{}:
	default:
	}
}

// recording is how far the record is.
type recording struct {
	dirty   chan struct{} // holds one token while the record may not be that of now
	version atomic.Uint64 // rises with each change

	mu    sync.Mutex
	saved uint64 // the version that the memory has
}

// ahead has a record of all that is wanted before it is made at the server: a gateway that is killed meanwhile finds what there is of it by the client
// handles, with the values in its queues. What cannot be recorded is made all the same; remember says so.
func (p *publishing) ahead() {
	if p.cfg.Memory != nil {
		_, _ = p.save()
	}
}

// remember keeps the record up to date until ctx ends.
func (p *publishing) remember(ctx context.Context) {
	note := time.NewTicker(noteEvery)
	defer note.Stop()
	failing := false
	for {
		var err error
		pause := time.Duration(0)
		select {
		case <-ctx.Done():
			return
		case <-note.C:
			err = p.noteAlive()
		case <-p.recording.dirty:
			sleep(ctx, saveDelay)
			if pause, err = p.save(); err != nil {
				p.changed()
				pause = max(pause, time.Second)
			}
			failing = failing && err != nil
		}
		if err != nil && !failing {
			p.cfg.log.Warn().Err(err).Msg("subscriptions are not recorded: after a restart they may be made anew")
		}
		failing = failing || err != nil
		sleep(ctx, pause)
	}
}

// save makes a record when something changed, and says how long not to make another.
func (p *publishing) save() (pause time.Duration, err error) {
	r := &p.recording
	r.mu.Lock()
	defer r.mu.Unlock()
	version := r.version.Load()
	if version == r.saved {
		return 0, nil
	}
	begin := time.Now()
	body, err := p.record().encode()
	pause = saveShare * time.Since(begin)
	if err == nil {
		err = p.cfg.Memory.Save(p.cfg.Server, body)
	}
	if err != nil {
		return pause, fmt.Errorf("record subscriptions: %w", err)
	}
	r.saved = version
	return pause, nil
}

// leave makes the last record of this life, or forgets a server that is not wanted any more.
func (p *publishing) leave(ctx context.Context) {
	if p.cfg.Memory == nil {
		return
	}
	var err error
	if errors.Is(context.Cause(ctx), edge.ErrRemoved) {
		err = p.cfg.Memory.Forget(p.cfg.Server)
	} else {
		_, err = p.save()
		err = errors.Join(err, p.noteAlive())
	}
	if err != nil {
		p.cfg.log.Warn().Err(err).Msg("subscriptions are not recorded: after a restart they may be made anew")
	}
}

// noteAlive notes until when values are stored.
func (p *publishing) noteAlive() error {
	var came int64
	for _, sub := range p.all() {
		if !sub.live {
			came = max(came, sub.came.Load())
		}
	}
	if came == 0 {
		return nil
	}
	return p.cfg.Memory.Note(p.cfg.Server, time.Unix(0, came).Add(-storeTime))
}

// record is what there is at the server now.
func (p *publishing) record() *record {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &record{Endpoint: p.cfg.Endpoint, User: p.cfg.User, Started: p.started}
	heirs := map[*subscription][]recordedItem{}
	if p.inheritance != nil {
		for k, list := range p.inheritance.heirs {
			for _, h := range list {
				h.Digest = k.digest
				heirs[h.sub] = append(heirs[h.sub], h.recordedItem)
			}
		}
		for _, id := range p.inheritance.discard {
			r.Subscriptions = append(r.Subscriptions, recordedSubscription{ID: id, Live: true})
		}
	}
	for _, sub := range p.subs {
		s := recordedSubscription{Interval: sub.interval, Priority: sub.priority, Live: sub.live, Part: sub.part, Session: sub.lane.index, Items: heirs[sub]}
		sub.mu.Lock()
		s.ID, s.Revised, s.Silence = sub.id, sub.revised, sub.silence
		if sub.missing != nil {
			gap := *sub.missing
			s.Missing = &gap
		}
		if !sub.live {
			for _, it := range sub.items {
				s.Items = append(s.Items, it.recorded())
			}
		}
		sub.mu.Unlock()
		if s.ID != 0 || s.Missing != nil {
			r.Subscriptions = append(r.Subscriptions, s)
		}
	}
	return r
}

// recorded is what a record has of an item. Under subscription.mu.
func (i *item) recorded() recordedItem {
	m := i.asked()
	r := recordedItem{Digest: m.digest(), Handle: i.handle, ID: i.id, Queue: i.counts.queue.Load(), Sampling: time.Duration(i.counts.sampling.Load())}
	if i.trigger != nil {
		r.Linked = i.trigger.linked
	}
	r.Local = i.localWhere() != nil
	return r
}
