package typed

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// identityAttributes are what tells an instance besides its type definition.
var identityAttributes = []model.AttributeID{model.AttributeNodeClass, model.AttributeBrowseName, model.AttributeDisplayName}

// identify makes instances of nodes, nil where a node is not there: as they are remembered, or with one Read and one Browse for all others.
func (r *run) identify(server string, ids []model.ExpandedNodeID) ([]*instance, error) {
	found := make([]*instance, len(ids))
	var at []int
	t := r.x.space.known(server)
	for i, id := range ids {
		if t != nil && t.byID[id] != nil && id != objectsFolder && id != viewsFolder {
			found[i] = &t.byID[id].instance
		} else {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return found, nil
	}
	var reads []model.ReadValueID
	asked := make([]model.BrowseDescription, len(at))
	for n, i := range at {
		for _, a := range identityAttributes {
			reads = append(reads, model.ReadValueID{NodeID: ids[i], Attribute: a})
		}
		asked[n] = model.BrowseDescription{NodeID: ids[i], ReferenceType: typemodel.HasTypeDefinition, NodeClassMask: model.NodeClassObjectType | model.NodeClassVariableType}
	}
	read, err := r.x.services.Read(r.ctx, server, reads)
	if read, err = checked(read, err, len(reads), "read from", server); err != nil {
		return nil, err
	}
	types, err := r.x.services.Browse(r.ctx, server, asked)
	if types, err = checked(types, err, len(asked), "browse", server); err != nil {
		return nil, err
	}
	for n, i := range at {
		attributes := read[n*len(identityAttributes):]
		if s := attributes[0].Status; s.IsBad() {
			if s != model.StatusBadNodeIdUnknown && s != model.StatusBadNodeIdInvalid {
				return nil, &StatusError{fmt.Sprintf("read %s of server %q", ids[i], server), s, attributes[0].Message}
			}
			continue
		}
		one := &instance{
			server: server, id: ids[i], class: model.NodeClass(attributes[0].Value.Int()), browseName: attributes[1].Value.Clone().QualifiedName(),
			displayName: attributes[2].Value.Clone().LocalizedText(),
		}
		one.browseName.Namespace = 0
		if refs := types[n].References; len(refs) > 0 {
			one.definition = refs[0].NodeID
		}
		found[i] = one
	}
	return found, nil
}
