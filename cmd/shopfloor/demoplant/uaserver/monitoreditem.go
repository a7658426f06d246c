package uaserver

import (
	"math"
	"reflect"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// monitoredItem samples one attribute and queues its changes (Part 4, 5.13.1). The session's mutex guards it.
type monitoredItem struct {
	id           uint32
	clientHandle uint32
	node         *Node
	attribute    ua.AttributeID
	span         *indexRange
	timestamps   ua.TimestampsToReturn
	mode         ua.MonitoringMode

	sampling      time.Duration
	next          time.Time // of the next sample
	queueSize     int
	discardOldest bool
	trigger       ua.DataChangeTrigger
	deadband      float64 // absolute; 0 reports every change

	last  *ua.DataValue
	queue []*ua.DataValue

	// An item of events has what it selects, a where clause or nil, and a queue of its own; it is never sampled.
	selects []*ua.SimpleAttributeOperand
	where   *whereClause
	events  []*ua.EventFieldList
	// filterResult is what is wrong with the filter that was requested last, nil for nothing.
	filterResult *ua.ExtensionObject
}

// overflow is the InfoType DataValue with the Overflow bit (Part 4, 7.39.1).
const overflow = ua.StatusCode(0x00000480)

// sample reads the attribute and queues the value when the filter lets it pass.
func (m *monitoredItem) sample(now time.Time) {
	m.next = m.next.Add(m.sampling)
	if m.next.Before(now) {
		m.next = now.Add(m.sampling)
	}
	if m.mode == ua.MonitoringModeDisabled {
		return
	}
	dv := m.span.cut(m.node.attribute(m.attribute))
	if m.last != nil && !m.changed(dv) {
		return
	}
	m.last = dv
	m.enqueue(stamped(dv, m.attribute, m.timestamps, now))
}

// enqueue adds a value; a full queue of more than one loses a value and marks its neighbour (Part 4, 5.13.1.5).
func (m *monitoredItem) enqueue(dv *ua.DataValue) {
	switch {
	case len(m.queue) < m.queueSize:
		m.queue = append(m.queue, dv)
	case m.queueSize == 1:
		m.queue[0] = dv
	case m.discardOldest:
		copy(m.queue, m.queue[1:])
		m.queue[len(m.queue)-1] = dv
		m.mark(0)
	default:
		m.queue[len(m.queue)-1] = dv
		m.mark(len(m.queue) - 1)
	}
}

func (m *monitoredItem) mark(i int) {
	m.queue[i].Status |= overflow
	m.queue[i].EncodingMask |= ua.DataValueStatusCode
}

// changed applies the DataChangeFilter (Part 4, 7.22.2).
func (m *monitoredItem) changed(dv *ua.DataValue) bool {
	switch {
	case dv == m.last:
		return false
	case dv.Status != m.last.Status:
		return true
	case m.trigger == ua.DataChangeTriggerStatus:
		return false
	case m.trigger == ua.DataChangeTriggerStatusValueTimestamp && !dv.SourceTimestamp.Equal(m.last.SourceTimestamp):
		return true
	case dv.Value == nil || m.last.Value == nil:
		return dv.Value != m.last.Value
	}
	if m.deadband > 0 {
		return exceeds(dv.Value.Value(), m.last.Value.Value(), m.deadband)
	}
	return !reflect.DeepEqual(dv.Value.Value(), m.last.Value.Value())
}

// exceeds reports whether any element moved by more than the deadband; other values and lengths count as changed.
func exceeds(a, b any, deadband float64) bool {
	x, y := numbers(a), numbers(b)
	if x == nil || len(x) != len(y) {
		return true
	}
	for i := range x {
		if math.Abs(x[i]-y[i]) > deadband {
			return true
		}
	}
	return false
}

// numbers returns a number or array of numbers as float64, nil when v is none.
func numbers(v any) []float64 {
	r := reflect.ValueOf(v)
	if r.IsValid() && r.Kind() == reflect.Slice {
		out := make([]float64, 0, r.Len())
		for i := range r.Len() {
			one := numbers(r.Index(i).Interface())
			if len(one) != 1 {
				return nil
			}
			out = append(out, one[0])
		}
		return out
	}
	switch {
	case !r.IsValid():
		return nil
	case r.CanInt():
		return []float64{float64(r.Int())}
	case r.CanUint():
		return []float64{float64(r.Uint())}
	case r.CanFloat():
		return []float64{r.Float()}
	}
	return nil
}

// newItem checks a MonitoredItemCreateRequest (Part 4, 5.13.2).
func (s *Server) newItem(req *ua.MonitoredItemCreateRequest, timestamps ua.TimestampsToReturn, publishing time.Duration) (*monitoredItem, ua.StatusCode) {
	node, span, status := s.resolve(req.ItemToMonitor)
	if status != ua.StatusOK {
		return nil, status
	}
	attr := req.ItemToMonitor.AttributeID
	if node.attribute(attr).Status == ua.StatusBadAttributeIDInvalid {
		return nil, ua.StatusBadAttributeIDInvalid
	}
	if req.MonitoringMode > ua.MonitoringModeReporting {
		return nil, ua.StatusBadMonitoringModeInvalid
	}
	m := &monitoredItem{id: s.itemIDs.Add(1), node: node, attribute: attr, span: span, timestamps: timestamps, mode: req.MonitoringMode}
	if attr == ua.AttributeIDEventNotifier {
		return m, s.newEventItem(m, req.RequestedParameters)
	}
	return m, s.configure(m, req.RequestedParameters, publishing)
}

// configure applies requested parameters, revised to what the server can do.
func (s *Server) configure(m *monitoredItem, p *ua.MonitoringParameters, publishing time.Duration) ua.StatusCode {
	if m.selects != nil {
		return s.configureEvents(m, p)
	}
	trigger, deadband, status := s.filter(m, p.Filter)
	if status != ua.StatusOK {
		return status
	}
	floor := minSampling
	if m.node.Variable != nil && m.attribute == ua.AttributeIDValue {
		floor = max(floor, m.node.Variable.MinimumSamplingInterval)
	}
	sampling := time.Duration(min(p.SamplingInterval, 1e9) * float64(time.Millisecond))
	if sampling < 0 || math.IsNaN(p.SamplingInterval) {
		sampling = publishing
	}
	m.trigger, m.deadband = trigger, deadband
	m.clientHandle, m.discardOldest = p.ClientHandle, p.DiscardOldest
	m.sampling = max(floor, sampling)
	m.queueSize = int(min(max(1, p.QueueSize), maxQueue))
	m.next = time.Time{}
	if len(m.queue) > m.queueSize {
		m.queue = m.queue[len(m.queue)-m.queueSize:]
	}
	return ua.StatusOK
}

func (s *Server) filter(m *monitoredItem, ext *ua.ExtensionObject) (ua.DataChangeTrigger, float64, ua.StatusCode) {
	if ext == nil || ext.EncodingMask == ua.ExtensionObjectEmpty {
		return ua.DataChangeTriggerStatusValue, 0, ua.StatusOK
	}
	f, ok := ext.Value.(*ua.DataChangeFilter)
	if !ok {
		return 0, 0, ua.StatusBadMonitoredItemFilterUnsupported
	}
	if m.attribute != ua.AttributeIDValue {
		return 0, 0, ua.StatusBadFilterNotAllowed
	}
	switch ua.DeadbandType(f.DeadbandType) {
	case ua.DeadbandTypeNone:
		return f.Trigger, 0, ua.StatusOK
	case ua.DeadbandTypeAbsolute:
		if f.DeadbandValue < 0 {
			return 0, 0, ua.StatusBadDeadbandFilterInvalid
		}
		return f.Trigger, f.DeadbandValue, ua.StatusOK
	case ua.DeadbandTypePercent:
		span, ok := s.euRange(m.node)
		if !ok || f.DeadbandValue < 0 || f.DeadbandValue > 100 {
			return 0, 0, ua.StatusBadMonitoredItemFilterUnsupported
		}
		return f.Trigger, f.DeadbandValue / 100 * span, ua.StatusOK
	}
	return 0, 0, ua.StatusBadDeadbandFilterInvalid
}

// euRange returns the width of a variable's EURange property (Part 8, 5.3.2.3).
func (s *Server) euRange(n *Node) (float64, bool) {
	p := n.child(s.space.Standard(id.HasProperty), "EURange")
	if p == nil || p.Variable.Read == nil {
		return 0, false
	}
	ext := p.Variable.Read().Value.ExtensionObject()
	if ext == nil {
		return 0, false
	}
	r, ok := ext.Value.(*ua.Range)
	if !ok {
		return 0, false
	}
	return r.High - r.Low, true
}
