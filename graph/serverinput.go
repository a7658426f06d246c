package graph

import (
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const maxNameLength = 200

var (
	idPattern        = regexp.MustCompile(`^[a-z0-9_.-]{1,64}$`)
	securityPolicies = []string{"None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}
)

func checkName(name string) error {
	if strings.TrimSpace(name) == "" || len(name) > maxNameLength {
		return fieldError("name", "%q is empty or longer than %d bytes", name, maxNameLength)
	}
	return nil
}

func checkEndpointURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "opc.tcp" || u.Hostname() == "" || u.User != nil {
		return fieldError("endpointUrl", "%q is no address of an OPC UA server; want the form opc.tcp://10.0.0.5:4840", s)
	}
	return nil
}

func checkSecurityPolicy(s string) error {
	if s != "" && !slices.Contains(securityPolicies, s) {
		return fieldError("securityPolicy", "%q is not supported; want one of %s, or leave it out", s, strings.Join(securityPolicies, ", "))
	}
	return nil
}

// parseThumbprint brings a SHA-1 thumbprint into the form in which it is stored; colons, blanks and upper case are how machines
// show it.
func parseThumbprint(field, s string) (string, error) {
	t := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(s))
	if b, err := hex.DecodeString(t); err != nil || len(b) != 20 {
		return "", fieldError(field, "%q is no SHA-1 thumbprint; want 40 hexadecimal digits", s)
	}
	return t, nil
}

// server checks the input and makes a record of it. gateway is the one to take when none is given.
func (in *AddServerInput) server(gateway string) (s model.Server, password string, err error) {
	s = model.Server{
		ID: valueOrZero(in.ID), Name: in.Name, Gateway: gateway, EndpointURL: in.EndpointURL, SecurityMode: model.SecurityBest,
		SecurityPolicy: valueOrZero(in.SecurityPolicy), UserName: valueOrZero(in.UserName),
	}
	password = valueOrZero(in.Password)
	if in.Gateway != nil {
		s.Gateway = *in.Gateway
	}
	if in.SecurityMode != nil {
		s.SecurityMode = *in.SecurityMode
	}
	if in.ID != nil && !idPattern.MatchString(s.ID) {
		return s, "", fieldError("id", "%q is not made of 1 to 64 lower-case letters, digits, '-', '_' and '.'; leave it out to get one", s.ID)
	}
	if s.Gateway == "" {
		return s, "", fieldError("gateway", "no gateway runs in this process; name the one that connects to the server")
	}
	if password != "" && s.UserName == "" {
		return s, "", fieldError("userName", "a password is given without a user; give both or none")
	}
	for _, t := range in.TrustedThumbprints {
		if t, err = parseThumbprint("trustedThumbprints", t); err != nil {
			return s, "", err
		}
		s.TrustedThumbprints = append(s.TrustedThumbprints, t)
	}
	for _, check := range []error{checkName(s.Name), checkEndpointURL(s.EndpointURL), checkSecurityPolicy(s.SecurityPolicy)} {
		if check != nil {
			return s, "", check
		}
	}
	return s, password, nil
}

// change checks the input and makes the change of it. The password is nil when it stays.
func (in *UpdateServerInput) change() (change func(*model.Server), password *string, err error) {
	if in.Name.IsSet() {
		if err := checkName(valueOrZero(in.Name.Value())); err != nil {
			return nil, nil, err
		}
	}
	if in.EndpointURL.IsSet() {
		if err := checkEndpointURL(valueOrZero(in.EndpointURL.Value())); err != nil {
			return nil, nil, err
		}
	}
	if err := checkSecurityPolicy(valueOrZero(in.SecurityPolicy.Value())); err != nil {
		return nil, nil, err
	}
	anonymous := in.UserName.IsSet() && valueOrZero(in.UserName.Value()) == ""
	if in.Password.IsSet() || anonymous {
		p := valueOrZero(in.Password.Value())
		if anonymous && p != "" {
			return nil, nil, fieldError("userName", "a password is given without a user; give both or none")
		}
		password = &p
	}
	return func(s *model.Server) {
		if in.Name.IsSet() {
			s.Name = *in.Name.Value()
		}
		if in.EndpointURL.IsSet() {
			s.EndpointURL = *in.EndpointURL.Value()
		}
		if in.SecurityMode.IsSet() {
			if s.SecurityMode = valueOrZero(in.SecurityMode.Value()); s.SecurityMode == "" {
				s.SecurityMode = model.SecurityBest
			}
		}
		if in.SecurityPolicy.IsSet() {
			s.SecurityPolicy = valueOrZero(in.SecurityPolicy.Value())
		}
		if in.UserName.IsSet() {
			s.UserName = valueOrZero(in.UserName.Value())
		}
	}, password, nil
}
