package typed

import (
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// instance is a node of a server's address space, as a reference tells of it.
type instance struct {
	server      string
	id          model.ExpandedNodeID
	class       model.NodeClass
	browseName  model.QualifiedName
	displayName model.LocalizedText
	definition  model.ExpandedNodeID
}

func instanceOf(server string, r *model.Reference) *instance {
	i := &instance{
		server: server, id: r.NodeID, class: r.NodeClass, browseName: r.BrowseName, displayName: r.DisplayName, definition: r.TypeDefinition,
	}
	i.browseName.Namespace = 0 // the URI tells
	return i
}

// key is the global id, "<server>/<nodeId>".
func (i *instance) key() string { return i.server + "/" + i.id.String() }

// parseKey reads a global id.
func parseKey(s string) (server string, id model.ExpandedNodeID, err error) {
	server, text, found := strings.Cut(s, "/")
	if !found || server == "" {
		return "", id, fmt.Errorf("%w: id %q is not in the form <server>/<nodeId>", ErrInvalid, s)
	}
	if id, err = model.ParseExpandedNodeID(text); err != nil {
		return "", id, fmt.Errorf("%w: id %q: %w", ErrInvalid, s, err)
	}
	return server, id, nil
}
