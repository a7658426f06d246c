package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Entity is a value of one of the types of the union _Entity.
type Entity any

// Subgraph is this API as a part of a supergraph of Apollo Federation 2.
type Subgraph struct {
	// SDL is the fixed schema with the directives of federation.
	SDL string
}

// federationSource is the part of the schema that speaks to routers; they know it without being told.
const federationSource = "federation.graphqls"

// __resolve__service and __resolve_entities are how generated code asks for the two fields that routers use, whatever resolves them.

func (ec *executionContext) __resolve__service(context.Context) (Subgraph, error) {
	if ec.DisableIntrospection {
		return Subgraph{}, limitError("INTROSPECTION_DISABLED", "the schema is hidden here; compose with the text that \"shopfloor schema --subgraph\" prints")
	}
	return Subgraph{SDL: SubgraphSDL()}, nil
}

func (ec *executionContext) __resolve_entities(ctx context.Context, representations []map[string]any) []Entity {
	found, err := ec.Resolvers.(*Resolver).entities(ctx, representations)
	if err != nil {
		ec.Error(ctx, err)
		return make([]Entity, len(representations))
	}
	return found
}

// SubgraphSDL is the fixed schema as a subgraph of Apollo Federation 2. Others refer to its entities by their id. PageInfo is as in every API with
// connections, so several subgraphs may have it.
func SubgraphSDL() string {
	var b strings.Builder
	b.WriteString("extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\", \"@shareable\"])\n\n")
	for _, s := range Sources() {
		if !strings.HasSuffix(s.Name, federationSource) {
			b.WriteString(s.Input)
			b.WriteByte('\n')
		}
	}
	for _, name := range Fixed().Types["_Entity"].Types {
		fmt.Fprintf(&b, "extend type %s @key(fields: \"id\")\n", name)
	}
	b.WriteString("extend type PageInfo @shareable\n")
	return b.String()
}

// entities finds what the representations name.
func (r *Resolver) entities(ctx context.Context, representations []map[string]any) ([]Entity, error) {
	if err := checkCount("representations", len(representations), maxPageSize); err != nil {
		return nil, err
	}
	found, errs := make([]Entity, len(representations)), make([]error, len(representations))
	nodes := map[string][]entityNode{}
	for i, representation := range representations {
		typeName, _ := representation["__typename"].(string)
		id, _ := representation["id"].(string)
		switch {
		case typeName == "" || id == "":
			errs[i] = fieldError(fmt.Sprintf("representations[%d]", i), "it has no __typename or no id; want {__typename: \"Server\", id: \"press\"}")
		case classOfTypeName(typeName) != model.NodeClassUnspecified:
			n := entityNode{at: i, typeName: typeName}
			var server string
			if server, n.id, errs[i] = parseNodeKey(fmt.Sprintf("representations[%d].id", i), id); errs[i] == nil {
				nodes[server] = append(nodes[server], n)
			}
		default:
			found[i], errs[i] = r.entity(ctx, fmt.Sprintf("representations[%d]", i), typeName, id)
		}
	}
	if err := r.entityNodes(ctx, nodes, found, errs); err != nil {
		return nil, err
	}
	for i, err := range errs {
		if err != nil {
			graphql.AddError(ctx, gqlerror.WrapPath(append(graphql.GetPath(ctx), ast.PathIndex(i)), err))
		}
	}
	return found, nil
}

// entity finds one that is no node of a server.
func (r *Resolver) entity(ctx context.Context, field, typeName, id string) (Entity, error) {
	switch typeName {
	case "Gateway":
		g, err := r.Registry.Gateway(id)
		return entityOf(&g, err, "gateway", id)
	case "Server":
		s, err := r.Registry.Server(id)
		return entityOf(&s, err, "server", id)
	case "Writer":
		key, err := parseWriterID(field+".id", id)
		if err != nil {
			return nil, err
		}
		w, err := r.Registry.Writer(key)
		return entityOf(&Writer{w}, err, "writer", id)
	case "Series":
		return r.seriesEntity(ctx, field+".id", id)
	case "Application":
		all, err := r.discoveries()
		if err != nil {
			return nil, err
		}
		a, err := all.Application(id)
		return entityOf(&a, err, "application", id)
	}
	return nil, fieldError(field+".__typename", "%q is no entity of this subgraph", typeName)
}

func entityOf[T any](v *T, err error, what, id string) (Entity, error) {
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", what, id, err)
	}
	return v, nil
}

func (r *Resolver) seriesEntity(ctx context.Context, field, id string) (Entity, error) {
	key, err := parseSeriesID(field, id)
	if err != nil {
		return nil, err
	}
	list, err := r.History.Series(ctx, model.SeriesFilter{IDs: []model.SeriesID{key}}, model.SeriesID{}, 1)
	switch {
	case err != nil:
		return nil, fmt.Errorf("series %q: %w", id, err)
	case len(list) == 0:
		return nil, fmt.Errorf("series %q: %w", id, ErrNotFound)
	}
	return &Series{list[0]}, nil
}

// entityNode is a node that is asked for, with its place among the representations.
type entityNode struct {
	at       int
	typeName string
	id       model.ExpandedNodeID
}

func classOfTypeName(typeName string) model.NodeClass {
	for class, name := range typeNames {
		if name == typeName {
			return class
		}
	}
	return model.NodeClassUnspecified
}

// parseNodeKey reads the id of a node, "<server>/<nodeId>".
func parseNodeKey(field, key string) (server string, id model.ExpandedNodeID, err error) {
	server, text, ok := strings.Cut(key, "/")
	if ok {
		id, err = UnmarshalNodeID(text)
	}
	if !ok || err != nil {
		return "", id, fieldError(field, "%q is no id of a node; want \"<server>/<nodeId>\"", key)
	}
	return server, id, nil
}

// entityNodes loads nodes, all of a server together and servers at the same time.
func (r *Resolver) entityNodes(ctx context.Context, servers map[string][]entityNode, found []Entity, errs []error) error {
	selections := []ast.SelectionSet{graphql.GetFieldContext(ctx).Field.Selections}
	var work errgroup.Group
	for id, asked := range servers {
		server, err := r.Registry.Server(id)
		if err != nil {
			for _, a := range asked {
				errs[a.at] = fmt.Errorf("server %q: %w", id, err)
			}
			continue
		}
		work.Go(func() error {
			return guarded(ctx, func() error {
				group := nodeGroup{selections: selections}
				for _, a := range asked {
					group.nodes = append(group.nodes, &node{server: &server, asked: a.id, id: a.id})
				}
				if err := loadNodes(ctx, r.Commands, &server, []nodeGroup{group}); err != nil {
					return err
				}
				for i, a := range asked {
					found[a.at], errs[a.at] = identifyEntity(group.nodes[i], a.typeName)
				}
				return nil
			})
		})
	}
	return work.Wait()
}

// identifyEntity wants the type that the representation names: a router takes no other for an answer.
func identifyEntity(n *node, typeName string) (Entity, error) {
	v, err := n.identify()
	if err != nil {
		return nil, err
	}
	if got := typeNames[n.class]; got != typeName {
		return nil, fmt.Errorf("%w: node %s of server %q is of type %s, not %s", ErrNotFound, n.asked, n.server.ID, got, typeName)
	}
	return v, nil
}
