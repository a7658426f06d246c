package opcua

import (
	"strings"
	"testing"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func offer(mode ua.MessageSecurityMode, policy string, tokens ...*ua.UserTokenPolicy) *ua.EndpointDescription {
	if tokens == nil {
		tokens = []*ua.UserTokenPolicy{{PolicyID: "anonymous", TokenType: ua.UserTokenTypeAnonymous}}
	}
	return &ua.EndpointDescription{
		EndpointURL: "opc.tcp://elsewhere:1", SecurityMode: mode, SecurityPolicyURI: policyPrefix + policy, UserIdentityTokens: tokens, TransportProfileURI: binaryTransport,
	}
}

func userName(id, policy string) *ua.UserTokenPolicy {
	if policy != "" {
		policy = policyPrefix + policy
	}
	return &ua.UserTokenPolicy{PolicyID: id, TokenType: ua.UserTokenTypeUserName, SecurityPolicyURI: policy}
}

func TestChoose(t *testing.T) {
	none, sign, both := ua.MessageSecurityModeNone, ua.MessageSecurityModeSign, ua.MessageSecurityModeSignAndEncrypt
	all := []*ua.EndpointDescription{
		offer(none, "None"), offer(sign, "Basic256Sha256"), offer(both, "Basic256Sha256"), offer(both, "Aes256_Sha256_RsaPss"), offer(sign, "Aes256_Sha256_RsaPss"), offer(both, "Basic256"),
	}
	old := []*ua.EndpointDescription{offer(both, "Basic256"), offer(both, "Basic128Rsa15")}
	clear := []*ua.EndpointDescription{offer(none, "None", userName("clear", ""))}
	either := []*ua.EndpointDescription{offer(none, "None", userName("clear", "None"), userName("encrypted", "Basic256Sha256"))}
	signed := []*ua.EndpointDescription{offer(sign, "Basic256Sha256", userName("clear", "None"))}
	for _, c := range []struct {
		name     string
		offered  []*ua.EndpointDescription
		server   model.Server
		identity bool
		want     string // "mode/policy/token", or a part of the error
	}{
		{"best", all, model.Server{SecurityMode: model.SecurityBest}, true, "SignAndEncrypt/Aes256_Sha256_RsaPss/anonymous"},
		{"best without identity", all, model.Server{SecurityMode: model.SecurityBest}, false, "None/None/anonymous"},
		{"none", all, model.Server{SecurityMode: model.SecurityNone}, true, "None/None/anonymous"},
		{"sign", all, model.Server{SecurityMode: model.SecuritySign}, true, "Sign/Aes256_Sha256_RsaPss/anonymous"},
		{"policy", all, model.Server{SecurityMode: model.SecurityBest, SecurityPolicy: "Basic256Sha256"}, true, "SignAndEncrypt/Basic256Sha256/anonymous"},
		{"not offered", all, model.Server{SecurityMode: model.SecuritySign, SecurityPolicy: "Aes128_Sha256_RsaOaep"}, true, "it offers None/None, Sign/Aes256_Sha256_RsaPss"},
		{"broken policies", old, model.Server{SecurityMode: model.SecurityBest}, true, "it offers SignAndEncrypt/Basic128Rsa15, SignAndEncrypt/Basic256:"},
		{"nothing", nil, model.Server{SecurityMode: model.SecurityBest}, true, "it offers none"},
		{"user where only anonymous", all, model.Server{SecurityMode: model.SecurityNone, UserName: "u"}, true, "does not allow user names"},
		{"anonymous where only users", clear, model.Server{SecurityMode: model.SecurityNone}, true, "does not allow anonymous sessions"},
		{"clear, elsewhere", clear, model.Server{SecurityMode: model.SecurityNone, UserName: "u", EndpointURL: "opc.tcp://10.0.0.1"}, true, "in clear"},
		{"clear, mode not chosen", clear, model.Server{SecurityMode: model.SecurityBest, UserName: "u", EndpointURL: "opc.tcp://127.0.0.1"}, true, "in clear"},
		{"clear, on this machine", clear, model.Server{SecurityMode: model.SecurityNone, UserName: "u", EndpointURL: "opc.tcp://127.0.0.1:4840"}, true, "None/None/clear"},
		{"encrypted before clear", either, model.Server{SecurityMode: model.SecurityNone, UserName: "u", EndpointURL: "opc.tcp://127.0.0.1:4840"}, true, "None/None/encrypted"},
		{"signed, not encrypted", signed, model.Server{SecurityMode: model.SecuritySign, UserName: "u"}, true, "in clear"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ep, err := choose(c.offered, &c.server, c.identity)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) || !isRefused(err) {
					t.Errorf("error %q, want %q", err, c.want)
				}
				return
			}
			if got := string(ep.modelMode()) + "/" + ep.policy() + "/" + ep.token.PolicyID; got != c.want {
				t.Errorf("chose %s, want %s", got, c.want)
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	good := func() Config { return config("opc.tcp://host", &recorder{}) }
	for want, change := range map[string]func(*Config){
		"DataSets is missing":               func(c *Config) { c.DataSets = nil },
		"want the form opc.tcp://host:4840": func(c *Config) { c.Server.EndpointURL = "http://host" },
		`securityMode "Full" is unknown`:    func(c *Config) { c.Server.SecurityMode = "Full" },
		`"Basic256" is not supported`:       func(c *Config) { c.Server.SecurityPolicy = "Basic256" },
		"does not go with":                  func(c *Config) { c.Server.SecurityPolicy = "Basic256Sha256" },
		"Config.Identity is missing":        func(c *Config) { c.Server.SecurityMode = model.SecuritySign },
	} {
		c := good()
		change(&c)
		if err := c.prepare(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `server "plant"`) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	c := good()
	if err := c.prepare(); err != nil {
		t.Error(err)
	}
}
