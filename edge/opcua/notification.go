package opcua

import (
	"fmt"
	"time"

	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/securechannel"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// minNotification is what one value takes at least: client handle and DataValue.
	minNotification = 5
	// minEvent is what one event takes at least: client handle and the number of its fields.
	minEvent = 8
	// minExtensionObject is a type of two bytes and no body.
	minExtensionObject = 3
)

// notification is a NotificationMessage of the server (Part 4, 7.26) as it came: its values go straight from its bytes into DataSets.
type notification struct {
	message      *securechannel.Message // whose memory data is; nil in tests
	subscription uint32
	sequence     uint32
	count        int    // of data's ExtensionObjects; 0 is a keep-alive
	data         []byte // NotificationData and what follows it
}

// release gives the memory back.
func (n *notification) release() {
	if n.message != nil {
		n.message.Release()
		n.message = nil
	}
}

// readPublish reads a PublishResponse behind its header (Part 4, 5.14.5). m belongs to the notification.
func readPublish(r *uadp.Binary, m *securechannel.Message) (*notification, error) {
	n := &notification{subscription: r.Uint32()}
	r.Take(4 * max(r.Count(4), 0)) // AvailableSequenceNumbers
	r.Bool()                       // MoreNotifications
	return n, n.read(r, m)
}

// readRepublish reads a RepublishResponse behind its header (Part 4, 5.14.6).
func readRepublish(r *uadp.Binary, m *securechannel.Message, subscription uint32) (*notification, error) {
	n := &notification{subscription: subscription}
	return n, n.read(r, m)
}

func (n *notification) read(r *uadp.Binary, m *securechannel.Message) error {
	n.sequence = r.Uint32()
	r.DateTime() // PublishTime
	n.count = max(r.Count(minExtensionObject), 0)
	n.message, n.data = m, r.Rest()
	if err := r.Err(); err != nil {
		n.release()
		return fmt.Errorf("decode notification message: %w: %w", err, model.StatusBadDecodingError)
	}
	return nil
}

// values counts the values and events of a message. One that does not decode counts with what it says before that.
func (n *notification) values() (values uint64) {
	var r, body uadp.Binary
	r.Reset(n.data, nil)
	for range n.count {
		switch x := r.ExtensionObject(); x.TypeID.NodeID {
		case typeDataChange:
			body.Nest(x.Body, &r)
			values += uint64(max(body.Count(minNotification), 0))
		case typeEventList:
			body.Nest(x.Body, &r)
			values += uint64(max(body.Count(minEvent), 0))
		}
	}
	return values
}

// The types of the responses that have notifications.
const (
	typePublishResponse   = id.PublishResponse_Encoding_DefaultBinary
	typeRepublishResponse = id.RepublishResponse_Encoding_DefaultBinary
	typeCallResponse      = id.CallResponse_Encoding_DefaultBinary
	typeReadResponse      = id.ReadResponse_Encoding_DefaultBinary
)

// The types of notifications (Part 4, 7.25).
var (
	typeDataChange   = model.NumericID(0, id.DataChangeNotification_Encoding_DefaultBinary)
	typeEventList    = model.NumericID(0, id.EventNotificationList_Encoding_DefaultBinary)
	typeStatusChange = model.NumericID(0, id.StatusChangeNotification_Encoding_DefaultBinary)
)

// decoder reads notifications. It belongs to the goroutine that delivers.
type decoder struct {
	message, body uadp.Binary
	value         model.DataValue
	event         []model.Variant
	// subscription and sequence are those of the message.
	subscription, sequence uint32
}

// handle delivers one message.
func (s *subscription) handle(n *notification) {
	s.deliver.Lock()
	defer s.deliver.Unlock()
	s.decoder.message.Reset(n.data, *s.p.namespaces.Load())
	s.decoder.subscription, s.decoder.sequence = n.subscription, n.sequence
	for range n.count {
		x := s.decoder.message.ExtensionObject()
		s.decoder.body.Nest(x.Body, &s.decoder.message)
		switch x.TypeID.NodeID {
		case typeDataChange:
			s.dataChange(&s.decoder.body)
		case typeEventList:
			s.eventList(&s.decoder.body)
		case typeStatusChange: // the server drops the subscription (Part 4, 7.25.4)
			status := s.decoder.body.StatusCode()
			if status == model.StatusGoodSubscriptionTransferred {
				// Servers tell the new session what the old one should hear, once for each time that it was taken over. When another has taken it, the
				// watchdog sees that nothing comes.
				continue
			}
			s.p.cfg.log.Warn().Stringer("status", status).Dur("interval", s.interval).Msg("subscription was closed by opc ua server")
			s.drop(model.GapSubscriptionLost, "the server closed the subscription: "+status.Name())
		}
	}
	if err := s.decoder.message.Err(); err != nil {
		s.undecodable(err, 1)
	}
	s.tellGaps()
	s.acknowledgeStored(n)
	n.release()
}

// dataChange delivers the values of one notification (Part 4, 7.25.2). It does not allocate per value.
func (s *subscription) dataChange(r *uadp.Binary) {
	n, now, v := max(r.Count(minNotification), 0), time.Now(), &s.decoder.value
	if r.Err() != nil {
		s.undecodable(r.Err(), 1)
	}
	tracing := !s.live && s.p.traces.at.Load() != nil
	if !s.live {
		s.p.figures.arrived(now, n)
	}
	for i := range n {
		handle := r.Uint32()
		r.DataValue(v)
		if r.Err() != nil {
			s.undecodable(r.Err(), n-i)
			return
		}
		if it := s.item(handle); it != nil && it.notifier == nil { // else it was removed meanwhile
			if v.Status.Overflow() {
				s.p.figures.overflows.Add(1)
				s.overflowed(it, v, now)
			}
			it.counts.arrived(now, v.Status)
			if !tracing || !s.putTraced(it, v, now) {
				it.put(v)
			}
			s.stores.add(it.sink)
		}
	}
}

// undecodable counts what the server sent in bytes that are no values.
func (s *subscription) undecodable(err error, n int) {
	s.p.figures.undecodable.Add(uint64(n))
	s.lose(model.Gap{Cause: model.GapUndecodable, Values: uint64(n), Detail: err.Error()})
	if !s.reported {
		s.reported = true
		s.p.cfg.log.Warn().Err(err).Dur("interval", s.interval).Int("values", n).Msg("opc ua server sends values that cannot be decoded; further ones are counted as lost")
	}
}
