package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeConnections answers with what it has and notes what it was asked.
type fakeConnections struct {
	test        model.ConnectionTest
	certificate model.EndpointCertificate
	err         error
	asked       string
}

func (f *fakeConnections) Test(_ context.Context, server string, r model.Server, password string) (model.ConnectionTest, error) {
	f.asked = fmt.Sprint(server, "|", r.EndpointURL, "|", r.Gateway, "|", r.SecurityMode, "|", r.UserName, "|", password)
	return f.test, f.err
}

func (f *fakeConnections) Certificate(_ context.Context, server string, r model.Server) (model.EndpointCertificate, error) {
	f.asked = fmt.Sprint(server, "|", r.EndpointURL, "|", r.Gateway)
	return f.certificate, f.err
}

func TestTestConnection(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	certificate := model.EndpointCertificate{
		DER: []byte{1, 2}, Chain: [][]byte{{3}}, Subject: "CN=press", Thumbprint: "ab", ThumbprintSHA256: "cd", NotAfter: testTime, KeyType: "RSA", KeySize: 2048, DNSNames: []string{"press"},
	}
	f := &fakeConnections{certificate: certificate, test: model.ConnectionTest{
		OK: false, Duration: 1500 * time.Microsecond, SecurityMode: model.SecuritySign, SecurityPolicy: "Basic256Sha256", Certificate: &certificate, ClockDifference: -2 * time.Second,
		Endpoints: []model.Endpoint{{URL: "opc.tcp://x", SecurityMode: model.SecuritySign, SecurityPolicy: "Basic256Sha256"}},
		Steps: []model.ConnectionTestStep{
			{Step: model.StepResolve, Outcome: model.StepOK, Duration: time.Millisecond, Detail: "is an address"},
			{Step: model.StepTCP, Outcome: model.StepFailed, Detail: "nothing listens", Remedy: "start it", Reason: model.ReasonNotReachable},
			{Step: model.StepRoundTrip, Outcome: model.StepSkipped},
		},
	}}
	const query = `mutation($in: TestConnectionInput!) { testConnection(input: $in) { ok duration clockDifference roundTripTime securityMode securityPolicy endpoints { securityMode }
		steps { step outcome duration detail remedy reason } certificate { subject pem } } }`
	in := map[string]any{"endpointUrl": "opc.tcp://10.0.0.9", "userName": "op", "password": "secret", "securityMode": "SIGN"}
	p.ask(t, query, "in", in).wantCodes(t, "UNAVAILABLE")
	p.resolver.Connections = f
	p.ask(t, query, "in", in).wantData(t, `{"testConnection": {"ok": false, "duration": 1.5, "clockDifference": -2000, "roundTripTime": null, "securityMode": "SIGN", "securityPolicy": "Basic256Sha256",
		"endpoints": [{"securityMode": "SIGN"}], "certificate": {"subject": "CN=press",
			"pem": "-----BEGIN CERTIFICATE-----\nAQI=\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAw==\n-----END CERTIFICATE-----\n"},
		"steps": [
			{"step": "RESOLVE", "outcome": "OK", "duration": 1, "detail": "is an address", "remedy": null, "reason": null},
			{"step": "TCP", "outcome": "FAILED", "duration": 0, "detail": "nothing listens", "remedy": "start it", "reason": "NOT_REACHABLE"},
			{"step": "ROUND_TRIP", "outcome": "SKIPPED", "duration": 0, "detail": null, "remedy": null, "reason": null}]}}`)
	if f.asked != "|opc.tcp://10.0.0.9|edge1|Sign|op|secret" {
		t.Errorf("asked %s", f.asked)
	}
	p.ask(t, query, "in", map[string]any{"server": "oven"})
	if f.asked != "oven||edge2|Best||" {
		t.Errorf("asked %s", f.asked)
	}
	for name, in := range map[string]map[string]any{
		"server":      {},
		"endpointUrl": {"server": "press", "endpointUrl": "opc.tcp://x"},
		"gateway":     {"server": "press", "gateway": "edge1"},
		"password":    {"endpointUrl": "opc.tcp://x", "password": "p"},
	} {
		a := p.ask(t, query, "in", in)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != name {
			t.Errorf("%v: %+v", in, a.Errors[0])
		}
	}
	p.ask(t, query, "in", map[string]any{"server": "press", "userName": "op"}).wantCodes(t, "BAD_USER_INPUT")
	p.ask(t, query, "in", map[string]any{"server": "nobody"}).wantCodes(t, "NOT_FOUND")
	if strings.Contains(p.log.String(), "secret") {
		t.Error("a password is in the log")
	}
}

func TestEndpointCertificate(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	f := &fakeConnections{certificate: model.EndpointCertificate{
		DER: []byte{1, 2}, Subject: "CN=press", Issuer: "CN=ca", SerialNumber: "1f", NotBefore: testTime, NotAfter: testTime, Thumbprint: "ab", ThumbprintSHA256: "cd", ApplicationURI: "urn:press",
		URIs: []string{"urn:press"}, IPAddresses: []string{"10.0.0.5"}, KeyType: "RSA", KeySize: 2048, SignatureAlgorithm: "SHA256-RSA", Trusted: true, Problem: "expired",
	}}
	p.resolver.Connections = f
	const fields = `{ der subject issuer serialNumber notBefore notAfter selfSigned thumbprint thumbprintSha256 applicationUri dnsNames ipAddresses uris keyType keySize signatureAlgorithm trusted
		problem hostMatches }`
	p.ask(t, `{ a: endpointCertificate(server: "press") `+fields+`}`).wantData(t, `{"a": {"der": "AQI=", "subject": "CN=press", "issuer": "CN=ca", "serialNumber": "1f",
		"notBefore": "2026-01-02T03:04:05Z", "notAfter": "2026-01-02T03:04:05Z", "selfSigned": false, "thumbprint": "ab", "thumbprintSha256": "cd", "applicationUri": "urn:press", "dnsNames": [],
		"ipAddresses": ["10.0.0.5"], "uris": ["urn:press"], "keyType": "RSA", "keySize": 2048, "signatureAlgorithm": "SHA256-RSA", "trusted": true, "problem": "expired", "hostMatches": false}}`)
	p.ask(t, `{ endpointCertificate(endpointUrl: "opc.tcp://x", gateway: "edge7") { subject } }`).wantData(t, `{"endpointCertificate": {"subject": "CN=press"}}`)
	if f.asked != "|opc.tcp://x|edge7" {
		t.Errorf("asked %s", f.asked)
	}
	f.err = fmt.Errorf("%w: no endpoint shows one", ErrNotFound)
	p.ask(t, `{ endpointCertificate(server: "press") { subject } }`).wantData(t, `{"endpointCertificate": null}`)
	f.err = fmt.Errorf("%w: nothing listens", ErrUnavailable)
	a := p.ask(t, `{ endpointCertificate(server: "press") { subject } server(id: "press") { name } }`)
	a.wantCodes(t, "UNAVAILABLE")
	a.wantPartial(t, `{"endpointCertificate": null, "server": {"name": "Press 1"}}`)
	p.ask(t, `{ endpointCertificate { subject } }`).wantCodes(t, "BAD_USER_INPUT")
}
