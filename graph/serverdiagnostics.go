package graph

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The nodes of the object Server that tell how it is (Part 6, A.3).
const (
	idStartTime                       = 2257
	idCurrentTime                     = 2258
	idState                           = 2259
	idProductName                     = 2261
	idProductURI                      = 2262
	idManufacturerName                = 2263
	idSoftwareVersion                 = 2264
	idBuildNumber                     = 2265
	idBuildDate                       = 2266
	idServiceLevel                    = 2267
	idServerViewCount                 = 2276
	idCurrentSessionCount             = 2277
	idCumulatedSessionCount           = 2278
	idSecurityRejectedSessionCount    = 2279
	idSessionTimeoutCount             = 2281
	idSessionAbortCount               = 2282
	idPublishingIntervalCount         = 2284
	idCurrentSubscriptionCount        = 2285
	idCumulatedSubscriptionCount      = 2286
	idSecurityRejectedRequestsCount   = 2287
	idRejectedRequestsCount           = 2288
	idSubscriptionDiagnosticsArray    = 2290
	idEnabledFlag                     = 2294
	idSecondsTillShutdown             = 2992
	idShutdownReason                  = 2993
	idAuditing                        = 2994
	idRejectedSessionCount            = 3705
	idSessionDiagnosticsArray         = 3707
	idSessionSecurityDiagnosticsArray = 3708
	idRedundancySupport               = 3709
	idCurrentServerID                 = 11312
	idRedundantServerArray            = 11313
	idServerURIArray                  = 11314
	idEstimatedReturnTime             = 12885
)

// serverStates are the states by their numbers (Part 5, 12.6).
func serverStates() []ServerState {
	return []ServerState{
		ServerStateRunning, ServerStateFailed, ServerStateNoConfiguration, ServerStateSuspended, ServerStateShutdown, ServerStateTest,
		ServerStateCommunicationFault, ServerStateUnknown,
	}
}

// redundancySupports are the kinds of redundancy by their numbers (Part 5, 12.5).
func redundancySupports() []RedundancySupport {
	return []RedundancySupport{
		RedundancySupportNone, RedundancySupportCold, RedundancySupportWarm, RedundancySupportHot, RedundancySupportTransparent,
		RedundancySupportHotAndMirrored,
	}
}

// securityModes are the modes by their numbers (Part 4, 7.20), of which 0 is none.
func securityModes() []model.SecurityMode {
	return []model.SecurityMode{model.SecurityBest, model.SecurityNone, model.SecuritySign, model.SecuritySignAndEncrypt}
}

// serverDiagnostics reads how a server is, in one Read.
func (r *Resolver) serverDiagnostics(ctx context.Context, server string) (*ServerDiagnostics, error) {
	return readServerObject(ctx, r, server, func(o *serverObject) *ServerDiagnostics {
		d := &ServerDiagnostics{
			Status:              serverStatus(o),
			ServiceLevel:        o.integer(idServiceLevel),
			Auditing:            o.boolean(idAuditing),
			EstimatedReturnTime: o.time(idEstimatedReturnTime),
			Enabled:             o.boolean(idEnabledFlag),
			Sessions:            sessionDiagnostics(o),
			Subscriptions:       structures[SubscriptionDiagnostics](o, idSubscriptionDiagnosticsArray),
			Redundancy:          redundancy(o),
		}
		summary := diagnosticsSummary(o)
		if d.Enabled != nil && *d.Enabled {
			d.Summary = summary
		} else { // a server that collects nothing has empty arrays
			d.Sessions, d.Subscriptions = nil, nil
		}
		return d
	})
}

// serverStatus goes by the components of the variable, which no data type has to be known for.
func serverStatus(o *serverObject) ServerStatus {
	return ServerStatus{
		State:               enumerated(o.integer(idState), serverStates()),
		StartTime:           o.time(idStartTime),
		CurrentTime:         o.time(idCurrentTime),
		SecondsTillShutdown: o.integer(idSecondsTillShutdown),
		ShutdownReason:      o.localizedText(idShutdownReason),
		BuildInfo: BuildInfo{
			ProductURI:       o.text(idProductURI),
			ManufacturerName: o.text(idManufacturerName),
			ProductName:      o.text(idProductName),
			SoftwareVersion:  o.text(idSoftwareVersion),
			BuildNumber:      o.text(idBuildNumber),
			BuildDate:        o.time(idBuildDate),
		},
	}
}

func diagnosticsSummary(o *serverObject) *ServerDiagnosticsSummary {
	return &ServerDiagnosticsSummary{
		ServerViewCount:               o.count(idServerViewCount),
		CurrentSessionCount:           o.count(idCurrentSessionCount),
		CumulatedSessionCount:         o.count(idCumulatedSessionCount),
		SecurityRejectedSessionCount:  o.count(idSecurityRejectedSessionCount),
		RejectedSessionCount:          o.count(idRejectedSessionCount),
		SessionTimeoutCount:           o.count(idSessionTimeoutCount),
		SessionAbortCount:             o.count(idSessionAbortCount),
		CurrentSubscriptionCount:      o.count(idCurrentSubscriptionCount),
		CumulatedSubscriptionCount:    o.count(idCumulatedSubscriptionCount),
		PublishingIntervalCount:       o.count(idPublishingIntervalCount),
		SecurityRejectedRequestsCount: o.count(idSecurityRejectedRequestsCount),
		RejectedRequestsCount:         o.count(idRejectedRequestsCount),
	}
}

func redundancy(o *serverObject) ServerRedundancy {
	r := ServerRedundancy{
		Support:         enumerated(o.integer(idRedundancySupport), redundancySupports()),
		ServerUris:      list[string](o, idServerURIArray, model.TypeString),
		CurrentServerID: o.text(idCurrentServerID),
	}
	type member struct {
		ServerID     string
		ServiceLevel int
		ServerState  int
	}
	for _, m := range structures[member](o, idRedundantServerArray) {
		r.Servers = append(r.Servers, RedundantServer{ServerID: m.ServerID, ServiceLevel: m.ServiceLevel, ServerState: enumerated(&m.ServerState, serverStates())})
	}
	return r
}

// serviceCounter is a ServiceCounterDataType (Part 5, 12.13).
type serviceCounter struct{ TotalCount, ErrorCount uint64 }

// sessionBody is a SessionDiagnosticsDataType. Its counters are told by their names, whichever there are.
type sessionBody struct {
	SessionDiagnostics
	ClientDescription struct {
		ApplicationURI  string
		ApplicationName *model.LocalizedText
	}
	TotalRequestCount *serviceCounter
	counters          map[string]serviceCounter
}

// UnmarshalJSON reads the members by their names.
func (s *sessionBody) UnmarshalJSON(b []byte) error {
	type plain sessionBody
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, (*plain)(s)); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	s.counters = map[string]serviceCounter{}
	for name, raw := range members {
		service, isCount := strings.CutSuffix(name, "Count")
		var c serviceCounter
		if isCount && service != "TotalRequest" && strings.HasPrefix(string(raw), "{") && json.Unmarshal(raw, &c) == nil && c != (serviceCounter{}) {
			s.counters[service] = c
		}
	}
	return nil
}

func sessionDiagnostics(o *serverObject) []SessionDiagnostics {
	bodies := structures[sessionBody](o, idSessionDiagnosticsArray)
	security := sessionSecurity(o)
	if bodies == nil {
		return nil
	}
	out := make([]SessionDiagnostics, len(bodies))
	for i := range bodies {
		b := &bodies[i]
		d := b.SessionDiagnostics
		d.ClientApplicationURI, d.ClientApplicationName = optional(b.ClientDescription.ApplicationURI), b.ClientDescription.ApplicationName
		if t := b.TotalRequestCount; t != nil {
			d.TotalRequests = &RequestCounter{Total: t.TotalCount, Errors: t.ErrorCount}
		}
		d.Requests = []ServiceCounter{}
		for _, service := range slices.Sorted(maps.Keys(b.counters)) {
			c := b.counters[service]
			d.Requests = append(d.Requests, ServiceCounter{Service: service, Total: c.TotalCount, Errors: c.ErrorCount})
		}
		if d.SessionID != nil {
			d.Security = security[*d.SessionID]
		}
		out[i] = d
	}
	return out
}

// sessionSecurity is what the server tells of the security of sessions, by their ids. Most do so to administrators over secure channels only.
func sessionSecurity(o *serverObject) map[model.ExpandedNodeID]*SessionSecurity {
	type body struct {
		SessionID             model.ExpandedNodeID
		ClientUserIDOfSession *string
		SecurityMode          int
		SessionSecurity
	}
	out := map[model.ExpandedNodeID]*SessionSecurity{}
	for _, b := range structures[body](o, idSessionSecurityDiagnosticsArray) {
		s := b.SessionSecurity
		s.ClientUserID = b.ClientUserIDOfSession
		if b.SecurityMode > 0 {
			s.SecurityMode = enumerated(&b.SecurityMode, securityModes())
		}
		out[b.SessionID] = &s
	}
	return out
}
