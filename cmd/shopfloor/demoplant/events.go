package demoplant

import (
	"fmt"
	"time"

	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
)

// lineReport is what the last event told of the packaging line.
type lineReport struct {
	state lineState
	batch string
}

// report makes an event when the packaging line is in another state or at another batch than before, else nil. The plant's mutex is held.
func (p *Plant) report(t time.Time) *uaserver.Event {
	l, before := p.sim.line, p.reported
	p.reported = lineReport{l.state, l.current.BatchID}
	if p.reported == before {
		return nil
	}
	e := &uaserver.Event{Type: id.BaseEventType, Source: nodeID("PackagingLine1"), SourceName: "PackagingLine1", Time: t}
	switch l.state {
	case lineFault:
		e.Type, e.Severity, e.Message = id.DeviceFailureEventType, 800, fmt.Sprintf("Fault %d: the line stands", l.faultCode)
	case lineStarved:
		e.Severity, e.Message = 500, "The line waits for material"
	case lineIdle:
		e.Severity, e.Message = 100, fmt.Sprintf("Batch %s has ended: %d packs good, %d rejected", l.last.BatchID, l.last.Good, l.last.Rejected)
	case lineRunning:
		e.Severity, e.Message = 100, "The line runs again"
		if before.batch != l.current.BatchID {
			e.Message = fmt.Sprintf("Batch %s of %s has begun", l.current.BatchID, l.current.Recipe)
		}
	}
	return e
}
