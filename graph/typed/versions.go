package typed

import (
	"context"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// namespacesObject has an object of NamespaceMetadataType for each namespace whose model the server tells the version of (Part 5, 8.3.3).
var namespacesObject = model.Expanded(model.NumericID(0, 11715))

// ModelVersions are the versions of a server's models by the URIs of their namespaces, that of OPC UA itself as "": NamespaceVersion and
// NamespacePublicationDate of Part 5, 6.3.13, with a blank between. Namespaces of which the server tells neither are left out. It takes three
// requests, so it can be asked at each connect.
func ModelVersions(ctx context.Context, s NodeReader, server string) (map[string]string, error) {
	objects, err := browseBelow(ctx, s, server, []model.ExpandedNodeID{namespacesObject}, model.NodeClassObject)
	if err != nil || len(objects[0]) == 0 {
		return map[string]string{}, err
	}
	ids := make([]model.ExpandedNodeID, len(objects[0]))
	for i := range objects[0] {
		ids[i] = objects[0][i].NodeID
	}
	properties, err := browseBelow(ctx, s, server, ids, model.NodeClassVariable)
	if err != nil {
		return nil, err
	}
	var reads []model.ReadValueID
	var sinks []*string
	told := make([]struct{ uri, version, date string }, len(ids))
	for i := range properties {
		for _, r := range properties[i] {
			var into *string
			switch r.BrowseName.Name {
			case "NamespaceUri":
				into = &told[i].uri
			case "NamespaceVersion":
				into = &told[i].version
			case "NamespacePublicationDate":
				into = &told[i].date
			default:
				continue
			}
			reads, sinks = append(reads, model.ReadValueID{NodeID: r.NodeID, Attribute: model.AttributeValue}), append(sinks, into)
		}
	}
	results, err := inBatches(reads, func(batch []model.ReadValueID) ([]model.ReadResult, error) {
		results, err := s.Read(ctx, server, batch)
		return checked(results, err, len(batch), "read the versions of", server)
	})
	if err != nil {
		return nil, err
	}
	for i := range results {
		if v := &results[i].Value; !results[i].Status.IsBad() && !v.IsNull() {
			*sinks[i] = strings.Trim(string(v.AppendJSON(nil)), `"`)
		}
	}
	versions := map[string]string{}
	for _, t := range told {
		if strings.HasPrefix(t.date, "0001-") || strings.HasPrefix(t.date, "1601-") { // none: the zero of Go and of OPC UA
			t.date = ""
		}
		if version := strings.TrimSpace(t.version + " " + t.date); version != "" && t.uri != "" {
			if t.uri == namespaceZero {
				t.uri = ""
			}
			versions[t.uri] = version
		}
	}
	return versions, nil
}

// browseBelow are the references from each of the nodes to those of a class below it; none where the node is not there.
func browseBelow(ctx context.Context, s NodeReader, server string, ids []model.ExpandedNodeID, class model.NodeClass) ([][]model.Reference, error) {
	asked := make([]model.BrowseDescription, len(ids))
	for i, id := range ids {
		asked[i] = model.BrowseDescription{NodeID: id, ReferenceType: typemodel.HierarchicalReferences, IncludeSubtypes: true, NodeClassMask: class}
	}
	results, err := s.Browse(ctx, server, asked)
	if results, err = checked(results, err, len(asked), "browse the namespaces of", server); err != nil {
		return nil, err
	}
	out := make([][]model.Reference, len(ids))
	for i := range results {
		if !results[i].Status.IsBad() {
			out[i] = results[i].References
		}
	}
	return out, nil
}
