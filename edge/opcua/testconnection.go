package opcua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/securechannel"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxClockDifference is how far a server's clock may be off: values get the times of the server.
	maxClockDifference = time.Minute
	roundTrips         = 5
)

// TestConnection connects to the server of cfg as a Source does, in a channel and session of its own that it closes again, and tells how each step went. It ends with
// ctx; cfg needs no DataSets.
func TestConnection(ctx context.Context, cfg Config) model.ConnectionTest {
	t := &connectionTest{ctx: ctx, cfg: &cfg}
	began := time.Now()
	if err := cfg.prepareConnection(); err != nil {
		t.step(model.StepResolve, func() (string, error) { return "", refuse(model.ReasonConfiguration, "%v", err) })
	}
	t.step(model.StepResolve, t.resolve)
	t.greet()
	t.step(model.StepCertificate, t.certificate)
	t.step(model.StepSecureChannel, t.open)
	t.step(model.StepSession, t.create)
	t.step(model.StepActivate, t.activate)
	t.step(model.StepRead, t.read)
	t.step(model.StepClock, t.clock)
	t.step(model.StepRoundTrip, t.roundTrip)
	t.close()
	t.report.Duration = time.Since(began)
	t.report.OK = !slices.ContainsFunc(t.report.Steps, func(s model.ConnectionTestStep) bool { return s.Outcome == model.StepFailed })
	return t.report
}

// connectionTest is one test. What a step needs was left here by those before.
type connectionTest struct {
	ctx      context.Context
	cfg      *Config
	report   model.ConnectionTest
	broken   model.ConnectionStep // the first step that failed and without which there are no others
	requests atomic.Uint64

	conn     net.Conn
	offered  []*ua.EndpointDescription
	endpoint *endpoint
	channel  *channel
	session  *session
	ahead    time.Duration // of the server's clock
	told     bool          // the server told its time
}

// notNeeded is why a step is skipped that the connection does without.
type notNeeded string

func (n notNeeded) Error() string { return string(n) }

// clockOff says that a clock is off, which is a fault that the connection works with.
type clockOff struct{ text string }

func (e *clockOff) Error() string { return e.text }

// step runs a step, unless one before failed, and reports it. A step is reported once.
func (t *connectionTest) step(step model.ConnectionStep, run func() (detail string, err error)) {
	if slices.ContainsFunc(t.report.Steps, func(s model.ConnectionTestStep) bool { return s.Step == step }) {
		return
	}
	r := model.ConnectionTestStep{Step: step, Outcome: model.StepOK}
	if t.broken != "" {
		r.Outcome, r.Detail = model.StepSkipped, fmt.Sprintf("%s failed", t.broken)
		t.report.Steps = append(t.report.Steps, r)
		return
	}
	began := time.Now()
	detail, err := run()
	r.Duration, r.Detail = time.Since(began), detail
	t.judge(&r, err)
	t.report.Steps = append(t.report.Steps, r)
}

// judge makes an outcome of what a step returned.
func (t *connectionTest) judge(r *model.ConnectionTestStep, err error) {
	var skipped notNeeded
	var off *clockOff
	switch {
	case err == nil:
	case errors.As(err, &skipped):
		r.Outcome, r.Detail = model.StepSkipped, string(skipped)
	case errors.As(err, &off):
		r.Outcome, r.Detail, r.Reason = model.StepFailed, off.text, model.ReasonOther
		r.Remedy = "Set the clocks by the same time server (NTP): values have the times of the server."
	default:
		r.Outcome, r.Reason = model.StepFailed, reasonOf(err)
		r.Detail = explain(err, t.cfg).Error()
		r.Remedy = connectionRemedy(r.Reason)
		t.broken = r.Step
	}
}

// resolve finds the addresses of the host.
func (t *connectionTest) resolve() (string, error) {
	if t.cfg.Server.ReverseConnect {
		return "", notNeeded("the server connects to the gateway")
	}
	address, err := hostPort(t.cfg.Server.EndpointURL)
	if err != nil {
		return "", refuse(model.ReasonConfiguration, "%v", err)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", refuse(model.ReasonConfiguration, "endpointUrl: %v", err)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return host + " is an address", nil
	}
	ctx, cancel := context.WithTimeout(t.ctx, dialTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is %s", host, strings.Join(found, ", ")), nil
}

// greet goes from a TCP connection to the endpoints, in a channel without security.
func (t *connectionTest) greet() {
	t.step(model.StepTCP, func() (detail string, err error) {
		if t.conn, err = t.cfg.dial(t.ctx); err != nil {
			return "", err
		}
		return fmt.Sprintf("connected to %s from %s", t.conn.RemoteAddr(), t.conn.LocalAddr()), nil
	})
	began := time.Now()
	var greeted time.Time
	var c *channel
	var err error
	if t.broken == "" {
		var sc *securechannel.Channel
		sc, err = securechannel.Open(t.ctx, t.conn, securechannel.Config{
			EndpointURL: t.cfg.Server.EndpointURL, Timeout: t.cfg.RequestTimeout, Acknowledged: func() { greeted = time.Now() },
		})
		c = &channel{Channel: sc, timeout: t.cfg.RequestTimeout, requests: &t.requests}
	}
	ended := greeted
	if greeted.IsZero() {
		ended = time.Now()
	}
	t.step(model.StepHello, func() (string, error) {
		if greeted.IsZero() {
			return "", err
		}
		return "the server speaks OPC UA", nil
	})
	if last := &t.report.Steps[len(t.report.Steps)-1]; last.Outcome != model.StepSkipped { // it was done above
		last.Duration = ended.Sub(began)
	}
	t.step(model.StepEndpoints, func() (string, error) {
		if err != nil {
			return "", err
		}
		defer c.Close()
		return t.choose(c)
	})
}

// choose asks for the endpoints and takes one of them.
func (t *connectionTest) choose(c *channel) (string, error) {
	url := t.cfg.Server.EndpointURL
	r, err := call[*ua.GetEndpointsResponse](t.ctx, c, nil, &ua.GetEndpointsRequest{EndpointURL: url}, c.timeout)
	if err != nil {
		return "", fmt.Errorf("get endpoints: %w", err)
	}
	t.offered = r.Endpoints
	t.report.Endpoints = modelEndpoints(url, r.Endpoints)
	if e := withCertificate(r.Endpoints, &t.cfg.Server); e != nil {
		if d, err := describeCertificate(t.cfg, e.ServerCertificate, applicationURIOf(e)); err == nil {
			t.report.Certificate = &d
		}
	}
	if t.endpoint, err = choose(r.Endpoints, &t.cfg.Server, t.cfg.Identity != nil); err != nil {
		return "", err
	}
	t.report.SecurityMode, t.report.SecurityPolicy = t.endpoint.modelMode(), t.endpoint.policy()
	return fmt.Sprintf("%s/%s is taken of %s", t.report.SecurityMode, t.report.SecurityPolicy, describe(r.Endpoints)), nil
}

// certificate judges that of the chosen endpoint.
func (t *connectionTest) certificate() (string, error) {
	ep := t.endpoint
	t.report.Certificate = nil
	if len(ep.certificate) > 0 {
		d, err := describeCertificate(t.cfg, ep.chain, ep.server.ApplicationURI)
		if err != nil {
			return "", err
		}
		t.report.Certificate = &d
	}
	if !ep.needsTrust() {
		return "", notNeeded("the endpoint has no security, and nothing is encrypted for it")
	}
	warning, err := t.cfg.Trust.checkServer(&t.cfg.Server, ep.chain, ep.server.ApplicationURI)
	if err != nil {
		return "", err
	}
	d := t.report.Certificate
	detail := fmt.Sprintf("%s is trusted and valid until %s; SHA-1 thumbprint %s, application URI %s", d.Subject, d.NotAfter.Format(time.DateOnly), d.Thumbprint, d.ApplicationURI)
	if warning != "" {
		detail += "; " + warning
	}
	return detail, nil
}

func (t *connectionTest) open() (string, error) {
	c, err := openChannel(t.ctx, t.cfg, secured(t.endpoint, t.cfg.Identity), &t.requests)
	if err != nil {
		if t.endpoint.mode != ua.MessageSecurityModeNone {
			err = explainOpen(err, t.cfg)
		}
		return "", err
	}
	t.channel = c
	return fmt.Sprintf("opened with %s/%s", t.endpoint.modelMode(), t.endpoint.policy()), nil
}

func (t *connectionTest) create() (detail string, err error) {
	if t.session, err = openSession(t.ctx, t.channel, t.endpoint, t.cfg); err != nil {
		return "", err
	}
	return "created by " + t.endpoint.server.ApplicationURI, nil
}

func (t *connectionTest) activate() (string, error) {
	if err := t.session.activate(t.ctx, t.cfg); err != nil {
		return "", err
	}
	if t.cfg.Server.UserName == "" {
		return "anonymous", nil
	}
	return fmt.Sprintf("as user %q", t.cfg.Server.UserName), nil
}

// read reads how the server is, and its clock.
func (t *connectionTest) read() (string, error) {
	var reads []*ua.ReadValueID
	for _, n := range []uint32{idServerStatusState, id.Server_ServerStatus_CurrentTime, id.Server_ServerStatus_BuildInfo_ProductName, id.Server_ServerStatus_BuildInfo_SoftwareVersion} {
		reads = append(reads, &ua.ReadValueID{NodeID: ns0(n), AttributeID: ua.AttributeIDValue})
	}
	sent := time.Now()
	values, err := t.session.readValues(t.ctx, reads)
	came := time.Now()
	if err != nil {
		return "", err
	}
	if values[0].Status.IsBad() {
		return "", fmt.Errorf("read the server's state: %w", values[0].Status)
	}
	if now := values[1].Value; !values[1].Status.IsBad() && now.Type() == model.TypeDateTime && now.DateTime() != 0 {
		// The server read its clock while the answer was under way.
		t.told, t.ahead = true, now.DateTime().Time().Sub(sent.Add(came.Sub(sent)/2))
	}
	state, _ := values[0].Value.Number()
	if state != 0 {
		return "", refuse(model.ReasonServerHalted, "the server is connected, and its state is %v, not Running (0)", state)
	}
	return strings.TrimSpace(fmt.Sprintf("running: %s %s", values[2].Value.Text(), values[3].Value.Text())), nil
}

func (t *connectionTest) clock() (string, error) {
	if !t.told {
		return "", notNeeded("the server does not tell its time")
	}
	t.report.ClockDifference = t.ahead
	text := "the server's clock is as the gateway's"
	switch off := t.ahead.Abs().Round(time.Millisecond); {
	case t.ahead > time.Millisecond:
		text = fmt.Sprintf("the server's clock is %v ahead of the gateway's", off)
	case t.ahead < -time.Millisecond:
		text = fmt.Sprintf("the server's clock is %v behind the gateway's", off)
	}
	if t.ahead.Abs() > maxClockDifference {
		return "", &clockOff{text}
	}
	return text, nil
}

// roundTrip measures some short reads.
func (t *connectionTest) roundTrip() (string, error) {
	node := []*ua.ReadValueID{{NodeID: ns0(idServerStatusState), AttributeID: ua.AttributeIDValue}}
	var times []time.Duration
	for range roundTrips {
		began := time.Now()
		if _, err := t.session.readValues(t.ctx, node); err != nil {
			return "", err
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	t.report.RoundTripTime = times[len(times)/2]
	return fmt.Sprintf("%v, the median of %d reads, which took %v to %v", t.report.RoundTripTime.Round(10*time.Microsecond), len(times),
		times[0].Round(10*time.Microsecond), times[len(times)-1].Round(10*time.Microsecond)), nil
}

// close ends what is open.
func (t *connectionTest) close() {
	switch {
	case t.session != nil:
		t.session.close(false)
	case t.channel != nil:
		t.channel.Close()
	}
}

// modelEndpoints are the offers as the platform tells them.
func modelEndpoints(url string, offered []*ua.EndpointDescription) []model.Endpoint {
	var list []model.Endpoint
	for _, e := range offered {
		if e == nil || e.TransportProfileURI != "" && e.TransportProfileURI != binaryTransport {
			continue
		}
		m := model.Endpoint{
			URL: url, ReportedURL: e.EndpointURL, SecurityMode: (&endpoint{mode: e.SecurityMode}).modelMode(),
			SecurityPolicy: strings.TrimPrefix(e.SecurityPolicyURI, policyPrefix), SecurityLevel: int(e.SecurityLevel),
		}
		if len(e.ServerCertificate) > 0 {
			m.Thumbprint = Thumbprint(leaf(e.ServerCertificate))
		}
		for _, u := range e.UserIdentityTokens {
			if u != nil && int(u.TokenType) < len(tokenTypes()) {
				m.UserTokens = append(m.UserTokens, model.UserToken{
					PolicyID: u.PolicyID, Type: tokenTypes()[u.TokenType], SecurityPolicy: strings.TrimPrefix(u.SecurityPolicyURI, policyPrefix),
				})
			}
		}
		list = append(list, m)
	}
	return list
}

// tokenTypes are the types of user tokens by their numbers (Part 4, 7.42).
func tokenTypes() []model.UserTokenType {
	return []model.UserTokenType{model.TokenAnonymous, model.TokenUserName, model.TokenCertificate, model.TokenIssued}
}
