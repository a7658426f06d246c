package registry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// tries is how often a change is made again when somebody else changed the record in between.
const tries = 5

var serverID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// AddServer stores a new server. Without an ID it gets one made from its name.
func (r *Registry) AddServer(ctx context.Context, s model.Server, password string) (model.Server, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	chosen := s.ID != ""
	if !chosen {
		s.ID = r.freeID(s.Name)
	}
	if err := validateServer(&s); err != nil {
		return s, err
	}
	if _, exists := r.servers.get(s.ID); exists {
		return s, fmt.Errorf("%w: server %q exists already; choose another id, or change it with updateServer", ErrConflict, s.ID)
	}
	var err error
	if s.SealedPassword, err = r.seal(s.UserName, password); err != nil {
		return s, err
	}
	return r.servers.create(ctx, s)
}

// seal encrypts a password; an empty one needs no storage.
func (r *Registry) seal(user, password string) ([]byte, error) {
	switch {
	case password == "":
		return nil, nil
	case user == "":
		return nil, fmt.Errorf("%w: password: is given without userName; give both or neither", ErrInvalid)
	}
	sealed, err := r.sealer.Seal([]byte(password))
	if err != nil {
		return nil, fmt.Errorf("seal password: %w", err)
	}
	return sealed, nil
}

// freeID makes an id of a name: "Press 7 (hall 2)" gives press-7-hall-2, with a number behind it if that is taken.
func (r *Registry) freeID(name string) string {
	base := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
	if base == "" {
		base = "server"
	}
	base = strings.TrimRight(base[:min(len(base), 56)], "-")
	id := base
	for n := 2; ; n++ {
		if _, taken := r.servers.get(id); !taken {
			return id
		}
		id = base + "-" + strconv.Itoa(n)
	}
}

// validateServer checks a record before it is stored; each error names the field, the value and the remedy.
func validateServer(s *model.Server) error {
	bad := func(field, format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrInvalid, field, fmt.Sprintf(format, args...))
	}
	if !serverID.MatchString(s.ID) {
		return bad("id", "%q is no id; use up to 64 lower-case letters, digits, '-', '_' and '.'", s.ID)
	}
	if s.Name = strings.TrimSpace(s.Name); s.Name == "" || len(s.Name) > 200 {
		return bad("name", "is empty or longer than 200 bytes")
	}
	if !serverID.MatchString(s.Gateway) {
		return bad("gateway", "%q is no id of a gateway", s.Gateway)
	}
	u, err := url.Parse(s.EndpointURL)
	if err != nil || u.Scheme != "opc.tcp" || u.Hostname() == "" || u.User != nil {
		return bad("endpointUrl", "%q is no address; write opc.tcp://host:4840 or opc.tcp://host:4840/path", s.EndpointURL)
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return bad("endpointUrl", "%q has no port between 1 and 65535", s.EndpointURL)
		}
	}
	switch s.SecurityMode {
	case "":
		s.SecurityMode = model.SecurityBest
	case model.SecurityBest, model.SecurityNone, model.SecuritySign, model.SecuritySignAndEncrypt:
	default:
		return bad("securityMode", "%q is unknown", s.SecurityMode)
	}
	policies := []string{"", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}
	if s.SecurityMode == model.SecurityNone {
		policies = []string{"", "None"}
	}
	if !slices.Contains(policies, s.SecurityPolicy) {
		return bad("securityPolicy", "%q does not go with securityMode %s; use %s, or leave it out", s.SecurityPolicy, s.SecurityMode, strings.Join(policies[1:], ", "))
	}
	if len(s.TrustedThumbprints) > 16 {
		return bad("trustedThumbprints", "has %d entries, at most 16 are allowed", len(s.TrustedThumbprints))
	}
	return nil
}

// UpdateServer changes a stored server. The password stays when password is nil, unless the server has no user any more.
func (r *Registry) UpdateServer(ctx context.Context, id string, change func(*model.Server), password *string) (model.Server, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	for range tries {
		old, err := r.Server(id)
		if err != nil {
			return old, err
		}
		s := old
		change(&s)
		s.ID, s.Gateway = old.ID, old.Gateway
		if err := validateServer(&s); err != nil {
			return old, err
		}
		if password != nil {
			if s.SealedPassword, err = r.seal(s.UserName, *password); err != nil {
				return old, err
			}
		} else if s.UserName == "" {
			s.SealedPassword = nil
		}
		s, err = r.servers.update(ctx, s, old.Revision)
		if !errors.Is(err, ErrConflict) {
			return s, err
		}
		if err := r.settle(ctx); err != nil {
			return old, err
		}
	}
	return model.Server{}, fmt.Errorf("%w: server %q is being changed by others, try again", ErrConflict, id)
}

// RemoveServer removes a server and its writers.
func (r *Registry) RemoveServer(ctx context.Context, id string) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	s, err := r.Server(id)
	if err != nil {
		return err
	}
	for _, w := range r.Writers() {
		if w.Server == id {
			if err := r.writers.remove(ctx, w, w.Revision); err != nil {
				return fmt.Errorf("remove writer %s: %w", w.Key(), err)
			}
			r.dropStatus(ctx, w.Key())
		}
	}
	if err := r.servers.remove(ctx, s, s.Revision); err != nil {
		return err
	}
	if err := r.serverStatus.drop(ctx, id); err != nil {
		r.log.Warn().Err(err).Str("server", id).Msg("status of a removed server stays")
	}
	return nil
}

// dropStatus removes what was reported of a writer that is gone.
func (r *Registry) dropStatus(ctx context.Context, key model.WriterKey) {
	if err := r.writerStatus.drop(ctx, key); err != nil {
		r.log.Warn().Err(err).Str("writer", key.String()).Msg("status of a removed writer stays")
	}
}
