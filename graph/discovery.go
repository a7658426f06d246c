package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Discoveries are the discoveries of gateways, and the applications that they found.
type Discoveries interface {
	Discover(ctx context.Context, gateway string, c model.DiscoveryConfig) (model.Discovery, error)
	CancelDiscovery(ctx context.Context, id string) (model.Discovery, error)
	Discovery(id string) (model.Discovery, error)
	// Discoveries returns those that are kept, the newest first.
	Discoveries() []model.Discovery
	// WatchDiscovery delivers a discovery as it is and as it changes, until it has ended or ctx ends; then the channel is closed.
	WatchDiscovery(ctx context.Context, id string) (<-chan model.Discovery, error)
	Schedule(gateway string) (model.DiscoverySchedule, bool)
	// SetSchedule ends the schedule with nil.
	SetSchedule(ctx context.Context, gateway string, c *model.DiscoveryConfig) error
	// Applications returns those that were found, in the order of their ids.
	Applications() []model.DiscoveredApplication
	Application(id string) (model.DiscoveredApplication, error)
	// AddServer adds the endpoint at url, or with "" the most secure one, as a server; of s, ID, Name, TrustedThumbprints and what narrows
	// the security are taken. One that is there already is returned.
	AddServer(ctx context.Context, application, url string, s model.Server) (model.Server, error)
	// ServerOf returns the server that an application is, if it is one.
	ServerOf(a *model.DiscoveredApplication) (model.Server, bool)
	ForgetApplications(ctx context.Context, gateway string, notSeenFor time.Duration) ([]string, error)
}

// discoveries are the Discoveries, if there are any.
func (r *Resolver) discoveries() (Discoveries, error) {
	if r.Discoveries == nil {
		return nil, fmt.Errorf("%w: this process does not serve discoveries", ErrUnavailable)
	}
	return r.Discoveries, nil
}

// DiscoveryProgress is the progress of a discovery, and why it failed if it did.
type DiscoveryProgress struct {
	model.DiscoveryProgress
	Error string
}

func progressOf(d model.Discovery) *DiscoveryProgress {
	return &DiscoveryProgress{DiscoveryProgress: d.Progress, Error: d.Error}
}

// config makes a configuration of the input. What is left out stays zero, which stands for the default.
func (in *DiscoverInput) config() (model.DiscoveryConfig, error) {
	c := model.DiscoveryConfig{
		Mode: valueOrZero(in.Mode), AddressRanges: valueOrZero(in.AddressRangesToScan), PortRanges: valueOrZero(in.PortRangesToScan),
		NetworkProbeTimeout: valueOrZero(in.NetworkProbeTimeout), MaxNetworkProbes: valueOrZero(in.MaxNetworkProbes),
		PortProbeTimeout: valueOrZero(in.PortProbeTimeout), MaxPortProbes: valueOrZero(in.MaxPortProbes),
		MinPortProbesPercent: valueOrZero(in.MinPortProbesPercent), MaxProbesPerSecond: valueOrZero(in.MaxProbesPerSecond),
		IdleTimeBetweenScans: valueOrZero(in.IdleTimeBetweenScans), DiscoveryURLs: in.DiscoveryUrls, Locales: in.Locales,
		Multicast: in.Multicast, FollowReferrals: valueOrZero(in.FollowReferrals),
	}
	f := in.ActivationFilter
	if f == nil {
		return c, nil
	}
	c.Activation = &model.ActivationFilter{ApplicationURI: valueOrZero(f.ApplicationURI), SecurityMode: model.SecurityBest, SecurityPolicies: f.SecurityPolicies}
	if f.SecurityMode != nil {
		c.Activation.SecurityMode = *f.SecurityMode
	}
	for _, p := range f.SecurityPolicies {
		if err := checkSecurityPolicy(p); err != nil {
			return c, err
		}
	}
	for _, t := range f.TrustedThumbprints {
		t, err := parseThumbprint("activationFilter.trustedThumbprints", t)
		if err != nil {
			return c, err
		}
		c.Activation.TrustedThumbprints = append(c.Activation.TrustedThumbprints, t)
	}
	return c, nil
}

// discover starts a discovery.
func (r *Resolver) discover(ctx context.Context, in *DiscoverInput) (*model.Discovery, error) {
	all, err := r.discoveries()
	if err != nil {
		return nil, err
	}
	c, err := in.config()
	if err != nil {
		return nil, err
	}
	gateway := r.LocalGateway
	if in.Gateway != nil {
		gateway = *in.Gateway
	}
	if gateway == "" {
		return nil, fieldError("gateway", "is left out, and there is none in this process; name one")
	}
	d, err := all.Discover(ctx, gateway, c)
	if err != nil {
		return nil, fmt.Errorf("discover with gateway %q: %w", gateway, err)
	}
	return &d, nil
}

// scheduleDiscovery sets or, with nil, ends a schedule.
func (r *Resolver) scheduleDiscovery(ctx context.Context, gateway string, in *DiscoverInput) (*model.DiscoverySchedule, error) {
	all, err := r.discoveries()
	if err != nil {
		return nil, err
	}
	if _, err := r.Registry.Gateway(gateway); err != nil {
		return nil, fmt.Errorf("gateway %q: %w", gateway, err)
	}
	var config *model.DiscoveryConfig
	if in != nil {
		if in.Gateway != nil && *in.Gateway != gateway {
			return nil, fieldError("input.gateway", "%q is not %q; leave it out", *in.Gateway, gateway)
		}
		c, err := in.config()
		if err != nil {
			return nil, err
		}
		config = &c
	}
	if err := all.SetSchedule(ctx, gateway, config); err != nil {
		return nil, fmt.Errorf("schedule discovery of gateway %q: %w", gateway, err)
	}
	return schedule(all, gateway), nil
}

// schedule is the schedule of a gateway, or nil.
func schedule(all Discoveries, gateway string) *model.DiscoverySchedule {
	if s, ok := all.Schedule(gateway); ok {
		return &s
	}
	return nil
}

// addDiscoveredServer makes a server of a found application.
func (r *Resolver) addDiscoveredServer(ctx context.Context, in *AddDiscoveredServerInput) (*model.Server, error) {
	all, err := r.discoveries()
	if err != nil {
		return nil, err
	}
	s := model.Server{ID: valueOrZero(in.ID), Name: valueOrZero(in.Name), SecurityMode: valueOrZero(in.SecurityMode), SecurityPolicy: valueOrZero(in.SecurityPolicy)}
	if err := checkSecurityPolicy(s.SecurityPolicy); err != nil {
		return nil, err
	}
	if in.TrustedThumbprint != nil {
		t, err := parseThumbprint("trustedThumbprint", *in.TrustedThumbprint)
		if err != nil {
			return nil, err
		}
		s.TrustedThumbprints = []string{t}
	}
	if s, err = all.AddServer(ctx, in.Application, valueOrZero(in.EndpointURL), s); err != nil {
		return nil, fmt.Errorf("add application %q: %w", in.Application, err)
	}
	return &s, nil
}

// discoveryConnection makes a page of discoveries.
func discoveryConnection(list []model.Discovery, first *int, after *string) (*DiscoveryConnection, error) {
	p, err := pageOf(list, func(d *model.Discovery) string { return d.ID }, false, first, after)
	if err != nil {
		return nil, err
	}
	c := &DiscoveryConnection{PageInfo: p.info, TotalCount: len(list), Edges: make([]DiscoveryEdge, len(p.items))}
	for i, d := range p.items {
		c.Edges[i] = DiscoveryEdge{Cursor: p.cursors[i], Node: d}
	}
	return c, nil
}

// applicationConnection makes a page of applications, which are in the order of their ids.
func applicationConnection(list []model.DiscoveredApplication, first *int, after *string) (*ApplicationConnection, error) {
	p, err := pageOf(list, func(a *model.DiscoveredApplication) string { return a.ID }, true, first, after)
	if err != nil {
		return nil, err
	}
	c := &ApplicationConnection{PageInfo: p.info, TotalCount: len(list), Edges: make([]ApplicationEdge, len(p.items))}
	for i, a := range p.items {
		c.Edges[i] = ApplicationEdge{Cursor: p.cursors[i], Node: a}
	}
	return c, nil
}

// matches tells whether an application is one that the filter selects; nil selects all. added tells whether it is a server.
func (f *ApplicationFilter) matches(a *model.DiscoveredApplication, added func(*model.DiscoveredApplication) bool) bool {
	switch {
	case f == nil:
		return true
	case f.Gateway != nil && *f.Gateway != a.Gateway, f.Type != nil && *f.Type != a.Type,
		f.Capability != nil && !slices.Contains(a.Capabilities, *f.Capability),
		f.NotSeen != nil && *f.NotSeen == a.NotSeenSince.IsZero():
		return false
	case f.Text != nil && !hasText(a, strings.ToLower(*f.Text)):
		return false
	}
	return f.Added == nil || *f.Added == added(a)
}

func hasText(a *model.DiscoveredApplication, text string) bool {
	in := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	return in(a.Name) || in(a.ApplicationURI) || in(a.ProductURI) || slices.ContainsFunc(a.DiscoveryURLs, in) ||
		slices.ContainsFunc(a.Endpoints, func(e model.Endpoint) bool {
			return in(e.URL) || in(e.ReportedURL) || slices.ContainsFunc(e.AlternativeURLs, in)
		})
}
