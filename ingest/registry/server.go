package registry

import (
	"context"
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
	chosen := s.ID != ""
	c := model.ConfigurationChange{Gateway: s.Gateway, Comment: "add server " + s.Name}
	err := r.transactOne(ctx, &c, func(d *draft) (err error) {
		if !chosen {
			s.ID = r.freeID(s.Name)
		}
		if err := validateServer(&s); err != nil {
			return err
		}
		if r.ownerOf(s.ID) != "" {
			return fmt.Errorf("%w: server %q exists already; choose another id, or change it with updateServer", ErrConflict, s.ID)
		}
		if err := d.registeredTwice(&s); err != nil {
			return err
		}
		if s.SealedPassword, err = r.seal(s.UserName, password); err != nil {
			return err
		}
		d.putServer(s)
		return nil
	})
	if err != nil {
		return s, err
	}
	return r.Server(s.ID)
}

// transactOne is transact for a change of one record, whose problem is the error.
func (r *Registry) transactOne(ctx context.Context, c *model.ConfigurationChange, edit func(*draft) error) error {
	o, err := r.transact(ctx, c, edit)
	if err != nil {
		return err
	}
	return errorOf(&o)
}

// seal encrypts a password; an empty one needs no storage.
func (r *Registry) seal(user, password string) ([]byte, error) {
	switch {
	case password == "":
		return nil, nil
	case user == "":
		return nil, invalid("password", "is given without userName; give both or neither")
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
		if r.ownerOf(id) == "" {
			return id
		}
		id = base + "-" + strconv.Itoa(n)
	}
}

// validateServer checks a record before it is stored; each error names the field, the value and the remedy.
func validateServer(s *model.Server) error {
	if !serverID.MatchString(s.ID) {
		return invalid("id", "%q is no id; use up to 64 lower-case letters, digits, '-', '_' and '.'", s.ID)
	}
	if s.Name = strings.TrimSpace(s.Name); s.Name == "" || len(s.Name) > 200 {
		return invalid("name", "is empty or longer than 200 bytes")
	}
	if !serverID.MatchString(s.Gateway) {
		return invalid("gateway", "%q is no id of a gateway", s.Gateway)
	}
	u, err := url.Parse(s.EndpointURL)
	if err != nil || u.Scheme != "opc.tcp" || u.Hostname() == "" || u.User != nil {
		return invalid("endpointUrl", "%q is no address; write opc.tcp://host:4840 or opc.tcp://host:4840/path", s.EndpointURL)
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return invalid("endpointUrl", "%q has no port between 1 and 65535", s.EndpointURL)
		}
	}
	switch s.SecurityMode {
	case "":
		s.SecurityMode = model.SecurityBest
	case model.SecurityBest, model.SecurityNone, model.SecuritySign, model.SecuritySignAndEncrypt:
	default:
		return invalid("securityMode", "%q is unknown", s.SecurityMode)
	}
	policies := []string{"", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}
	if s.SecurityMode == model.SecurityNone {
		policies = []string{"", "None"}
	}
	if !slices.Contains(policies, s.SecurityPolicy) {
		return invalid("securityPolicy", "%q does not go with securityMode %s; use %s, or leave it out", s.SecurityPolicy, s.SecurityMode, strings.Join(policies[1:], ", "))
	}
	if len(s.TrustedThumbprints) > 16 {
		return invalid("trustedThumbprints", "has %d entries, at most 16 are allowed", len(s.TrustedThumbprints))
	}
	return nil
}

// UpdateServer changes a stored server. The password stays when password is nil, unless the server has no user any more.
func (r *Registry) UpdateServer(ctx context.Context, id string, change func(*model.Server), password *string) (model.Server, error) {
	old, err := r.Server(id)
	if err != nil {
		return old, err
	}
	c := model.ConfigurationChange{Gateway: old.Gateway, Comment: "update server " + id}
	err = r.transactOne(ctx, &c, func(d *draft) (err error) {
		s, ok := d.next.servers[id]
		if !ok {
			return fmt.Errorf("server %q: %w", id, ErrNotFound)
		}
		change(&s)
		s.ID, s.Gateway = id, old.Gateway
		if err := validateServer(&s); err != nil {
			return err
		}
		if err := d.registeredTwice(&s); err != nil {
			return err
		}
		if password != nil {
			if s.SealedPassword, err = r.seal(s.UserName, *password); err != nil {
				return err
			}
		} else if s.UserName == "" {
			s.SealedPassword = nil
		}
		d.putServer(s)
		return nil
	})
	if err != nil {
		return old, err
	}
	return r.Server(id)
}

// RemoveServer removes a server and its writers.
func (r *Registry) RemoveServer(ctx context.Context, id string) error {
	s, err := r.Server(id)
	if err != nil {
		return err
	}
	c := model.ConfigurationChange{Gateway: s.Gateway, Comment: "remove server " + id}
	return r.transactOne(ctx, &c, func(d *draft) error {
		if _, ok := d.next.servers[id]; !ok {
			return fmt.Errorf("server %q: %w", id, ErrNotFound)
		}
		d.removeServer(id)
		return nil
	})
}
