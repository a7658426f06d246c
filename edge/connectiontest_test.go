package edge

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeTester tells which server it was asked for.
type fakeTester struct{}

func (fakeTester) TestConnection(_ context.Context, s model.Server) model.ConnectionTest {
	return model.ConnectionTest{OK: true, Steps: []model.ConnectionTestStep{{Step: model.StepTCP, Outcome: model.StepOK, Detail: s.EndpointURL}}}
}

func (fakeTester) Certificate(_ context.Context, s model.Server) (model.EndpointCertificate, error) {
	if s.EndpointURL == "plain" {
		return model.EndpointCertificate{}, model.StatusBadNoDataAvailable
	}
	return model.EndpointCertificate{Subject: s.EndpointURL}, nil
}

// A test is of the gateway's own record of a server, or of the record that comes with the command.
func TestHandleConnectionTests(t *testing.T) {
	publisher := NewPublisher(PublisherConfig{}, &fakeSink{}, &fakeMetadata{}, zerolog.Nop())
	g := NewGateway(GatewayConfig{ID: "g1", Connections: fakeTester{}}, newFakeState(), publisher, zerolog.Nop())
	g.assets["s1"] = &asset{server: model.Server{ID: "s1", EndpointURL: "own"}}
	for body, want := range map[string]string{
		`{"server": "s1"}`: "own", `{"record": {"endpointUrl": "other"}}`: "other",
	} {
		reply, err := g.Handle(t.Context(), model.VerbTest, []byte(body))
		var test model.ConnectionTest
		if err == nil {
			err = json.Unmarshal(reply, &test)
		}
		if err != nil || !test.OK || len(test.Steps) != 1 || test.Steps[0].Detail != want {
			t.Errorf("test of %s: %v %+v", body, err, test)
		}
		var certificate model.EndpointCertificate
		if reply, err = g.Handle(t.Context(), model.VerbCertificate, []byte(body)); err == nil {
			err = json.Unmarshal(reply, &certificate)
		}
		if err != nil || certificate.Subject != want {
			t.Errorf("certificate of %s: %v %+v", body, err, certificate)
		}
	}
	for body, want := range map[string]model.StatusCode{
		`{"server": "nobody"}`: model.StatusBadNodeIdUnknown, `{}`: model.StatusBadDecodingError, `[`: model.StatusBadDecodingError,
		`{"record": {"endpointUrl": "plain"}}`: model.StatusBadNoDataAvailable,
	} {
		if _, err := g.Handle(t.Context(), model.VerbCertificate, []byte(body)); !errors.Is(err, want) {
			t.Errorf("certificate of %s: %v, want %s", body, err, want.Name())
		}
	}
	none := NewGateway(GatewayConfig{ID: "g2"}, newFakeState(), publisher, zerolog.Nop())
	if _, err := none.Handle(t.Context(), model.VerbTest, []byte(`{"server": "s1"}`)); !errors.Is(err, model.StatusBadServiceUnsupported) {
		t.Errorf("a gateway that tests nothing: %v", err)
	}
}
