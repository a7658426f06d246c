package opcua

import (
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	idServerObject            = 2253
	idBaseModelChangeEvent    = 2132
	idGeneralModelChangeEvent = 2133
	idModelChangeStructure    = 879 // its binary encoding
	// modelWatchInterval is the publishing interval of the subscription to changes of the model.
	modelWatchInterval = time.Second
	// maxModelChanges bounds the changes that are taken of one event; what is left out is found by browsing.
	maxModelChanges = 10_000
)

// modelWatch hears of changes of the server's address space (Part 5, 6.4.31 to 6.4.33) while there are writers whose fields depend on it, or that
// publish such changes. A server that cannot tell of changes is looked at from time to time only.
type modelWatch struct {
	source *Source
	item   *item // nil while nobody wants to know; under writers.mu
	once   sync.Once
}

// modelChange is a ModelChangeStructureDataType (Part 5, 12.16).
type modelChange struct {
	affected, affectedType model.ExpandedNodeID
	verb                   uint8
}

// The bits of the verb of a change.
const (
	verbNodeAdded uint8 = 1 << iota
	verbNodeDeleted
	verbReferenceAdded
	verbReferenceDeleted
	verbDataTypeChanged
)

// modelFilter lets events through that say that the model changed.
func modelFilter() *eventFilter {
	f := &eventFilter{
		selects: []attributeOperand{
			systemOperand("EventType", baseEventType), systemOperand("Changes", model.Expanded(model.NumericID(0, idGeneralModelChangeEvent))),
		},
		where: typeElements(model.Expanded(model.NumericID(0, idBaseModelChangeEvent)), 0), shift: 1,
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

// want begins or ends to listen. It is called under writers.mu.
func (m *modelWatch) want(on bool) {
	p, key := m.source.publishing, subscriptionKey{interval: modelWatchInterval, live: true}
	switch {
	case on && m.item == nil:
		it := monitored{model.Expanded(model.NumericID(0, idServerObject)), itemSpec{events: modelFilter()}}
		m.item = p.add([]wanted{{key: key, item: it, sink: m, notifier: &notifier{}}})[0]
	case !on && m.item != nil:
		p.remove(key, []*item{m.item})
		m.item = nil
	}
}

// take takes one event.
func (m *modelWatch) take(event []model.Variant) (refresh bool) {
	var changes []modelChange
	if v := event[1]; v.Type() == model.TypeExtensionObject && v.IsArray() {
		changes = modelChanges(model.Elements[model.ExtensionObject](v), *m.source.publishing.namespaces.Load())
	}
	m.source.writers.modelChanged()
	m.source.feeds.changed(changes)
	return false
}

// put is for values, of which there are none.
func (m *modelWatch) put(*model.DataValue) {}

// refused is no fault of the configuration: many servers cannot.
func (m *modelWatch) refused(_ model.StatusCode, message string) {
	m.once.Do(func() {
		m.source.log.Info().Str("reason", message).Msg("opc ua server does not tell of changes of its address space; it is browsed again from time to time")
	})
}

func (m *modelWatch) accepted() {}

// modelChanges decodes the changes of an event; what is none is left out.
func modelChanges(list []model.ExtensionObject, namespaces model.NamespaceTable) []modelChange {
	var r uadp.Binary
	var changes []modelChange
	for i := range list {
		x := &list[i]
		if x.TypeID.NodeID != model.NumericID(0, idModelChangeStructure) || x.TypeID.NamespaceURI != "" || len(changes) == maxModelChanges {
			continue
		}
		r.Reset(x.Body, nil)
		c := modelChange{affected: namespaces.Expand(r.NodeID().Clone()), affectedType: namespaces.Expand(r.NodeID().Clone()), verb: r.Uint8()}
		if r.Err() == nil {
			changes = append(changes, c)
		}
	}
	return changes
}
