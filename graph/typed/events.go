package typed

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// EventSchema is what the fixed schema has of events, by the nodes of types. Event types that it has are not made anew: those of the plant
// implement their interfaces.
type EventSchema struct {
	// Interfaces are those of event types, BaseEventType among them.
	Interfaces map[model.ExpandedNodeID]string
	// Objects show the variables and objects of a type, and of its subtypes, within events.
	Objects map[model.ExpandedNodeID]string
}

// EventType is a type of events of the plant's own model.
type EventType struct {
	// NodeID is the type, Super the nearest of its supertypes that the schema has, be it of the fixed part.
	NodeID, Super model.ExpandedNodeID
	// Interface is what its events and those of its subtypes are, Object what those of the type itself are shown as.
	Interface, Object *Type
}

// EventTypes are the types of events of the plant's own model, each behind its supertype.
func (s *Schema) EventTypes() []*EventType { return s.events }

// EventSupertypes leads from each type of events of the model, the standard's too, to its supertype.
func (s *Schema) EventSupertypes() map[model.ExpandedNodeID]model.ExpandedNodeID {
	supers := map[model.ExpandedNodeID]model.ExpandedNodeID{}
	for t := range s.model.Types(model.NodeClassObjectType) {
		if t.NodeID != typemodel.BaseEventType && t.IsA(typemodel.BaseEventType) {
			supers[t.NodeID] = t.Super.NodeID
		}
	}
	return supers
}

var (
	conditionVariableType = model.Expanded(model.NumericID(0, 9002))
	// plainVariableTypes end the way up from a VariableType: what they may have below them says nothing of a value.
	plainVariableTypes = []model.ExpandedNodeID{typemodel.BaseDataVariableType, typemodel.BaseVariableType}
)

// eventTypes makes an interface and an object of each type of events that the fixed schema does not have. Those of conditions have besides the
// types that all ObjectTypes have, for the conditions as nodes.
func (g *generator) eventTypes() {
	made := map[*typemodel.Type]*EventType{}
	for t := range g.model.Types(model.NodeClassObjectType) {
		if t.IsA(typemodel.BaseEventType) {
			g.eventType(t, made)
		}
	}
}

// eventType makes one behind its supertypes; nil for one of the fixed schema, and without one.
func (g *generator) eventType(t *typemodel.Type, made map[*typemodel.Type]*EventType) *EventType {
	if e, ok := made[t]; ok {
		return e
	}
	if g.options.Events.Interfaces[t.NodeID] != "" || t.Super == nil {
		return nil
	}
	e := &EventType{NodeID: t.NodeID, Super: t.Super.NodeID}
	made[t] = e
	i := &Type{Kind: Interface, Description: describe(t.Node), Source: t, event: true}
	if up := g.eventType(t.Super, made); up != nil {
		i.Fields, i.Implements = slices.Clone(up.Interface.Fields), append([]string{up.Interface.Name}, up.Interface.Implements...)
	} else if fixed := g.fixedInterface(g.options.Events.Interfaces[t.Super.NodeID]); fixed != nil {
		i.Fields, i.Implements = fixedFieldsOf(fixed), append([]string{fixed.Name}, fixed.Interfaces...)
	} else {
		made[t] = nil
		return nil
	}
	i.Name = g.table.node(t.NodeID, "event", g.table.prefix(t.BrowseName.NamespaceURI)+"_"+eventName(t.BrowseName.Name))
	i.Fields = g.eventFields(i.Name, t, t.Members, i.Fields, 0)
	o := *i
	o.Kind, o.Implements = Object, append([]string{i.Name}, i.Implements...)
	o.Name = g.table.node(t.NodeID, "event object", i.Name+"_Object")
	i.Object, e.Interface, e.Object = &o, i, &o
	g.add(i)
	g.add(&o)
	g.out.events = append(g.out.events, e)
	if node := g.out.byName[g.names[t]]; node != nil {
		node.Description += "\n\nAs a node. Its events are of " + i.Name + "."
		node.Object.Description = node.Description
	}
	return e
}

// eventName is that of the events of a type: BoilerTripEvent of BoilerTripEventType, as of BoilerTripType.
func eventName(browseName string) string {
	name := trimSuffix(trimSuffix(clean(browseName), "Type"), "Event")
	return name + "Event"
}

// trimSuffix leaves a name that is nothing else.
func trimSuffix(name, suffix string) string {
	if n := len(name) - len(suffix); n > 0 && name[n:] == suffix {
		return name[:n]
	}
	return name
}

// eventFields adds what a type declares, or what is below a declaration. What is redeclared stays as it is, or gets a type that is narrower.
func (g *generator) eventFields(owner string, t *typemodel.Type, members []*typemodel.Member, fields []*Field, depth int) []*Field {
	taken := namesOf(fields)
	for _, m := range members {
		if depth == 0 && g.inFixedEvent(t, m) {
			continue
		}
		i := slices.IndexFunc(fields, func(have *Field) bool { return have.Role == RoleEvent && have.Key == m.BrowseName })
		if i >= 0 && (m.Class != model.NodeClassVariable || len(membersOf(m)) > 0) {
			g.out.Stats.Kept++ // an object of GraphQL has no narrower one
			continue
		}
		f := &Field{Role: RoleEvent, Key: m.BrowseName, Member: m, DataType: m.DataType, ValueRank: m.ValueRank, Description: m.Description.Text, Source: t}
		if f.Description == "" {
			f.Description = otherText(m.DisplayName, m.BrowseName.Name)
		}
		if f.Type = g.eventFieldType(owner, t, m, depth); f.Type.Name == "" {
			continue
		}
		if i >= 0 {
			if g.narrows(fields[i].Type, f.Type) {
				f.Name, f.Source = fields[i].Name, fields[i].Source
				fields[i] = f
			} else {
				g.out.Stats.Kept++
			}
			continue
		}
		f.Name = g.eventFieldName(taken, m)
		fields = append(fields, f)
	}
	return fields
}

// inFixedEvent tells whether a type of the fixed schema, or one above it, declares the member, which is a field there then, or left out.
func (g *generator) inFixedEvent(t *typemodel.Type, m *typemodel.Member) bool {
	fixed := false
	for up := range t.Super.Ancestors() {
		fixed = fixed || g.options.Events.Interfaces[up.NodeID] != ""
		if fixed && slices.ContainsFunc(up.Members, func(have *typemodel.Member) bool { return have.BrowseName == m.BrowseName }) {
			return true
		}
	}
	return false
}

// eventFieldName is a BrowseName with a small letter, as the fields of the fixed events are named; where that is taken, as fieldName has it.
func (g *generator) eventFieldName(taken taker, m *typemodel.Member) string {
	own := clean(m.BrowseName.Name)
	first, size := utf8.DecodeRuneInString(own)
	own = string(unicode.ToLower(first)) + own[size:]
	key, wanted := m.NodeID.String()+" event", own
	if recorded := g.table.Fields[key]; recorded != "" {
		wanted = recorded
	}
	if taken[wanted] {
		g.out.Stats.Collisions++
	}
	name := taken.take(wanted, g.table.prefix(m.BrowseName.NamespaceURI))
	if name != own {
		g.table.Fields[key] = name
	}
	return name
}

// eventFieldType is the type of a declaration's field; none for what no field of an event can be of: methods, placeholders, objects that have
// nothing below them.
func (g *generator) eventFieldType(owner string, t *typemodel.Type, m *typemodel.Member, depth int) Ref {
	if m.Rule.Placeholder() || m.Class == model.NodeClassMethod {
		return Ref{}
	}
	for up := range m.Type.Ancestors() {
		if name := g.options.Events.Objects[up.NodeID]; name != "" {
			return named(name)
		}
	}
	var value Ref
	if m.Class == model.NodeClassVariable {
		value = g.value(m.DataType, m.ValueRank, false)
	}
	if m.Property || m.Type.IsA(conditionVariableType) || depth == maxExtension {
		return value
	}
	members := membersOf(m)
	if len(members) == 0 {
		return value
	}
	name := owner + "_" + clean(m.BrowseName.Name)
	name = g.table.node(t.NodeID, "event declaration "+name, name)
	o := &Type{Name: name, Description: describe(m.Node), Source: t, Declaration: m, event: true}
	if value.Name != "" {
		o.Fields = append(o.Fields, &Field{Name: "value", Type: value, Role: RoleEvent, Member: m, DataType: m.DataType, ValueRank: m.ValueRank, Source: t})
	}
	if o.Fields = g.eventFields(name, t, members, o.Fields, depth+1); len(o.Fields) == 0 {
		return Ref{}
	}
	if len(o.Fields) == 1 && value.Name != "" {
		return value
	}
	g.add(o)
	return named(name)
}

// membersOf are all declarations below one: those of its type definition, the supertypes' first, and its own, each in place of the one before.
func membersOf(m *typemodel.Member) (members []*typemodel.Member) {
	var levels [][]*typemodel.Member
	for up := range m.Type.Ancestors() {
		if slices.Contains(plainVariableTypes, up.NodeID) {
			break
		}
		levels = append(levels, up.Members)
	}
	slices.Reverse(levels)
	for _, level := range append(levels, m.Members) {
		for _, own := range level {
			if i := slices.IndexFunc(members, func(have *typemodel.Member) bool { return have.BrowseName == own.BrowseName }); i >= 0 {
				members[i] = own
				continue
			}
			members = append(members, own)
		}
	}
	return members
}
