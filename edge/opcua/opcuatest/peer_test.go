//go:build unix

package opcuatest

import (
	"context"
	"crypto/rsa"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
)

func TestServerAnswers(t *testing.T) {
	begin := time.Now()
	s := Start(t, Options{Limit: 5})
	t.Logf("started in %v", time.Since(begin))
	c := connect(t, s.Endpoint())

	if v := read(t, c, "Scalar_Double"); v.Value.Value() != math.Pi {
		t.Errorf("Scalar_Double is %v, want pi", v.Value.Value())
	}
	if v := read(t, c, "BadQuality"); v.Status != ua.StatusBadSensorFailure {
		t.Errorf("BadQuality has status %v, want BadSensorFailure", v.Status)
	}
	if got, status := write(t, c, "Scalar_Int16", int16(7)), ua.StatusOK; got != status {
		t.Errorf("write Scalar_Int16: %v, want %v", got, status)
	}
	if v := read(t, c, "Scalar_Int16"); v.Value.Value() != int16(7) {
		t.Errorf("Scalar_Int16 is %v after 7 was written", v.Value.Value())
	}
	result, err := c.Call(t.Context(), &ua.CallMethodRequest{
		ObjectID: node("Plant"), MethodID: node("Add"),
		InputArguments: []*ua.Variant{ua.MustVariant(1.5), ua.MustVariant(2.0)},
	})
	if err != nil || len(result.OutputArguments) != 1 || result.OutputArguments[0].Value() != 3.5 {
		t.Errorf("Add(1.5, 2): %+v, %v, want 3.5", result, err)
	}
	request := &ua.ReadRequest{}
	for range 6 {
		request.NodesToRead = append(request.NodesToRead, &ua.ReadValueID{NodeID: node("V0")})
	}
	if _, err := c.Read(t.Context(), request); !errors.Is(err, ua.StatusBadTooManyOperations) {
		t.Errorf("read of 6 nodes at limit 5: %v, want BadTooManyOperations", err)
	}
}

// Every node that doc.go names is there.
func TestAddressSpace(t *testing.T) {
	s := Start(t, Options{Vars: 2})
	c := connect(t, s.Endpoint())
	names := strings.Fields(`Plant V0 V1 Matrix_Double EmptyArray EmptyString NullString EmptyByteString MaxDate OldDate NaN Inf VariantArray
		BigArray BigByteString BadQuality ReadOnly OperatorOnlyWrite Level State Struct_Vec3 Struct_Array Struct_Batch Struct_Optional
		Struct_Union H0 H1 H2 H3 H4 Add EchoBatch Slow Fail Tank TankLevel TankAlarm RaiseEvent Kettle TripKettle KettleAlarm KettleTemperature Machines AddMachine RemoveMachine`)
	for _, builtIn := range strings.Fields(`Boolean SByte Byte Int16 UInt16 Int32 UInt32 Int64 UInt64 Float Double String DateTime Guid
		ByteString XmlElement NodeId ExpandedNodeId StatusCode QualifiedName LocalizedText`) {
		names = append(names, "Scalar_"+builtIn, "Array_"+builtIn)
	}
	request := &ua.ReadRequest{}
	for _, name := range names {
		request.NodesToRead = append(request.NodesToRead, &ua.ReadValueID{NodeID: node(name), AttributeID: ua.AttributeIDBrowseName})
	}
	response, err := c.Read(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, result := range response.Results {
		if name, ok := result.Value.Value().(*ua.QualifiedName); ok {
			got = append(got, name.Name)
		}
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("nodes of the plant (-want +got):\n%s", diff)
	}

	namespaces, err := c.NamespaceArray(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"http://opcfoundation.org/UA/", "urn:shopfloor:plant", "urn:shopfloor:plant:types"}
	if diff := cmp.Diff(want, namespaces); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
}

func TestCountersCount(t *testing.T) {
	const period = 20 * time.Millisecond
	s := Start(t, Options{Vars: 4, Period: period})
	values := subscribe(t, connect(t, s.Endpoint()), "V3")
	last := <-values
	for range 20 {
		next := <-values
		if step := next.Value.Float() - last.Value.Float(); step != 1 {
			t.Fatalf("V3 went from %v to %v, want a step of 1", last.Value.Value(), next.Value.Value())
		}
		if step := next.SourceTimestamp.Sub(last.SourceTimestamp); step != period {
			t.Fatalf("SourceTimestamp went on by %v, want %v", step, period)
		}
		last = next
	}
}

func TestKillAndRestart(t *testing.T) {
	const period = 50 * time.Millisecond
	s := Start(t, Options{Continuing: true, Period: period})
	endpoint := s.Endpoint()
	check := func(name string, offset int64) {
		t.Helper()
		v := read(t, connect(t, endpoint), name)
		if want := v.SourceTimestamp.UnixMilli()/period.Milliseconds() + offset; v.Value.Float() != float64(want) {
			t.Errorf("%s is %v at %v, want %d", name, v.Value.Value(), v.SourceTimestamp, want)
		}
	}
	check("V2", 2)

	s.Kill()
	if c, err := dialUA(t, endpoint); err == nil {
		c.Close(t.Context())
		t.Fatal("a killed server answers")
	}
	begin := time.Now()
	s.Restart("MISSING=1")
	t.Logf("restarted in %v", time.Since(begin))
	if s.Endpoint() != endpoint {
		t.Errorf("endpoint is %s after the restart, was %s", s.Endpoint(), endpoint)
	}
	check("V2", 2)
	if v := read(t, connect(t, endpoint), "V0"); v.Status != ua.StatusBadNodeIDUnknown {
		t.Errorf("V0 has status %v with MISSING=1, want BadNodeIdUnknown", v.Status)
	}
	s.Stop()
	s.Restart()
	check("V1", 1)
}

func TestUsers(t *testing.T) {
	s := Start(t, Options{NoAnonymous: true})
	if _, err := dialUA(t, s.Endpoint()); !errors.Is(err, ua.StatusBadIdentityTokenInvalid) {
		t.Errorf("anonymous: %v, want BadIdentityTokenInvalid", err)
	}
	for _, test := range []struct {
		user, password string
		connect, write error
	}{
		{"op", "op-pass", nil, ua.StatusOK},
		{"eng", "eng-pass", nil, ua.StatusOK},
		{"view", "view-pass", nil, ua.StatusBadUserAccessDenied},
		{"op", "wrong", ua.StatusBadUserAccessDenied, nil},
	} {
		t.Run(test.user+" "+test.password, func(t *testing.T) {
			c, err := dialUA(t, s.Endpoint(), opcua.AuthUsername(test.user, test.password),
				opcua.SecurityFromEndpoint(endpointOf(t, s, ua.SecurityPolicyURINone), ua.UserTokenTypeUserName))
			if !errors.Is(err, test.connect) {
				t.Fatalf("connect: %v, want %v", err, test.connect)
			}
			if err != nil {
				return
			}
			defer c.Close(context.Background())
			if status := write(t, c, "OperatorOnlyWrite", 2.0); status != test.write {
				t.Errorf("write: %v, want %v", status, test.write)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	s := Start(t, Options{})
	other := writeClientKey(t)
	endpoint := endpointOf(t, s, ua.SecurityPolicyURIBasic256Sha256)
	if diff := cmp.Diff(s.CertificateDER(), endpoint.ServerCertificate); diff != "" {
		t.Fatalf("the server's certificate is not CertificateDER:\n%s", diff)
	}
	secure := func() error {
		c, err := dialUA(t, s.Endpoint(), opcua.PrivateKey(other.PrivateKey.(*rsa.PrivateKey)), opcua.Certificate(other.Certificate[0]),
			opcua.SecurityFromEndpoint(endpoint, ua.UserTokenTypeAnonymous))
		if err != nil {
			return err
		}
		return c.Close(context.Background())
	}
	if err := secure(); err == nil {
		t.Fatal("an unknown client certificate was accepted")
	}
	rejected, err := filepath.Glob(filepath.Join(s.PKIDir(), "server", "rejected", "*"))
	if err != nil || len(rejected) != 1 {
		t.Errorf("rejected certificates: %v, %v, want one", rejected, err)
	}
	s.Trust(other.Certificate[0])
	for range 2 {
		if err := secure(); err != nil {
			t.Fatalf("a trusted client is refused: %v", err)
		}
		s.Restart() // trust is kept
	}
}

// A client's session and its subscriptions outlive its connection: the server counts them on.
func TestSessionOutlivesCut(t *testing.T) {
	s := Start(t, Options{})
	p := NewProxy(t, s.Addr())
	watcher := connect(t, s.Endpoint())
	const currentSessions, currentSubscriptions = 2277, 2285 // of ServerDiagnosticsSummary (Part 5, 12.9)
	counts := func() [2]uint32 {
		var n [2]uint32
		for i, id := range []uint32{currentSessions, currentSubscriptions} {
			v, err := watcher.Node(ua.NewNumericNodeID(0, id)).Value(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n[i] = v.Value().(uint32)
		}
		return n
	}
	<-subscribe(t, connect(t, p.Endpoint()), "V0")
	want := [2]uint32{2, 1}
	if got := counts(); got != want {
		t.Fatalf("sessions, subscriptions: %v, want %v", got, want)
	}
	p.Cut()
	for range 10 { // round trips: the server has seen the reset, which was there before them
		if got := counts(); got != want {
			t.Fatalf("sessions, subscriptions: %v after the cut, want %v", got, want)
		}
	}
}

func TestPortInUse(t *testing.T) {
	s := Start(t, Options{})
	second := &Server{t: t, dir: s.dir, command: s.command, pki: s.pki, port: s.port, env: s.env}
	err := second.start()
	out, _ := second.log.text()
	if err == nil || !strings.Contains(out, "EADDRINUSE") {
		t.Fatalf("a second server on the same port: %v, want EADDRINUSE in its output:\n%s", err, out)
	}
}

// The server dies with a test binary that is killed. The binary here is this one, started again.
func TestServerDiesWithTest(t *testing.T) {
	const marker = "OPCUATEST_CHILD_ENDPOINT_FILE"
	if path := os.Getenv(marker); path != "" {
		s := Start(t, Options{})
		if err := os.WriteFile(path+".new", []byte(s.Endpoint()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		<-t.Context().Done() // until it is killed
		return
	}
	path := filepath.Join(t.TempDir(), "endpoint")
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerDiesWithTest$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), marker+"="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	var endpoint string
	eventually(t, "the child's server is up", func() bool {
		text, err := os.ReadFile(path)
		endpoint = string(text)
		return err == nil
	})
	answers := func() bool {
		_, err := opcua.GetEndpoints(t.Context(), endpoint)
		return err == nil
	}
	if !answers() {
		t.Fatalf("the child's server at %s does not answer", endpoint)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child's server is gone", func() bool { return !answers() })
}
