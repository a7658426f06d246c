package discovered

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// arrivalTimeout is how long the applications of a discovery are waited for: they come by another way than its end, and seldom later.
const arrivalTimeout = 5 * time.Second

// policies are those with which gateways connect, the weakest first.
var policies = []string{"None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}

// modes are the security modes, the weakest first.
var modes = []model.SecurityMode{model.SecurityNone, model.SecuritySign, model.SecuritySignAndEncrypt}

// activate adds the servers that the filter of an ended discovery matches, and notes in the discovery that it did. It may be done twice, by
// two cores or after a crash: a server that is there already is not added again.
func (r *Registry) activate(ctx context.Context, d model.Discovery) error {
	stored, revision, ok := r.discoveries.get(d.ID)
	if !ok || !stored.Progress.Phase.Final() || stored.Config.Activation == nil || stored.Activations != nil || len(stored.Applications) == 0 {
		return nil
	}
	if err := r.arrived(ctx, stored.Applications); err != nil {
		return err
	}
	stored.Activations = []model.Activation{}
	for _, id := range stored.Applications {
		a, err := r.Application(id)
		if err != nil {
			continue // forgotten meanwhile
		}
		e, ok := chosen(stored.Config.Activation, &a)
		if !ok {
			continue
		}
		outcome := model.Activation{Application: id}
		s, err := r.addServer(ctx, a, e, model.Server{TrustedThumbprints: trusted(stored.Config.Activation, e)})
		if outcome.Server = s.ID; err != nil {
			outcome.Error = err.Error()
		}
		stored.Activations = append(stored.Activations, outcome)
	}
	if err := r.discoveries.update(ctx, stored, revision); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

// arrived waits until the applications are known here.
func (r *Registry) arrived(ctx context.Context, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, arrivalTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for slices.ContainsFunc(ids, func(id string) bool { _, err := r.Application(id); return err != nil }) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil // the rest is gone
			}
			return ctx.Err()
		}
	}
	return nil
}

// chosen returns the most secure endpoint of an application that the filter matches and that can be used.
func chosen(f *model.ActivationFilter, a *model.DiscoveredApplication) (best model.Endpoint, ok bool) {
	if a.Type == model.ApplicationClient || a.Type == model.ApplicationDiscoveryServer || !matches(f.ApplicationURI, a.ApplicationURI) {
		return best, false
	}
	for _, e := range a.Endpoints {
		switch {
		case f.SecurityMode != "" && f.SecurityMode != model.SecurityBest && e.SecurityMode != f.SecurityMode,
			len(f.SecurityPolicies) > 0 && !slices.Contains(f.SecurityPolicies, e.SecurityPolicy),
			len(f.TrustedThumbprints) > 0 && !slices.Contains(f.TrustedThumbprints, e.Thumbprint),
			!slices.Contains(policies, e.SecurityPolicy):
			continue
		}
		if !ok || rank(e) > rank(best) {
			best, ok = e, true
		}
	}
	return best, ok
}

// rank orders endpoints by their security.
func rank(e model.Endpoint) int {
	return slices.Index(modes, e.SecurityMode)*len(policies) + slices.Index(policies, e.SecurityPolicy)
}

// trusted is the certificate of the endpoint if the filter trusts it.
func trusted(f *model.ActivationFilter, e model.Endpoint) []string {
	if e.Thumbprint != "" && slices.Contains(f.TrustedThumbprints, e.Thumbprint) {
		return []string{e.Thumbprint}
	}
	return nil
}

// matches tells whether a text matches a pattern in which "*" stands for any text; the empty pattern matches all.
func matches(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(text, parts[0])
	if len(parts) == 1 {
		return ok && rest == ""
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

// AddServer makes a server of an endpoint of a found application. Of s, ID, Name and TrustedThumbprints count; what is empty is made of what
// the application tells. With url "" it is the most secure endpoint, else that at the address, with mode and policy where they are not empty.
func (r *Registry) AddServer(ctx context.Context, application, url string, s model.Server) (model.Server, error) {
	a, err := r.Application(application)
	if err != nil {
		return s, err
	}
	f := model.ActivationFilter{SecurityMode: s.SecurityMode}
	if s.SecurityPolicy != "" {
		f.SecurityPolicies = []string{s.SecurityPolicy}
	}
	offered := a
	if url != "" {
		offered.Endpoints = nil
		for _, e := range a.Endpoints {
			if e.URL == url || slices.Contains(e.AlternativeURLs, url) {
				e.URL = url
				offered.Endpoints = append(offered.Endpoints, e)
			}
		}
	}
	offered.Type = model.ApplicationServer // what the operator names is taken, discovery servers as well
	e, ok := chosen(&f, &offered)
	if !ok {
		return s, fmt.Errorf("%w: endpoint: application %q has none with url %q, securityMode %q and securityPolicy %q that can be used", ErrInvalid, application, url, s.SecurityMode, s.SecurityPolicy)
	}
	return r.addServer(ctx, a, e, s)
}

// addServer adds a server, or returns the one that is there already.
func (r *Registry) addServer(ctx context.Context, a model.DiscoveredApplication, e model.Endpoint, s model.Server) (model.Server, error) {
	if there, ok := r.ServerOf(&a); ok {
		return there, nil
	}
	s.Name = cmp.Or(strings.TrimSpace(s.Name), strings.TrimSpace(a.Name), a.ApplicationURI)
	s.Name = strings.ToValidUTF8(s.Name[:min(len(s.Name), 200)], "")
	s.ID = cmp.Or(s.ID, serverID(s.Name, a.ID))
	s.Gateway, s.EndpointURL, s.SecurityMode, s.SecurityPolicy = a.Gateway, e.URL, e.SecurityMode, e.SecurityPolicy
	return r.cfg.Servers.AddServer(ctx, s)
}

// ServerOf returns the server of the registry that is an application: the one of its gateway with the address of one of its endpoints.
func (r *Registry) ServerOf(a *model.DiscoveredApplication) (model.Server, bool) {
	for _, s := range r.cfg.Servers.Servers() {
		if s.Gateway == a.Gateway && slices.ContainsFunc(a.Endpoints, func(e model.Endpoint) bool {
			return e.URL == s.EndpointURL || slices.Contains(e.AlternativeURLs, s.EndpointURL)
		}) {
			return s, true
		}
	}
	return model.Server{}, false
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// serverID is the same one for the same application, so that two cores that activate it at the same time add one server.
func serverID(name, application string) string {
	base := strings.Trim(notInID.ReplaceAllString(strings.ToLower(name), "-"), "-")
	return strings.Trim(base[:min(len(base), 48)]+"-"+application[:min(len(application), 6)], "-")
}
