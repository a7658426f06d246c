package publishednodes

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// writtenNode is an OpcNode as it is written.
type writtenNode struct {
	ID                          string              `json:"Id,omitempty"`
	BrowsePath                  []string            `json:"BrowsePath,omitempty"`
	AttributeID                 string              `json:"AttributeId,omitempty"`
	IndexRange                  string              `json:"IndexRange,omitempty"`
	DataSetFieldID              string              `json:"DataSetFieldId,omitempty"`
	OpcSamplingIntervalTimespan string              `json:"OpcSamplingIntervalTimespan,omitempty"`
	QueueSize                   uint32              `json:"QueueSize,omitempty"`
	DiscardNew                  bool                `json:"DiscardNew,omitempty"`
	DataChangeTrigger           string              `json:"DataChangeTrigger,omitempty"`
	DeadbandType                string              `json:"DeadbandType,omitempty"`
	DeadbandValue               *float64            `json:"DeadbandValue,omitempty"`
	SkipFirst                   bool                `json:"SkipFirst,omitempty"`
	HeartbeatIntervalTimespan   string              `json:"HeartbeatIntervalTimespan,omitempty"`
	HeartbeatBehavior           string              `json:"HeartbeatBehavior,omitempty"`
	UseCyclicRead               bool                `json:"UseCyclicRead,omitempty"`
	CyclicReadMaxAgeTimespan    string              `json:"CyclicReadMaxAgeTimespan,omitempty"`
	RegisterNode                bool                `json:"RegisterNode,omitempty"`
	EventFilter                 *writtenFilter      `json:"EventFilter,omitempty"`
	ConditionHandling           *writtenConditions  `json:"ConditionHandling,omitempty"`
	ModelChangeHandling         *writtenModelChange `json:"ModelChangeHandling,omitempty"`
	TriggeredNodes              []*writtenNode      `json:"TriggeredNodes,omitempty"`
}

type (
	writtenFilter struct {
		TypeDefinitionID string           `json:"TypeDefinitionId,omitempty"`
		SelectClauses    []writtenOperand `json:"SelectClauses,omitempty"`
		WhereClause      *writtenWhere    `json:"WhereClause,omitempty"`
	}
	writtenWhere struct {
		Elements []writtenElement `json:"Elements"`
	}
	writtenElement struct {
		FilterOperator string           `json:"FilterOperator"`
		FilterOperands []writtenOperand `json:"FilterOperands"`
	}
	// writtenOperand is a select clause as well; the type's id is TypeDefinitionId there and NodeId in an operand.
	writtenOperand struct {
		TypeDefinitionID string          `json:"TypeDefinitionId,omitempty"`
		NodeID           string          `json:"NodeId,omitempty"`
		BrowsePath       []string        `json:"BrowsePath,omitempty"`
		AttributeID      string          `json:"AttributeId,omitempty"`
		IndexRange       string          `json:"IndexRange,omitempty"`
		DisplayName      string          `json:"DisplayName,omitempty"`
		Index            *uint32         `json:"Index,omitempty"`
		Value            json.RawMessage `json:"Value,omitempty"`
		DataType         string          `json:"DataType,omitempty"`
	}
	writtenConditions struct {
		UpdateInterval                   uint32 `json:"UpdateInterval,omitempty"`
		SnapshotInterval                 uint32 `json:"SnapshotInterval,omitempty"`
		RefreshRetainedConditionsOnStart bool   `json:"RefreshRetainedConditionsOnStart,omitempty"`
	}
	writtenModelChange struct {
		RebrowseIntervalTimespan string `json:"RebrowseIntervalTimespan,omitempty"`
	}
)

// formatNodes writes the fields or the events of a writer.
func formatNodes(w *model.DataSetWriter, at *place) []*writtenNode {
	nodes := make([]*writtenNode, 0, len(w.Fields)+1)
	if w.Events != nil {
		nodes = append(nodes, formatEvents(w.Events, at))
	}
	written := make([]writtenNode, len(w.Fields))
	triggering := map[string]*writtenNode{}
	for i := range w.Fields {
		if f := &w.Fields[i]; f.TriggeredBy == "" {
			formatField(&written[i], f)
			nodes = append(nodes, &written[i])
			triggering[f.Name] = &written[i]
		}
	}
	for i := range w.Fields {
		f := &w.Fields[i]
		if f.TriggeredBy == "" {
			continue
		}
		by := triggering[f.TriggeredBy]
		if by == nil {
			at.report("TriggeredNodes", nil, wrong(fmt.Sprintf("field %q is triggered by %q, which no field that triggers is, and is left out", f.Name, f.TriggeredBy), "correct the writer"))
			continue
		}
		formatField(&written[i], f)
		by.TriggeredNodes = append(by.TriggeredNodes, &written[i])
	}
	return nodes
}

func formatField(n *writtenNode, f *model.PublishedField) {
	n.ID, n.BrowsePath = formatTarget(f.NodeID, f.BrowsePath)
	n.AttributeID, n.IndexRange = formatAttribute(f.Attribute), f.IndexRange
	n.QueueSize, n.DiscardNew, n.SkipFirst, n.DataChangeTrigger = f.QueueSize, f.DiscardNew, f.SkipFirst, string(f.Trigger)
	last := ""
	if len(n.BrowsePath) > 0 {
		names := splitPath(f.BrowsePath)
		last = bareName(names[len(names)-1])
	}
	if f.Name != defaultName(f.NodeID, last) {
		n.DataSetFieldID = f.Name
	}
	if f.SamplingInterval != 0 {
		n.OpcSamplingIntervalTimespan = formatTimespan(f.SamplingInterval)
	}
	if d := f.Deadband; d != nil {
		n.DeadbandType, n.DeadbandValue = string(d.Type), &d.Value
	}
	if h := f.Heartbeat; h != nil {
		n.HeartbeatIntervalTimespan, n.HeartbeatBehavior = formatTimespan(h.Interval), string(h.Behavior)
	}
	if r := f.CyclicRead; r != nil {
		n.UseCyclicRead, n.RegisterNode = true, r.RegisterNode
		if r.MaxAge != 0 {
			n.CyclicReadMaxAgeTimespan = formatTimespan(r.MaxAge)
		}
	}
}

// formatTarget writes a node with the path from it.
func formatTarget(id model.ExpandedNodeID, path string) (string, []string) {
	var names []string
	if path != "" {
		names = splitPath(path)
		for i, n := range names {
			names[i] = formatName(n)
		}
	}
	if id.IsNull() {
		return "", names
	}
	return id.String(), names
}

func formatAttribute(a model.AttributeID) string {
	if a == 0 || int(a) >= len(attributeNames) {
		return ""
	}
	return attributeNames[a]
}

func formatEvents(e *model.EventSource, at *place) *writtenNode {
	n := &writtenNode{QueueSize: e.QueueSize, DiscardNew: e.DiscardNew}
	n.ID, n.BrowsePath = formatTarget(e.Notifier, e.BrowsePath)
	if m := e.ModelChange; m != nil {
		n.ModelChangeHandling = &writtenModelChange{}
		if m.Rebrowse > 0 {
			n.ModelChangeHandling.RebrowseIntervalTimespan = formatTimespan(m.Rebrowse)
		}
	}
	if c := e.Conditions; c != nil {
		n.ConditionHandling = &writtenConditions{seconds(c.UpdateInterval, at), seconds(c.SnapshotInterval, at), c.RefreshOnStart}
	}
	if e.TypeDefinition.IsNull() && len(e.Select) == 0 && len(e.Where) == 0 {
		return n
	}
	f := &writtenFilter{}
	n.EventFilter = f
	if !e.TypeDefinition.IsNull() {
		f.TypeDefinitionID = e.TypeDefinition.String()
	}
	for _, s := range e.Select {
		c := formatSelect(&s)
		c.TypeDefinitionID, c.NodeID = c.NodeID, ""
		f.SelectClauses = append(f.SelectClauses, c)
	}
	if len(e.Where) > 0 {
		f.WhereClause = &writtenWhere{}
	}
	for _, w := range e.Where {
		f.WhereClause.Elements = append(f.WhereClause.Elements, formatElement(&w))
	}
	return n
}

func formatSelect(s *model.SelectClause) writtenOperand {
	c := writtenOperand{DisplayName: s.Name, AttributeID: formatAttribute(s.Attribute), IndexRange: s.IndexRange}
	if !s.TypeDefinition.IsNull() {
		c.NodeID = s.TypeDefinition.String()
	}
	for _, name := range s.BrowsePath {
		c.BrowsePath = append(c.BrowsePath, formatName(name))
	}
	return c
}

func formatElement(w *model.WhereElement) writtenElement {
	e := writtenElement{FilterOperator: w.Operator, FilterOperands: []writtenOperand{}}
	for _, o := range w.Operands {
		var c writtenOperand
		switch {
		case o.Attribute != nil:
			c = formatSelect(o.Attribute)
			c.DisplayName = ""
		case o.Element != nil:
			c.Index = o.Element
		default:
			c.Value, c.DataType = o.Value, o.DataType
			if w.Operator == "OfType" && o.DataType == typeOfType {
				c.DataType = ""
			}
		}
		e.FilterOperands = append(e.FilterOperands, c)
	}
	return e
}

// seconds writes an interval in the only unit that ConditionHandling has.
func seconds(d time.Duration, at *place) uint32 {
	if d%time.Second != 0 {
		at.report("ConditionHandling", nil, note(fmt.Sprintf("%s is rounded up to seconds", d), ""))
	}
	return uint32(math.Min(math.Ceil(d.Seconds()), float64(maxInterval/time.Second)))
}
