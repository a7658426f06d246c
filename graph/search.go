package graph

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/graph/addressspace"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxSearchText bounds the text that is searched for, in bytes.
const maxSearchText = 1000

// searchQuery is what is searched, and where.
type searchQuery struct {
	addressspace.Query
	servers []string // all when there is none
	limit   int
	after   *searchPlace
}

// searchPlace is the place of a node in the results: its rank, its server, its number and its id.
type searchPlace struct {
	rank   uint32
	node   int32
	server string
	id     model.ExpandedNodeID
}

func placeOf(f *addressspace.Found) searchPlace {
	return searchPlace{f.Rank, f.Node, f.Server, f.NodeID()}
}

// cursor keeps the id as well: it finds the place again when the server was browsed in between.
func (p searchPlace) cursor() string {
	return cursor(fmt.Sprintf("%d %d %s %s", p.rank, p.node, p.server, p.id))
}

func parseSearchPlace(after string) (p searchPlace, err error) {
	key, err := cursorKey(after)
	if err != nil {
		return p, err
	}
	bad := fieldError("after", "%q is no cursor of a search; take one from pageInfo or an edge", after)
	parts := strings.SplitN(key, " ", 4)
	if len(parts) != 4 {
		return p, bad
	}
	rank, err1 := strconv.ParseUint(parts[0], 10, 32)
	node, err2 := strconv.ParseUint(parts[1], 10, 31)
	id, err3 := model.ParseExpandedNodeID(parts[3])
	if err1 != nil || err2 != nil || err3 != nil {
		return p, bad
	}
	return searchPlace{uint32(rank), int32(node), parts[2], id}, nil
}

// before tells whether the place is before that of f, or the same, in the order of results.
func (p *searchPlace) before(f *addressspace.Found) bool {
	switch {
	case p.rank != f.Rank:
		return p.rank < f.Rank
	case p.server != f.Server:
		return p.server < f.Server
	}
	return p.node <= f.Node
}

// searchInput makes a query of the arguments.
func (r *Resolver) searchInput(
	text, server *string, classes []model.NodeClass, typeDefinition *model.ExpandedNodeID, path, unit *string, first *int, after *string,
) (q searchQuery, err error) {
	q.Text, q.Unit, q.Classes = valueOrZero(text), valueOrZero(unit), classMask(classes)
	if len(q.Text) > maxSearchText {
		return q, fieldError("text", "%d bytes are more than %d", len(q.Text), maxSearchText)
	}
	if q.Text != "" && len(addressspace.Terms(q.Text)) == 0 {
		return q, fieldError("text", "%q has no words", q.Text)
	}
	if server != nil {
		if _, err := r.server(*server); err != nil {
			return q, err
		}
		q.servers = []string{*server}
	}
	if q.TypeDefinition = valueOrZero(typeDefinition); q.TypeDefinition.Namespace() != 0 {
		return q, fieldError("typeDefinition", "%s is another type on each server; write its namespace as a URI: nsu=…", q.TypeDefinition)
	}
	if path != nil {
		p, err := model.ParsePattern(*path)
		if err != nil {
			return q, fieldError("path", "%v", err)
		}
		q.Path = &p
	}
	if q.limit, err = pageSize(first); err != nil || after == nil {
		return q, err
	}
	place, err := parseSearchPlace(*after)
	q.after = &place
	return q, err
}

// search finds nodes, and loads what is asked of them beyond what is known.
func (r *Resolver) search(ctx context.Context, q *searchQuery) (*SearchConnection, error) {
	if r.AddressSpaces == nil {
		return nil, errNoAddressSpaces
	}
	found, err := r.AddressSpaces.Search(ctx, q.servers, &q.Query)
	if err != nil {
		return nil, err
	}
	c := &SearchConnection{TotalCount: len(found), UnknownServers: r.unknownServers(q.servers), Edges: []SearchEdge{}}
	from := 0
	if q.after != nil {
		from = q.from(found)
	}
	to := min(from+q.limit, len(found))
	c.PageInfo = PageInfo{HasNextPage: to < len(found), HasPreviousPage: from > 0}
	if err := r.searchEdges(ctx, c, found[from:to]); err != nil {
		return nil, err
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c, nil
}

// from is where the results behind the cursor begin.
func (q *searchQuery) from(found []addressspace.Found) int {
	for i := range found {
		if f := &found[i]; f.Rank == q.after.rank && f.Server == q.after.server { // its number may be another one now
			if at, ok := f.Space.Find(q.after.id); ok {
				q.after.node = at
			}
			break
		}
	}
	at := slices.IndexFunc(found, func(f addressspace.Found) bool {
		return q.after.before(&f) && (f.Node != q.after.node || f.Rank != q.after.rank || f.Server != q.after.server)
	})
	if at < 0 {
		return len(found)
	}
	return at
}

// unknownServers are those of the named servers, or of all, of which nothing is known.
func (r *Resolver) unknownServers(named []string) []model.Server {
	list := []model.Server{}
	for _, s := range r.Registry.Servers() {
		if (len(named) == 0 || slices.Contains(named, s.ID)) && r.AddressSpaces.Status(s.ID).Nodes == 0 {
			list = append(list, s)
		}
	}
	return list
}

// searchEdges adds a page of results. Nodes of a server that was removed meanwhile are left out.
func (r *Resolver) searchEdges(ctx context.Context, c *SearchConnection, found []addressspace.Found) error {
	servers := map[string]*model.Server{}
	groups := map[string]*nodeGroup{}
	selections := edgeSelections(ctx)
	for i := range found {
		f := &found[i]
		server, known := servers[f.Server]
		if !known {
			if s, err := r.Registry.Server(f.Server); err == nil {
				server = &s
			}
			servers[f.Server] = server
			groups[f.Server] = &nodeGroup{selections: selections}
		}
		if server == nil {
			continue
		}
		id := f.NodeID()
		n := &node{
			server: server, asked: id, id: id, class: f.Space.Class(f.Node), browseName: f.Space.BrowseName(f.Node), displayName: f.Space.DisplayName(f.Node),
		}
		e := SearchEdge{
			Cursor: placeOf(f).cursor(), Node: n.typed(), Server: *server, Path: f.Space.Path(f.Node), TypeName: optional(f.Space.TypeName(f.Node)),
			Unit: optional(f.Space.Unit(f.Node)),
		}
		if t := f.Space.TypeDefinition(f.Node); !t.IsNull() {
			e.TypeDefinition = &t
		}
		if e.Node != nil {
			groups[f.Server].nodes = append(groups[f.Server].nodes, n)
		}
		c.Edges = append(c.Edges, e)
	}
	if len(selections) == 0 {
		return nil
	}
	var work errgroup.Group
	for id, g := range groups {
		if len(g.nodes) > 0 {
			work.Go(func() error {
				return guarded(ctx, func() error { return loadNodes(ctx, r.Commands, servers[id], []nodeGroup{*g}) })
			})
		}
	}
	return work.Wait()
}

// edgeSelections are what the field that is resolved asks of edges.node.
func edgeSelections(ctx context.Context) []ast.SelectionSet {
	return connectionSelections(graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx).Field.Selections, "SearchConnection", "SearchEdge")
}
