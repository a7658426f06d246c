package typed

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// class is that of the node that a field stands for; without a declaration it is a property.
func (f *Field) class() model.NodeClass {
	if f.Member == nil {
		return model.NodeClassVariable
	}
	return f.Member.Class
}

// members browses the nodes below instances, one request for a server, and makes the next level of them.
func (r *run) members(level []*pending) (next []*pending) {
	found := r.browse(level)
	for _, p := range level {
		at := place{p.instance.server, p.instance.id}
		b := found[at]
		r.owner = p.owner
		for _, m := range p.members {
			if b.err != nil {
				m.slot.err = b.err
				continue
			}
			if m.field.Role == RolePlaceholder {
				next = append(next, r.placeholder(p, m, b.children)...)
				continue
			}
			for _, child := range b.children {
				if child.browseName == m.field.Key && child.class == m.field.class() {
					next = append(next, r.member(m.slot, m.field, m.asked, child)...)
					break
				}
			}
		}
	}
	return next
}

// member fills a slot with the node that a declaration stands for; what is left for the next level is returned.
func (r *run) member(s *slot, field *Field, asked graphql.CollectedField, child *instance) []*pending {
	declared := r.x.typed.Type(field.Type.Name)
	if declared == nil || declared.Kind == Enum || declared.Source != nil && declared.Source.Class == model.NodeClassDataType {
		r.value(s, asked, field.Type, r.book(child.server, child.id))
		return nil
	}
	return []*pending{{instance: child, typ: r.concrete(declared, child), selections: asked.Selections, slot: s, owner: r.owner}}
}

// placeholder fills a list with the nodes below that the declaration stands for: of its type, and not declared by name.
func (r *run) placeholder(p *pending, m memberField, children []*instance) (next []*pending) {
	m.slot.list = true
	for _, child := range children {
		named := false
		for _, f := range p.typ.Fields {
			named = named || f.Role == RoleMember && f.Key == child.browseName
		}
		if named || child.class != m.field.Member.Class || !r.is(child, m.field.Member) {
			continue
		}
		next = append(next, r.member(m.slot.item(), m.field, m.asked, child)...)
	}
	return next
}

// is tells whether an instance is of a declaration's type. Of a type that is not known it is when anything is.
func (r *run) is(i *instance, m *typemodel.Member) bool {
	if m.Type == nil || i.definition == m.Type.NodeID {
		return true
	}
	if t := r.x.model().Type(i.definition); t != nil {
		return t.IsA(m.Type.NodeID)
	}
	return m.Type.NodeID == typemodel.BaseObjectType || m.Type.IsA(typemodel.BaseVariableType) && (m.Type.NodeID == typemodel.BaseDataVariableType || m.Type.Super == nil)
}

// concrete is the object type of an instance in a place where the schema says declared.
func (r *run) concrete(declared *Type, i *instance) *Type {
	if declared.Kind != Interface {
		return declared
	}
	if t := r.x.objects[i.definition]; t != nil {
		for _, name := range t.Implements {
			if name == declared.Name {
				return t
			}
		}
	}
	return declared.Object
}
