package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// requestCounts is extensions.opcua of an answer: the requests that gateways sent to servers for it. An answer for which no gateway was asked has none, and
// a subscription neither: its deliveries come by themselves.
type requestCounts struct {
	// Requests is the sum over the services.
	Requests uint64 `json:"requests"`
	// Commands is how many commands went to gateways.
	Commands int `json:"commands"`
	// Uncounted are commands to gateways of a version that does not tell what it sends; they are not in Requests.
	Uncounted int                           `json:"uncountedCommands,omitempty"`
	Services  map[string]model.ServiceCount `json:"services"`
}

// countRequests tells with each answer what it cost the servers.
func countRequests(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if isSubscription(ctx) {
		return next(ctx)
	}
	ctx, tally := model.WithTally(ctx)
	response := next(ctx)
	asked, silent := tally.Commands()
	if response == nil || asked == 0 {
		return response
	}
	counts := requestCounts{Commands: asked, Uncounted: silent, Services: tally.Counts()}
	if counts.Services == nil {
		counts.Services = map[string]model.ServiceCount{}
	}
	for _, s := range counts.Services {
		counts.Requests += s.Requests
	}
	if response.Extensions == nil {
		response.Extensions = map[string]any{}
	}
	response.Extensions["opcua"] = counts
	return response
}
