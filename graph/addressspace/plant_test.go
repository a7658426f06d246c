package addressspace

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// plant is a Host with servers of its own making.
type plant struct {
	mu        sync.Mutex
	servers   []string
	connected map[string]time.Time
	started   string // the version of all servers
	below     map[model.ExpandedNodeID][]model.Reference
	units     map[model.ExpandedNodeID]string
	// browsed counts how often each node was browsed, calls the requests.
	browsed map[model.ExpandedNodeID]int
	calls   int
	// refuse, when it is not nil, answers a batch with an error.
	refuse func(calls, nodes int) error
	// bad are the states of nodes that cannot be browsed.
	bad map[model.ExpandedNodeID]model.StatusCode
	// changes, when it is not nil, is what ModelChanges delivers.
	changes chan model.ModelChanges
	// takes is how long the server takes for a batch.
	takes time.Duration
}

const uri = "urn:plant"

func num(n uint32) model.ExpandedNodeID { return model.Expanded(model.NumericID(0, n)) }

func text(s string) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.StringID(0, s), NamespaceURI: uri}
}

var (
	organizes    = num(35)
	hasComponent = num(47)
)

func newPlant() *plant {
	p := &plant{
		servers: []string{"s1"}, connected: map[string]time.Time{"s1": time.Unix(1, 0)}, started: "1", below: map[model.ExpandedNodeID][]model.Reference{},
		units: map[model.ExpandedNodeID]string{}, browsed: map[model.ExpandedNodeID]int{}, bad: map[model.ExpandedNodeID]model.StatusCode{},
	}
	p.link(rootFolder, organizes, num(85), "Objects", model.NodeClassObject, num(61))
	p.link(rootFolder, organizes, num(86), "Types", model.NodeClassObject, num(61))
	p.link(num(86), organizes, num(58), "BaseObjectType", model.NodeClassObjectType, model.ExpandedNodeID{})
	p.link(num(58), hasSubtype, num(61), "FolderType", model.NodeClassObjectType, model.ExpandedNodeID{})
	p.link(num(58), hasSubtype, text("MachineType"), "MachineType", model.NodeClassObjectType, model.ExpandedNodeID{})
	p.link(text("MachineType"), hasSubtype, text("BoilerType"), "BoilerType", model.NodeClassObjectType, model.ExpandedNodeID{})
	p.link(text("BoilerType"), hasComponent, text("BoilerType.Temperature"), "Temperature", model.NodeClassVariable, num(2368))
	p.link(num(86), organizes, num(63), "BaseDataVariableType", model.NodeClassVariableType, model.ExpandedNodeID{})
	p.link(num(63), hasSubtype, num(2368), "AnalogItemType", model.NodeClassVariableType, model.ExpandedNodeID{})
	p.link(num(85), organizes, text("Plant"), "Plant", model.NodeClassObject, num(61))
	for i := 1; i <= 2; i++ {
		boiler := text(fmt.Sprintf("Boiler%d", i))
		p.link(text("Plant"), organizes, boiler, fmt.Sprintf("Boiler%d", i), model.NodeClassObject, text("BoilerType"))
		for _, v := range []string{"Temperature", "WaterTemperature", "Pressure"} {
			id := text(fmt.Sprintf("Boiler%d.%s", i, v))
			p.link(boiler, hasComponent, id, v, model.NodeClassVariable, num(2368))
			unit := text(fmt.Sprintf("Boiler%d.%s.Unit", i, v))
			p.link(id, hasProperty, unit, engineeringUnits, model.NodeClassVariable, num(68))
			p.units[unit] = map[string]string{"Pressure": "bar"}[v]
			if p.units[unit] == "" {
				p.units[unit] = "°C"
			}
		}
	}
	return p
}

func (p *plant) link(from, typ, to model.ExpandedNodeID, name string, class model.NodeClass, definition model.ExpandedNodeID) {
	r := model.Reference{
		ReferenceType: typ, IsForward: true, NodeID: to, BrowseName: model.QualifiedName{Name: name, NamespaceURI: to.NamespaceURI},
		DisplayName: model.LocalizedText{Locale: "en", Text: name}, NodeClass: class, TypeDefinition: definition,
	}
	if name == engineeringUnits {
		r.BrowseName.NamespaceURI = ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.below[from] = append(p.below[from], r)
}

func (p *plant) unlink(from, to model.ExpandedNodeID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []model.Reference
	for _, r := range p.below[from] {
		if r.NodeID != to {
			left = append(left, r)
		}
	}
	p.below[from] = left
}

func (p *plant) Servers() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.servers...)
}

func (p *plant) Connected(server string) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.connected[server]
	return at, ok
}

func (p *plant) Browse(_ context.Context, _ string, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	time.Sleep(p.takes) // of a bubble's clock
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.refuse != nil {
		if err := p.refuse(p.calls, len(nodes)); err != nil {
			return nil, err
		}
	}
	out := make([]model.BrowseResult, len(nodes))
	for i, n := range nodes {
		p.browsed[n.NodeID]++
		if n.Direction == model.BrowseInverse {
			out[i].References = p.above(n.NodeID)
			continue
		}
		refs := p.below[n.NodeID][min(n.Skip, len(p.below[n.NodeID])):]
		page := min(len(refs), n.MaxReferences)
		out[i] = model.BrowseResult{Status: p.bad[n.NodeID], References: refs[:page:page], More: page < len(refs)}
		if out[i].Status.IsBad() {
			out[i].References = nil
		}
	}
	return out, nil
}

func (p *plant) Read(_ context.Context, _ string, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]model.ReadResult, len(nodes))
	for i, n := range nodes {
		switch unit, ok := p.units[n.NodeID]; {
		case ok:
			x := model.ExtensionObject{TypeID: num(887), Encoding: model.ExtensionJSON, Body: fmt.Appendf(nil, `{"DisplayName":{"text":%q}}`, unit)}
			out[i].Value = model.ExtensionObjectValue(&x)
		case n.NodeID == num(2255), n.NodeID == num(2257):
			out[i].Value = model.StringValue(p.started)
		default:
			out[i].Status = model.StatusBadNodeIdUnknown
		}
	}
	return out, nil
}

// above are the references to a node, as seen from there.
func (p *plant) above(id model.ExpandedNodeID) (list []model.Reference) {
	for from, refs := range p.below {
		for _, r := range refs {
			if r.NodeID == id {
				list = append(list, model.Reference{ReferenceType: r.ReferenceType, NodeID: from})
			}
		}
	}
	return list
}

func (p *plant) ModelChanges(ctx context.Context, _ string, r model.ModelMonitorRequest) (<-chan model.ModelChanges, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes == nil || r.Rebrowse >= 0 {
		return nil, model.StatusBadServerNotConnected
	}
	out, in := make(chan model.ModelChanges), p.changes
	go func() {
		defer close(out)
		for {
			select {
			case c := <-in:
				select {
				case out <- c:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}
