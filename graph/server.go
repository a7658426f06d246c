package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// objectsFolder is the node that all objects of a server hang from (Part 5, 8.2.4).
var objectsFolder = model.Expanded(model.NumericID(0, 85))

// server is the desired state of a server.
func (r *Resolver) server(id string) (*model.Server, error) {
	s, err := r.Registry.Server(id)
	if err != nil {
		return nil, fmt.Errorf("server %q: %w", id, err)
	}
	return &s, nil
}

// servers is a page of the servers that the filter selects.
func (r *Resolver) servers(f *ServerFilter, first *int, after *string) (*ServerConnection, error) {
	var selected []model.Server
	for _, s := range r.Registry.Servers() {
		if f.matches(&s, r.connection(s.ID).State()) {
			selected = append(selected, s)
		}
	}
	return serverConnection(selected, first, after)
}

// updateServer changes the stored record.
func (r *Resolver) updateServer(ctx context.Context, id string, change func(*model.Server), password *string) (*model.Server, error) {
	s, err := r.Registry.UpdateServer(ctx, id, change, password)
	if err != nil {
		return nil, fmt.Errorf("update server %q: %w", id, err)
	}
	return &s, nil
}

// connection is how the connection to a server stands.
func (r *Resolver) connection(server string) *Connection {
	return &Connection{r.Registry.ServerStatus(server)}
}

// gateway is what the gateway reported, or what is known of one that has not.
func (r *Resolver) gateway(id string) *model.GatewayStatus {
	g, err := r.Registry.Gateway(id)
	if err != nil {
		g = model.GatewayStatus{Gateway: id}
	}
	return &g
}

// gatewayConnection makes a page of gateways.
func gatewayConnection(gateways []model.GatewayStatus, first *int, after *string) (*GatewayConnection, error) {
	p, err := pageOf(gateways, func(g *model.GatewayStatus) string { return g.Gateway }, true, first, after)
	if err != nil {
		return nil, err
	}
	c := &GatewayConnection{PageInfo: p.info, TotalCount: len(gateways), Edges: make([]GatewayEdge, len(p.items))}
	for i, g := range p.items {
		c.Edges[i] = GatewayEdge{Cursor: p.cursors[i], Node: g}
	}
	return c, nil
}

// serverConnection makes a page of servers.
func serverConnection(servers []model.Server, first *int, after *string) (*ServerConnection, error) {
	p, err := pageOf(servers, func(s *model.Server) string { return s.ID }, true, first, after)
	if err != nil {
		return nil, err
	}
	c := &ServerConnection{PageInfo: p.info, TotalCount: len(servers), Edges: make([]ServerEdge, len(p.items))}
	for i, s := range p.items {
		c.Edges[i] = ServerEdge{Cursor: p.cursors[i], Node: s}
	}
	return c, nil
}

// matches tells whether a server is one that the filter selects; nil selects all.
func (f *ServerFilter) matches(s *model.Server, state model.ConnectionState) bool {
	if f == nil {
		return true
	}
	if f.Gateway != nil && *f.Gateway != s.Gateway || f.State != nil && *f.State != state {
		return false
	}
	text := strings.ToLower(valueOrZero(f.Text))
	return strings.Contains(strings.ToLower(s.Name), text) || strings.Contains(s.ID, text) ||
		strings.Contains(strings.ToLower(s.EndpointURL), text)
}
