package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// objectServer answers reads of the object Server with these values; it lacks all others.
func objectServer(p *platform, values map[uint32]model.Variant) {
	p.commands.ReadFunc = func(_ context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
		results := make([]model.ReadResult, len(ids))
		for i, id := range ids {
			v, ok := values[id.NodeID.Numeric()]
			if results[i].Value = v; !ok {
				results[i].Status = model.StatusBadNodeIdUnknown
			}
		}
		return results, nil
	}
}

func jsonStructures(bodies ...string) model.Variant {
	objects := make([]model.ExtensionObject, len(bodies))
	for i, b := range bodies {
		objects[i] = model.ExtensionObject{Encoding: model.ExtensionJSON, Body: []byte(b)}
	}
	return model.ArrayValue(objects)
}

func TestServerCapabilities(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	objectServer(p, map[uint32]model.Variant{
		idServerProfileArray: model.ArrayValue([]string{"http://profile"}), idLocaleIDArray: model.ArrayValue([]string{}), idMaxNodesPerRead: model.UInt32Value(1000),
		idMaxSessions: model.UInt32Value(4_000_000_000), idMinSupportedSampleRate: model.DoubleValue(12.5), idMaxArrayLength: model.UInt32Value(0),
		idConformanceUnits:     model.ArrayValue([]model.QualifiedName{{Name: "Unit"}}),
		idSoftwareCertificates: jsonStructures(`{"CertificateData": "AQI=", "Signature": null}`),
	})
	const query = `{ server(id: "press") { capabilities { serverProfiles locales maxSessions minSupportedSampleRate maxArrayLength maxStringLength conformanceUnits { name }
		operationLimits { maxNodesPerRead maxNodesPerWrite } softwareCertificates { certificateData signature } %s } } }`
	p.ask(t, fmt.Sprintf(query, "")).wantData(t, `{"server": {"capabilities": {
		"serverProfiles": ["http://profile"], "locales": [], "maxSessions": 2147483647, "minSupportedSampleRate": 12.5, "maxArrayLength": 0, "maxStringLength": null,
		"conformanceUnits": [{"name": "Unit"}], "operationLimits": {"maxNodesPerRead": 1000, "maxNodesPerWrite": null},
		"softwareCertificates": [{"certificateData": "AQI=", "signature": null}]}}}`)
	if reads, browses := p.commands.reads.Load(), p.commands.browses.Load(); reads != 1 || browses != 0 {
		t.Errorf("%d reads, %d browses", reads, browses)
	}
	a := p.ask(t, fmt.Sprintf(query, "aggregateFunctions { browseName { name } } modellingRules { nodeId }"))
	if reads, browses := p.commands.reads.Load(), p.commands.browses.Load(); reads != 2 || browses != 1 || len(a.Errors) > 0 {
		t.Errorf("%d reads, %d browses, errors %v", reads, browses, a.Errors)
	}
}

func TestServerDiagnostics(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	values := map[uint32]model.Variant{
		idState: model.Int32Value(3), idStartTime: model.DateTimeValue(model.DateTimeOf(testTime)), idProductName: model.StringValue("Press"), idServiceLevel: model.ByteValue(200),
		idEnabledFlag: model.BooleanValue(true), idCurrentSessionCount: model.UInt32Value(4_000_000_000), idRedundancySupport: model.Int32Value(2), idServerURIArray: model.ArrayValue([]string{"urn:a"}),
		idSessionDiagnosticsArray: jsonStructures(`{"SessionId": "nsu=urn:press;i=7", "SessionName": "hmi", "ClientDescription": {"ApplicationUri": "urn:hmi", "ApplicationName": {"Text": "HMI"}},
			"LocaleIds": ["en"], "ActualSessionTimeout": 60000, "ClientConnectionTime": "2026-01-02T03:04:05Z", "CurrentSubscriptionsCount": 2, "TotalRequestCount": {"TotalCount": 9, "ErrorCount": 1},
			"UnauthorizedRequestCount": 0, "WriteCount": {"TotalCount": 2, "ErrorCount": 1}, "ReadCount": {"TotalCount": 7, "ErrorCount": 0}, "CallCount": {"TotalCount": 0, "ErrorCount": 0}}`),
		idSessionSecurityDiagnosticsArray: jsonStructures(`{"SessionId": "nsu=urn:press;i=7", "ClientUserIdOfSession": "op", "ClientUserIdHistory": ["op"], "AuthenticationMechanism": "UserName",
			"Encoding": "UA Binary", "TransportProtocol": "opc.tcp", "SecurityMode": 3, "SecurityPolicyUri": "http://policy", "ClientCertificate": null}`),
		idSubscriptionDiagnosticsArray: jsonStructures(`{"SessionId": "nsu=urn:press;i=7", "SubscriptionId": 5, "Priority": 1, "PublishingInterval": 250.5, "PublishingEnabled": true, "MonitoredItemCount": 3}`),
		idRedundantServerArray:         jsonStructures(`{"ServerId": "urn:b", "ServiceLevel": 199, "ServerState": 0}`),
	}
	objectServer(p, values)
	const query = `{ server(id: "press") { diagnostics { status { state startTime currentTime buildInfo { productName } } serviceLevel auditing enabled
		summary { currentSessionCount rejectedSessionCount } redundancy { support serverUris servers { serverId serviceLevel serverState } }
		sessions { sessionId sessionName clientApplicationUri clientApplicationName { text } actualSessionTimeout clientConnectionTime currentSubscriptionsCount
			totalRequests { total errors } requests { service total errors } security { clientUserId authenticationMechanism securityMode securityPolicyUri } }
		subscriptions { sessionId subscriptionId publishingInterval publishingEnabled monitoredItemCount maxLifetimeCount } } } }`
	p.ask(t, query).wantData(t, `{"server": {"diagnostics": {
		"status": {"state": "SUSPENDED", "startTime": "2026-01-02T03:04:05Z", "currentTime": null, "buildInfo": {"productName": "Press"}}, "serviceLevel": 200, "auditing": null, "enabled": true,
		"summary": {"currentSessionCount": "4000000000", "rejectedSessionCount": null},
		"redundancy": {"support": "WARM", "serverUris": ["urn:a"], "servers": [{"serverId": "urn:b", "serviceLevel": 199, "serverState": "RUNNING"}]},
		"sessions": [{"sessionId": "nsu=urn:press;i=7", "sessionName": "hmi", "clientApplicationUri": "urn:hmi", "clientApplicationName": {"text": "HMI"}, "actualSessionTimeout": 60000,
			"clientConnectionTime": "2026-01-02T03:04:05Z", "currentSubscriptionsCount": "2", "totalRequests": {"total": "9", "errors": "1"},
			"requests": [{"service": "Read", "total": "7", "errors": "0"}, {"service": "Write", "total": "2", "errors": "1"}],
			"security": {"clientUserId": "op", "authenticationMechanism": "UserName", "securityMode": "SIGN_AND_ENCRYPT", "securityPolicyUri": "http://policy"}}],
		"subscriptions": [{"sessionId": "nsu=urn:press;i=7", "subscriptionId": "5", "publishingInterval": 250.5, "publishingEnabled": true, "monitoredItemCount": "3", "maxLifetimeCount": null}]}}}`)
	if reads := p.commands.reads.Load(); reads != 1 {
		t.Errorf("%d reads", reads)
	}
	// A server without diagnostics, and structures that nobody could decode.
	values[idEnabledFlag] = model.BooleanValue(false)
	values[idRedundantServerArray] = model.ArrayValue([]model.ExtensionObject{{Encoding: model.ExtensionBinary, Body: []byte{1}}})
	const small = `{ server(id: "press") { name diagnostics { summary { currentSessionCount } sessions { sessionId } subscriptions { sessionId } redundancy { servers { serverId } } } } }`
	p.ask(t, small).wantData(t, `{"server": {"name": "Press 1", "diagnostics": {"summary": null, "sessions": null, "subscriptions": null, "redundancy": {"servers": null}}}}`)

	p.commands.AwayFunc = func(string) error { return fmt.Errorf("%w: no connection", ErrUnavailable) }
	a := p.ask(t, small)
	a.wantCodes(t, "UNAVAILABLE")
	a.wantPartial(t, `{"server": {"name": "Press 1", "diagnostics": null}}`)
	if e := a.Errors[0]; fmt.Sprint(e.Path) != "[server diagnostics]" || !strings.Contains(e.Message, "press") {
		t.Errorf("error %+v", e)
	}
}
