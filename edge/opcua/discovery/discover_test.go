package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// recorder keeps the progress and every address that was contacted.
type recorder struct {
	mu        sync.Mutex
	progress  []model.DiscoveryProgress
	contacted map[netip.AddrPort]int
}

func (r *recorder) report(p model.DiscoveryProgress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = append(r.progress, p)
}

// finder watches the connections of a Finder. names are what it resolves.
func (r *recorder) finder(names map[string]string) *Finder {
	r.contacted = map[netip.AddrPort]int{}
	f := New()
	f.prepare = func(s *scope) {
		connect := s.connect
		s.connect = func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
			r.mu.Lock()
			r.contacted[a]++
			r.mu.Unlock()
			return connect(ctx, a)
		}
		s.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
			if a := names[host]; a != "" {
				return []netip.Addr{netip.MustParseAddr(a)}, nil
			}
			return nil, errors.New("no such host")
		}
	}
	return f
}

func discover(t *testing.T, f *Finder, r *recorder, c model.DiscoveryConfig) edge.Found {
	t.Helper()
	found, err := f.Discover(t.Context(), c, r.report)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func uris(found edge.Found) string {
	var list []string
	for _, a := range found.Applications {
		list = append(list, a.ApplicationURI)
	}
	return strings.Join(list, " ")
}

func port(s *fakeServer) string { return fmt.Sprint(s.address.Port()) }

func TestTenServers(t *testing.T) {
	var want []string
	const low, high = firstPort, firstPort + ports - 1
	for i := range 10 {
		want = append(want, fmt.Sprintf("urn:s%02d", i))
		startServer(t, fmt.Sprintf("127.0.0.%d", 11+i), want[i], nil)
	}
	outside := startServer(t, "127.0.0.99", "urn:outside", nil)
	var r recorder
	start := time.Now()
	window := fmt.Sprintf("%d-%d", low, high)
	found := discover(t, r.finder(nil), &r, model.DiscoveryConfig{AddressRanges: "127.0.0.11-127.0.0.20", PortRanges: window})
	took := time.Since(start)
	t.Logf("%d probes in %v, %d reports", 10*ports, took, len(r.progress))
	if got := uris(found); got != strings.Join(want, " ") {
		t.Errorf("found %s, want all of %s", got, want)
	}
	if took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	for a := range r.contacted {
		if host := a.Addr().As4()[3]; host < 11 || host > 20 || a.Port() < low || a.Port() > high {
			t.Errorf("contacted %s, outside of what was named", a)
		}
	}
	if n := outside.accepted.Load(); n > 0 {
		t.Errorf("a server outside was contacted %d times", n)
	}
	last := r.progress[len(r.progress)-1]
	if last.Found != 10 || last.Applications != 10 || last.Done != last.Total || last.Phase != model.DiscoveryServers {
		t.Errorf("last progress %+v", last)
	}
	if !slices.ContainsFunc(r.progress, func(p model.DiscoveryProgress) bool { return p.Phase == model.DiscoveryPorts && p.Total > 0 }) {
		t.Error("no progress of the ports")
	}
}

func TestCancel(t *testing.T) {
	silent := startServer(t, "127.0.0.21", "urn:silent", func(s *fakeServer) { s.silent = true })
	// 192.0.2.0/24 and 198.51.100.0/24 are for documentation: nobody answers. The dialer of the test does not let them out either.
	var r recorder
	f := r.finder(nil)
	prepare := f.prepare
	f.prepare = func(s *scope) {
		prepare(s)
		local := s.connect
		s.connect = func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
			if a.Addr().IsLoopback() {
				return local(ctx, a)
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var once sync.Once
	var cancelled time.Time
	_, err := f.Discover(ctx, model.DiscoveryConfig{AddressRanges: "127.0.0.21;198.51.100.0/24", PortRanges: port(silent) + ";4840-4850", PortProbeTimeout: 500 * time.Millisecond}, func(p model.DiscoveryProgress) {
		if silent.accepted.Load() > 0 {
			once.Do(func() { cancelled = time.Now(); cancel() })
		}
	})
	if took := time.Since(cancelled); !errors.Is(err, context.Canceled) || took > time.Second {
		t.Errorf("ended %v after the cancel with %v", took, err)
	}
}

func TestReferralsAndLoops(t *testing.T) {
	a := startServer(t, "127.0.0.31", "urn:a", nil)
	b := startServer(t, "127.0.0.32", "urn:b", nil)
	outside := startServer(t, "127.0.0.33", "urn:outside", nil)
	lds := startServer(t, "127.0.0.31", "urn:lds", func(s *fakeServer) {
		s.endpoints[0].server.kind, s.servers[0].kind = kindDiscoveryServer, kindDiscoveryServer
		s.servers = append(s.servers, a.servers[0], application{uri: "urn:outside", urls: outside.servers[0].urls})
		s.records = []record{{id: 1, name: "b", url: b.endpoints[0].url, capabilities: []string{"DA", "HD"}}, {id: 2, url: "opc.tcp://nowhere:1"}, {id: 3, url: "https://127.0.0.31/"}}
	})
	a.servers = append(a.servers, lds.servers[0], b.servers[0]) // a knows those who know it
	b.servers = append(b.servers, a.servers[0])
	var r recorder
	found := discover(t, r.finder(nil), &r, model.DiscoveryConfig{AddressRanges: "127.0.0.31-127.0.0.32", DiscoveryURLs: []string{"opc.tcp://" + lds.address.String()}, PortRanges: port(a) + ";" + port(b)})
	if got := uris(found); got != "urn:a urn:b urn:lds urn:outside" {
		t.Errorf("found %s", got)
	}
	if n := outside.accepted.Load(); n > 0 {
		t.Errorf("a server outside was contacted %d times", n)
	}
	if !slices.ContainsFunc(found.Notes, func(s string) bool {
		return strings.Contains(s, outside.endpoints[0].url) && strings.Contains(s, "not contacted")
	}) {
		t.Errorf("notes %q", found.Notes)
	}
	for _, s := range []*fakeServer{a, b, lds} {
		if n := s.accepted.Load(); n > 2 { // the probe and one visit
			t.Errorf("%s was contacted %d times", s.address, n)
		}
	}
	byURI := map[string]model.DiscoveredApplication{}
	for _, app := range found.Applications {
		byURI[app.ApplicationURI] = app
	}
	if got := byURI["urn:b"].Capabilities; !slices.Equal(got, []string{"DA", "HD"}) {
		t.Errorf("capabilities of b: %v", got)
	}
	if byURI["urn:lds"].Type != model.ApplicationDiscoveryServer || len(byURI["urn:outside"].Endpoints) != 0 {
		t.Errorf("lds %+v, outside %+v", byURI["urn:lds"], byURI["urn:outside"])
	}
	// Told to follow, it does.
	found = discover(t, r.finder(nil), &r, model.DiscoveryConfig{DiscoveryURLs: []string{"opc.tcp://" + lds.address.String()}, FollowReferrals: true})
	if i := slices.IndexFunc(found.Applications, func(a model.DiscoveredApplication) bool { return a.ApplicationURI == "urn:outside" }); i < 0 || len(found.Applications[i].Endpoints) != 1 {
		t.Errorf("followed: %s", uris(found))
	}
}

func TestAddressesThatServersReport(t *testing.T) {
	for _, c := range []struct{ name, reports, wantReported string }{
		{"a name that nobody knows", "opc.tcp://plc-7:%d/UA/x", "plc-7"},
		{"another port", "opc.tcp://10.9.9.9:4840/UA/x", "10.9.9.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, "127.0.0.41", "urn:x", func(s *fakeServer) {
				url := c.reports
				if strings.Contains(url, "%d") {
					url = fmt.Sprintf(url, s.address.Port())
				}
				s.endpoints[0].url, s.endpoints[0].server.urls, s.servers[0].urls = url, []string{url}, []string{url}
			})
			var r recorder
			found := discover(t, r.finder(nil), &r, model.DiscoveryConfig{AddressRanges: "127.0.0.41", PortRanges: port(s)})
			if len(found.Applications) != 1 || len(found.Applications[0].Endpoints) != 1 {
				t.Fatalf("found %+v", found)
			}
			e := found.Applications[0].Endpoints[0]
			if want := "opc.tcp://" + s.address.String() + "/UA/x"; e.URL != want || !strings.Contains(e.ReportedURL, c.wantReported) {
				t.Errorf("endpoint %+v, want url %s", e, want)
			}
			for a := range r.contacted {
				if a != s.address {
					t.Errorf("contacted %s", a)
				}
			}
		})
	}
}

func TestOneServerAtSeveralAddresses(t *testing.T) {
	s := startServer(t, "0.0.0.0", "urn:many", func(s *fakeServer) {
		s.endpoints[0].url, s.endpoints[0].server.urls, s.servers = "opc.tcp://machine:4840", nil, nil
	})
	var r recorder
	found := discover(t, r.finder(nil), &r, model.DiscoveryConfig{AddressRanges: "127.0.0.51-127.0.0.53", PortRanges: port(s)})
	if len(found.Applications) != 1 || len(found.Applications[0].Endpoints) != 1 {
		t.Fatalf("found %+v", found)
	}
	if e := found.Applications[0].Endpoints[0]; e.URL != "opc.tcp://127.0.0.51:"+port(s) || len(e.AlternativeURLs) != 2 {
		t.Errorf("endpoint %+v", e)
	}
	if found.Absent("opc.tcp://127.0.0.51:"+port(s)) || found.Absent("opc.tcp://127.0.0.60:"+port(s)) {
		t.Error("a server that answered, or was not looked at, counts as absent")
	}
	s.stop()
	found = discover(t, r.finder(nil), &r, model.DiscoveryConfig{AddressRanges: "127.0.0.51-127.0.0.53", PortRanges: port(s)})
	if len(found.Applications) != 0 || !found.Absent("opc.tcp://127.0.0.51:"+port(s)) {
		t.Errorf("found %+v after it stopped", found)
	}
}

func TestStrangers(t *testing.T) {
	refusing := startServer(t, "127.0.0.61", "urn:refusing", func(s *fakeServer) { s.refuse = true })
	huge := startServer(t, "127.0.0.61", "urn:huge", func(s *fakeServer) { s.raw = []byte("OPNF\xff\xff\xff\xff") })
	negative := startServer(t, "127.0.0.61", "urn:negative", func(s *fakeServer) {
		s.raw = setSize(append([]byte("OPNF\x00\x00\x00\x00\x01\x00\x00\x00"), "\xfe\xff\xff\xff\x80\x80\x80\x80"...))
	})
	web := listen(t, "127.0.0.61")
	defer web.Close()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := web.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			conn.Close()
		}
	})
	defer group.Wait()
	defer web.Close()
	good := startServer(t, "127.0.0.61", "urn:good", nil)
	list := []string{port(refusing), port(huge), port(negative), port(good), fmt.Sprint(web.Addr().(*net.TCPAddr).Port)}
	var r recorder
	found := discover(t, r.finder(nil), &r, model.DiscoveryConfig{AddressRanges: "127.0.0.61", PortRanges: strings.Join(list, ";")})
	if got := uris(found); got != "urn:good" {
		t.Errorf("found %s", got)
	}
	if last := r.progress[len(r.progress)-1]; last.Found != 4 {
		t.Errorf("found %d servers, want the four that speak OPC UA", last.Found)
	}
	if text := strings.Join(found.Notes, "\n"); !strings.Contains(text, "wrong url") || !strings.Contains(text, "malformed") {
		t.Errorf("notes %s", text)
	}
}

func TestNamesOfOtherMachines(t *testing.T) {
	// What a server elsewhere calls localhost is not our machine.
	e := newExplorer(&scope{plan: &plan{own: addressList{ranges: loopbackNetworks()}}, names: map[string][]netip.Addr{}}, nil, nil)
	far := netip.MustParseAddr("10.0.0.5")
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		if got := e.addressesOf(t.Context(), far, host); len(got) != 1 || got[0] != far {
			t.Errorf("%s for %s is %v", host, far, got)
		}
	}
	if got := e.addressesOf(t.Context(), netip.MustParseAddr("127.0.0.1"), "localhost"); got[0] != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("our own localhost is %v", got)
	}
}
