package edge

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Handle answers one command: the JSON of a model.Command of the verb's items gives the JSON array of its results, in their
// order. It may be called from several goroutines. Its errors wrap a model.StatusCode: BadServerNotConnected when the server
// cannot be reached, BadNodeIdUnknown for a server that is not known here, BadServiceUnsupported for a verb that the server's
// protocol lacks, BadDecodingError for a body that is no such JSON.
func (g *Gateway) Handle(ctx context.Context, verb string, body []byte) ([]byte, error) {
	switch verb {
	case model.VerbBrowse:
		return answer(g, ctx, body, func(s Browser) serve[model.BrowseDescription, model.BrowseResult] { return s.Browse })
	case model.VerbTranslate:
		return answer(g, ctx, body, func(s Translator) serve[model.BrowsePath, model.TranslateResult] { return s.Translate })
	case model.VerbRead:
		return answer(g, ctx, body, func(s Reader) serve[model.ReadValueID, model.ReadResult] { return s.Read })
	case model.VerbWrite:
		return answer(g, ctx, body, func(s Writer) serve[model.WriteValue, model.WriteResult] { return s.Write })
	case model.VerbCall:
		return answer(g, ctx, body, func(s Caller) serve[model.CallRequest, model.CallResult] { return s.Call })
	case model.VerbHistoryRead:
		return answer(g, ctx, body, func(s HistoryReader) serve[model.HistoryRead, model.HistoryReadResult] { return s.HistoryRead })
	case model.VerbHistoryUpdate:
		return answer(g, ctx, body, func(s HistoryUpdater) serve[model.HistoryUpdate, model.HistoryUpdateResult] { return s.HistoryUpdate })
	case model.VerbHistoryCapabilities:
		return answer(g, ctx, body, func(s HistoryDescriber) serve[model.HistoryCapabilitiesQuery, model.HistoryCapabilities] {
			return s.HistoryCapabilities
		})
	case model.VerbHistoryConfiguration:
		return answer(g, ctx, body, func(s HistoryDescriber) serve[model.ExpandedNodeID, model.HistoryConfiguration] {
			return s.HistoryConfiguration
		})
	case model.VerbMethods:
		return answer(g, ctx, body, func(s MethodDescriber) serve[model.ExpandedNodeID, model.MethodDescription] { return s.DescribeMethods })
	case model.VerbNodes:
		return answer(g, ctx, body, func(s NodeReporter) serve[model.NodeQuery, model.NodePage] { return s.Nodes })
	case model.VerbExpand:
		return answer(g, ctx, body, func(s Expander) serve[model.Selection, model.Expansion] { return s.Expand })
	case model.VerbKeyFrame:
		return g.sendKeyFrames(ctx, body)
	case model.VerbDiscover, model.VerbCancelDiscovery:
		return nil, g.cfg.Discoveries.handle(ctx, verb, body)
	case model.VerbRegister:
		return answer(g, ctx, body, func(s NodeRegistrar) serve[model.ExpandedNodeID, model.RegisterResult] { return s.RegisterNodes })
	case model.VerbUnregister:
		return answer(g, ctx, body, func(s NodeRegistrar) serve[model.ExpandedNodeID, model.RegisterResult] { return s.UnregisterNodes })
	case model.VerbRegistered:
		return answer(g, ctx, body, func(s NodeRegistrar) serve[model.RegisteredQuery, model.RegisteredNodes] { return s.RegisteredNodes })
	case model.VerbTest:
		return g.testConnection(ctx, body)
	case model.VerbCertificate:
		return g.endpointCertificate(ctx, body)
	case model.VerbMonitor:
		return nil, g.startMonitors(body)
	case model.VerbModelMonitor:
		return nil, g.startModelMonitors(body)
	case model.VerbConditions:
		return answer(g, ctx, body, func(s ConditionServer) serve[model.ConditionQuery, model.ConditionPage] { return s.Conditions })
	case model.VerbCallConditions:
		return answer(g, ctx, body, func(s ConditionServer) serve[model.ConditionCall, model.ConditionResult] { return s.CallConditions })
	case model.VerbMonitorConditions:
		return nil, g.startConditionMonitors(body)
	case model.VerbMonitorEvents:
		return nil, g.startEventMonitors(body)
	case model.VerbTrace:
		return nil, g.startTraces(body)
	case model.VerbRenew:
		return nil, g.eachMonitor(body, g.monitors.renew)
	case model.VerbEnd:
		return nil, g.eachMonitor(body, g.monitors.end)
	}
	return nil, fmt.Errorf("command %q: %w", verb, model.StatusBadServiceUnsupported)
}

// serve is a service that answers item by item.
type serve[Item, Result any] func(context.Context, []Item) ([]Result, error)

// answer decodes a command, finds the ability A of its server's Source, and encodes the results.
func answer[A, Item, Result any](g *Gateway, ctx context.Context, body []byte, service func(A) serve[Item, Result]) ([]byte, error) {
	cmd, source, err := command[Item](g, body)
	if err != nil {
		return nil, err
	}
	able, ok := source.(A)
	if !ok {
		return nil, fmt.Errorf("server %q: %w", cmd.Server, model.StatusBadServiceUnsupported)
	}
	results, err := service(able)(ctx, cmd.Items)
	if err != nil {
		return nil, fmt.Errorf("server %q: %w", cmd.Server, err)
	}
	reply, err := json.Marshal(results)
	if err != nil || !cmd.Gzip || len(reply) < packFrom {
		return reply, err
	}
	return pack(reply)
}

// packFrom is the length from which on an answer is worth packing, in bytes.
const packFrom = 8 << 10

func pack(reply []byte) ([]byte, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(reply)
	err = errors.Join(err, z.Close())
	return packed.Bytes(), err
}

// command decodes a command and finds its server's Source.
func command[Item any](g *Gateway, body []byte) (cmd model.Command[Item], s Source, err error) {
	if err := json.Unmarshal(body, &cmd); err != nil {
		return cmd, nil, fmt.Errorf("command: %w: %w", model.StatusBadDecodingError, err)
	}
	a := g.asset(cmd.Server)
	switch {
	case a == nil:
		return cmd, nil, fmt.Errorf("server %q is not known to gateway %q: %w", cmd.Server, g.cfg.ID, model.StatusBadNodeIdUnknown)
	case a.source == nil:
		return cmd, nil, fmt.Errorf("server %q: %w: %s", cmd.Server, model.StatusBadServerNotConnected, a.failed)
	}
	return cmd, a.source, nil
}
