package opcua

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// failing returns the step that failed, and checks that all steps are there, in their order, with those behind it skipped.
func failing(t *testing.T, r *model.ConnectionTest) (failed model.ConnectionTestStep) {
	t.Helper()
	all := model.ConnectionSteps()
	if len(r.Steps) != len(all) {
		t.Fatalf("%d steps: %+v", len(r.Steps), r.Steps)
	}
	for i, s := range r.Steps {
		switch {
		case s.Step != all[i]:
			t.Errorf("step %d is %s, want %s", i, s.Step, all[i])
		case s.Outcome == model.StepFailed && failed.Step == "":
			failed = s
		case failed.Step != "" && s.Outcome != model.StepSkipped:
			t.Errorf("after %s failed, %s is %s", failed.Step, s.Step, s.Outcome)
		}
		if s.Detail == "" || s.Outcome == model.StepFailed != (s.Remedy != "") || s.Outcome == model.StepFailed != (s.Reason != "") {
			t.Errorf("step %+v", s)
		}
	}
	if r.OK != (failed.Step == "") || r.Duration <= 0 {
		t.Errorf("ok %v in %v", r.OK, r.Duration)
	}
	return failed
}

// The connections that can be had of a server, and at which step the others fail.
func TestTestConnection(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{NoAnonymous: true, AutoAccept: true})
	trust := trusting(t, s)
	secure := func() Config {
		return Config{
			Server: model.Server{ID: "test", EndpointURL: s.Endpoint(), UserName: "op"}, Password: "op-pass", Identity: identity(t), Trust: trust, RequestTimeout: 15 * time.Second,
		}
	}
	t.Run("all steps", func(t *testing.T) {
		r := TestConnection(t.Context(), secure())
		if f := failing(t, &r); f.Step != "" {
			t.Fatalf("failed %+v", f)
		}
		for _, step := range r.Steps {
			if step.Outcome != model.StepOK {
				t.Errorf("%+v", step)
			}
		}
		if r.SecurityMode != model.SecuritySignAndEncrypt || r.SecurityPolicy != "Aes256_Sha256_RsaPss" || len(r.Endpoints) < 4 || r.RoundTripTime <= 0 || r.ClockDifference.Abs() > time.Minute {
			t.Errorf("%+v", r)
		}
		if c := r.Certificate; c == nil || !c.Trusted || c.Problem != "" || c.Thumbprint != Thumbprint(s.CertificateDER()) {
			t.Errorf("certificate %+v", c)
		}
	})
	t.Run("the server keeps nothing", func(t *testing.T) {
		cfg := secure()
		for range 3 {
			if r := TestConnection(t.Context(), cfg); !r.OK {
				t.Fatalf("%+v", r.Steps)
			}
		}
		source := run(t, func() Config { c := secure(); c.DataSets = &recorder{}; return c }())
		connected(t, source)
		r := read(t, source, model.ReadValueID{NodeID: model.Expanded(model.NumericID(0, 2277)), Attribute: model.AttributeValue})
		if n, _ := r[0].Value.Number(); n != 2 {
			t.Errorf("%v sessions at the server, want the source's own 2", r[0].Value)
		}
	})
	unlistened := "opc.tcp://" + closedPort(t)
	for _, c := range []struct {
		name   string
		change func(*Config)
		step   model.ConnectionStep
		reason model.ConnectionReason
		detail string
	}{
		{"url", func(c *Config) { c.Server.EndpointURL = "http://x" }, model.StepResolve, model.ReasonConfiguration, "opc.tcp://host:4840"},
		{"host", func(c *Config) { c.Server.EndpointURL = "opc.tcp://no-such-host.invalid:4840" }, model.StepResolve, model.ReasonHostUnknown, "no-such-host.invalid"},
		{"port", func(c *Config) { c.Server.EndpointURL = unlistened }, model.StepTCP, model.ReasonNotReachable, unlistened},
		{"protocol", func(c *Config) { c.Server.EndpointURL = speaks(t, "HTTP/1.1 400 Bad Request\r\n\r\n") }, model.StepHello, model.ReasonNotOPCUA, "HTTP"},
		{"silence", func(c *Config) { c.Server.EndpointURL, c.RequestTimeout = speaks(t, ""), 300*time.Millisecond }, model.StepHello, model.ReasonNoAnswer, "no answer"},
		{"mode", func(c *Config) {
			c.Server.SecurityMode, c.Server.SecurityPolicy, c.Server.UserName = model.SecuritySign, "Basic256Sha256", ""
		}, model.StepEndpoints, model.ReasonUserRefused, "anonymous"},
		{"trust", func(c *Config) { c.Trust = nil }, model.StepCertificate, model.ReasonCertificateUntrusted, Thumbprint(s.CertificateDER())},
		{"password", func(c *Config) { c.Password = "wrong" }, model.StepActivate, model.ReasonUserRefused, `"op"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := secure()
			c.change(&cfg)
			r := TestConnection(t.Context(), cfg)
			if f := failing(t, &r); f.Step != c.step || f.Reason != c.reason || !strings.Contains(f.Detail, c.detail) {
				t.Errorf("%+v, want %s for %s with %q", f, c.step, c.reason, c.detail)
			}
			if c.step == model.StepCertificate && (r.Certificate == nil || r.Certificate.Trusted || len(r.Endpoints) == 0) {
				t.Errorf("the certificate that is not trusted: %+v", r.Certificate)
			}
		})
	}
}

// Without security nothing has to be trusted; the certificate is described all the same.
func TestTestConnectionWithoutSecurity(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	cfg := Config{Server: model.Server{EndpointURL: s.Endpoint(), SecurityMode: model.SecurityNone}}
	r := TestConnection(t.Context(), cfg)
	if f := failing(t, &r); f.Step != "" {
		t.Fatalf("failed %+v", f)
	}
	i := slices.IndexFunc(r.Steps, func(s model.ConnectionTestStep) bool { return s.Step == model.StepCertificate })
	if r.Steps[i].Outcome != model.StepSkipped || r.SecurityMode != model.SecurityNone || r.Certificate == nil {
		t.Errorf("%+v %+v", r.Steps[i], r.Certificate)
	}

	c, err := Certificate(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(s.CertificateDER())
	if c.Thumbprint != Thumbprint(s.CertificateDER()) || c.ThumbprintSHA256 != hex.EncodeToString(sum[:]) || c.ApplicationURI != plantURI || !slices.Contains(c.URIs, plantURI) ||
		c.KeyType != "RSA" || c.KeySize != 2048 || !c.SelfSigned || c.Trusted || c.Problem != "" || c.Subject == "" || time.Until(c.NotAfter) < 0 || c.SerialNumber == "" {
		t.Errorf("%+v", c)
	}
	cfg.Trust = trusting(t, s)
	if c, err = Certificate(t.Context(), cfg); err != nil || !c.Trusted {
		t.Errorf("%v %+v", err, c)
	}
	cfg.Server.EndpointURL = "opc.tcp://" + closedPort(t)
	if _, err := Certificate(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "nothing listens") {
		t.Errorf("error %v", err)
	}
	cfg.Server.EndpointURL = "nonsense"
	if _, err := Certificate(t.Context(), cfg); !errors.Is(err, model.StatusBadInvalidArgument) {
		t.Errorf("error %v", err)
	}
}

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// speaks is the URL of something that says the text to whoever connects, and then nothing.
func speaks(t *testing.T, text string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		var conns []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			_, _ = c.Write([]byte(text)) // the other side may be gone
			conns = append(conns, c)
		}
		for _, c := range conns {
			c.Close()
		}
	}()
	return "opc.tcp://" + l.Addr().String()
}
