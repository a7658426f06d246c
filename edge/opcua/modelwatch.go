package opcua

import (
	"slices"
	"sync"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	idServerObject            = 2253
	idBaseModelChangeEvent    = 2132
	idGeneralModelChangeEvent = 2133
	idModelChangeStructure    = 879 // its binary encoding
	idSemanticChangeEvent     = 2738
	idSemanticChangeStructure = 899 // its binary encoding
	// modelWatchInterval is the publishing interval of the subscription to changes of the model.
	modelWatchInterval = time.Second
	// maxModelChanges bounds the changes that are taken of one event; what is left out is found by browsing.
	maxModelChanges = 10_000
)

// modelWatch hears of changes of the server's address space (Part 5, 6.4.31 to 6.4.33) while there are writers whose fields depend on it, or that
// publish such changes, or somebody who monitors them. A server that cannot tell of changes is looked at from time to time only.
type modelWatch struct {
	source *Source
	once   sync.Once

	mu                sync.Mutex
	writers, monitors bool  // who wants to know
	item              *item // nil while nobody does
	told, known       bool  // whether the server tells of changes, once that is known
}

// modelChange is a ModelChangeStructureDataType (Part 5, 12.16).
type modelChange struct {
	affected, affectedType model.ExpandedNodeID
	verb                   uint8
	semantic               bool // it is a SemanticChangeStructureDataType (Part 5, 12.17), which has no verb
}

func (c *modelChange) model() model.ModelChange {
	r := model.ModelChange{Affected: c.affected, AffectedType: c.affectedType, Verb: model.ModelChangeVerb(c.verb)}
	if c.semantic {
		r.Verb = model.ModelSemanticChanged
	}
	return r
}

// The bits of the verb of a change.
const (
	verbNodeAdded uint8 = 1 << iota
	verbNodeDeleted
	verbReferenceAdded
	verbReferenceDeleted
	verbDataTypeChanged
)

// modelFilter lets events through that say that the model, or the meaning of values, changed.
func modelFilter() *eventFilter {
	structural, semantic := model.Expanded(model.NumericID(0, idBaseModelChangeEvent)), model.Expanded(model.NumericID(0, idSemanticChangeEvent))
	first, second := uint32(1), uint32(2)
	f := &eventFilter{
		selects: []attributeOperand{
			systemOperand("EventType", baseEventType), systemOperand("Changes", model.Expanded(model.NumericID(0, idGeneralModelChangeEvent))),
			systemOperand("Changes", semantic),
		},
		where: []filterElement{
			{ua.FilterOperatorOr, []filterOperand{{element: &first}, {element: &second}}}, typeElements(structural, 0)[0], typeElements(semantic, 0)[0],
		},
	}
	f.settle()
	return f
}

// dependsOnModel tells whether a writer wants to know of changes of the model.
func dependsOnModel(w *model.DataSetWriter) bool {
	if e := w.Events; e != nil {
		return e.BrowsePath != "" || e.ModelChange != nil
	}
	return len(w.Selections) > 0 || slices.ContainsFunc(w.Fields, func(f model.PublishedField) bool { return f.BrowsePath != "" })
}

// wantWriters and wantMonitors begin or end to listen for somebody.
func (m *modelWatch) wantWriters(on bool)  { m.want(&m.writers, on) }
func (m *modelWatch) wantMonitors(on bool) { m.want(&m.monitors, on) }

func (m *modelWatch) want(who *bool, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*who = on
	on = m.writers || m.monitors
	p, key := m.source.publishing, subscriptionKey{interval: modelWatchInterval, live: true}
	switch {
	case on && m.item == nil:
		it := monitored{model.Expanded(model.NumericID(0, idServerObject)), itemSpec{events: modelFilter()}}
		m.item = p.add([]wanted{{key: key, item: it, sink: m, notifier: &notifier{}}})[0]
	case !on && m.item != nil:
		p.remove(key, []*item{m.item})
		m.item, m.told, m.known = nil, false, false
	}
}

// tells says whether the server tells of changes, once that is known.
func (m *modelWatch) tells() (told, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told, m.known
}

func (m *modelWatch) settled(told bool) {
	m.mu.Lock()
	m.told, m.known = told, m.item != nil
	m.mu.Unlock()
	m.source.monitors.telling()
}

// take takes one event.
func (m *modelWatch) take(event []model.Variant) (refresh bool) {
	var changes []modelChange
	for _, v := range event[1:] {
		// Some servers look at the names of the two select clauses alone, and send the same for both.
		if len(changes) == 0 && v.Type() == model.TypeExtensionObject && v.IsArray() {
			changes = modelChanges(model.Elements[model.ExtensionObject](v), *m.source.publishing.namespaces.Load())
		}
	}
	m.source.monitors.changed(changes)
	structural := slices.DeleteFunc(changes, func(c modelChange) bool { return c.semantic })
	if len(structural) > 0 || !isEventType(event[0], idSemanticChangeEvent) {
		m.source.writers.modelChanged()
		m.source.feeds.changed(structural)
	}
	return false
}

// put is for values, of which there are none.
func (m *modelWatch) put(*model.DataValue) {}

// refused is no fault of the configuration: many servers cannot.
func (m *modelWatch) refused(_ model.StatusCode, message string) {
	m.once.Do(func() {
		m.source.log.Info().Str("reason", message).Msg("opc ua server does not tell of changes of its address space; it is browsed again from time to time")
	})
	m.settled(false)
}

// begins has accepted called in any case.
func (m *modelWatch) begins() bool { return true }

// accepted tells the monitors that changes come.
func (m *modelWatch) accepted() { m.settled(true) }

// modelChanges decodes the changes of an event; what is none is left out.
func modelChanges(list []model.ExtensionObject, namespaces model.NamespaceTable) []modelChange {
	var r uadp.Binary
	var changes []modelChange
	for i := range list {
		x := &list[i]
		semantic := x.TypeID.NodeID == model.NumericID(0, idSemanticChangeStructure)
		if !semantic && x.TypeID.NodeID != model.NumericID(0, idModelChangeStructure) || x.TypeID.NamespaceURI != "" || len(changes) == maxModelChanges {
			continue
		}
		r.Reset(x.Body, nil)
		c := modelChange{affected: namespaces.Expand(r.NodeID().Clone()), affectedType: namespaces.Expand(r.NodeID().Clone()), semantic: semantic}
		if !semantic {
			c.verb = r.Uint8()
		}
		if r.Err() == nil {
			changes = append(changes, c)
		}
	}
	return changes
}
