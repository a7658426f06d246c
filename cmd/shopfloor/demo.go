package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	demoServer = "demo"
	demoPath   = "Objects/Plant"
)

var (
	hasComponent = model.Expanded(model.NumericID(0, 47))
	organizes    = model.Expanded(model.NumericID(0, 35))
)

// startDemo runs the demo plant, connects it and publishes its variables. It is stopped last, since the gateway is its client.
func (p *platform) startDemo(s *daemon.Stages) error {
	plant, err := demoplant.New(demoplant.Config{}, p.part("demo"))
	if err != nil {
		return fmt.Errorf("demo plant: %w", err)
	}
	s.Start("demo plant", 5*time.Second, plant.Run)
	s.Start("demo set-up", time.Second, func(ctx context.Context) error {
		if err := p.setUpDemo(ctx, plant); err != nil && ctx.Err() == nil {
			p.log.Error().Err(err).Msg("demo plant is not set up")
		}
		<-ctx.Done()
		return nil
	})
	return nil
}

func (p *platform) setUpDemo(ctx context.Context, plant *demoplant.Plant) error {
	for _, ready := range []<-chan struct{}{plant.Ready(), p.registry.Ready()} {
		select {
		case <-ready:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	// The plant has another port at each start.
	endpoint := func(s *model.Server) { s.EndpointURL = plant.Endpoint() }
	_, err := p.registry.UpdateServer(ctx, demoServer, endpoint, nil)
	if errors.Is(err, registry.ErrNotFound) {
		_, err = p.registry.AddServer(ctx, model.Server{
			ID: demoServer, Name: "Demo plant", Gateway: p.cfg.Gateway, EndpointURL: plant.Endpoint(), SecurityMode: model.SecurityNone,
		}, "")
	}
	if err != nil {
		return fmt.Errorf("add server: %w", err)
	}
	for _, w := range p.registry.Writers() {
		if w.Server == demoServer {
			return nil // published at an earlier start
		}
	}
	nodes, err := p.demoVariables(ctx)
	if err != nil {
		return err
	}
	sampling, publishing := 250*time.Millisecond, 500*time.Millisecond
	_, results, err := p.registry.Publish(ctx, model.PublishRequest{
		Server: demoServer, Nodes: nodes, SamplingInterval: &sampling, PublishingInterval: &publishing,
		ExtensionFields: map[string]string{"site": "demo"},
	})
	for _, r := range results {
		if r.Status.IsBad() {
			err = errors.Join(err, fmt.Errorf("publish %s: %s", r.NodeID, r.Message))
		}
	}
	return errors.Join(err, p.publishDemoEvents(ctx))
}

// publishDemoEvents publishes what the machines report.
func (p *platform) publishDemoEvents(ctx context.Context) error {
	events := &model.EventSource{Notifier: model.Expanded(model.NumericID(0, 2253))}
	for _, name := range []string{"EventId", "EventType", "SourceNode", "SourceName", "Time", "ReceiveTime", "Message", "Severity"} {
		events.Select = append(events.Select, model.SelectClause{BrowsePath: []string{name}})
	}
	// Of the boilers' alarms besides; other events lack these.
	alarmType := model.Expanded(model.NumericID(0, 2915))
	events.Select = append(events.Select, model.SelectClause{TypeDefinition: alarmType, Attribute: model.AttributeNodeID, Name: "ConditionId"})
	for _, path := range [][]string{{"ConditionName"}, {"Retain"}, {"ActiveState", "Id"}, {"AckedState", "Id"}, {"ConfirmedState", "Id"}} {
		events.Select = append(events.Select, model.SelectClause{TypeDefinition: alarmType, BrowsePath: path, Name: strings.Join(path, "/")})
	}
	w := &model.DataSetWriter{
		Gateway: p.cfg.Gateway, Group: demoServer, Name: "events", Server: demoServer, SamplingInterval: time.Second, PublishingInterval: 500 * time.Millisecond, Events: events,
	}
	outcome, err := p.registry.Apply(ctx, model.ConfigurationChange{Gateway: p.cfg.Gateway, Items: []model.ConfigurationItem{{PutWriter: w}}})
	if err != nil {
		return fmt.Errorf("publish events: %w", err)
	}
	if _, problem, ok := outcome.Problem(); ok {
		return fmt.Errorf("publish events: %s: %s", problem.Field, problem.Message)
	}
	return nil
}

// demoVariables finds the variables of all machines, once the plant is connected. Their fields are named "Boiler1.Temperature".
func (p *platform) demoVariables(ctx context.Context) ([]model.PublishedField, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for p.registry.ServerStatus(demoServer).State != model.StateConnected {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
	root, err := p.commands.Translate(ctx, demoServer, []model.BrowsePath{{Path: demoPath}})
	if err != nil || root[0].Status.IsBad() {
		return nil, fmt.Errorf("find %s: %w %s", demoPath, err, root[0].Message)
	}
	machines, err := p.below(ctx, []model.ExpandedNodeID{root[0].NodeID}, model.NodeClassObject)
	if err != nil {
		return nil, err
	}
	ids := make([]model.ExpandedNodeID, len(machines[0]))
	for i, m := range machines[0] {
		ids[i] = m.NodeID
	}
	variables, err := p.below(ctx, ids, model.NodeClassVariable)
	if err != nil {
		return nil, err
	}
	var fields []model.PublishedField
	for i, m := range machines[0] {
		for _, v := range variables[i] {
			fields = append(fields, model.PublishedField{Name: m.BrowseName.Name + "." + v.BrowseName.Name, NodeID: v.NodeID})
		}
	}
	return fields, nil
}

// below returns the components, and what is organized, of each node.
func (p *platform) below(ctx context.Context, nodes []model.ExpandedNodeID, class model.NodeClass) ([][]model.Reference, error) {
	out := make([][]model.Reference, len(nodes))
	for _, kind := range []model.ExpandedNodeID{hasComponent, organizes} {
		ask := make([]model.BrowseDescription, len(nodes))
		for i, id := range nodes {
			ask[i] = model.BrowseDescription{NodeID: id, ReferenceType: kind, IncludeSubtypes: true, NodeClassMask: class}
		}
		results, err := p.commands.Browse(ctx, demoServer, ask)
		if err != nil {
			return nil, fmt.Errorf("browse demo plant: %w", err)
		}
		for i, r := range results {
			out[i] = append(out[i], r.References...)
		}
	}
	return out, nil
}
