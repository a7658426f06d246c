package discovery

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// machine is a gateway with two interfaces.
var machine = []nic{
	{name: "lo", loopback: true, prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("::1/128")}},
	{name: "eth0", multicast: true, prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/22"), netip.MustParsePrefix("fd00::3/64"), netip.MustParsePrefix("fe80::1/64")}},
	{name: "eth1", prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.7.9/30"), netip.MustParsePrefix("172.16.0.1/12")}},
}

func text(ranges []addressRange) string {
	var list []string
	for _, r := range ranges {
		if r.first == r.last {
			list = append(list, r.first.String())
		} else {
			list = append(list, fmt.Sprintf("%s-%s", r.first, r.last))
		}
	}
	return strings.Join(list, " ")
}

func TestParseAddresses(t *testing.T) {
	f := func(in, want string, total uint64) {
		t.Helper()
		specs, err := parseAddresses(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			return
		}
		ranges, _, err := expand(specs, machine)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			return
		}
		l, err := listOf(ranges)
		if got := text(l.ranges); got != want || l.total != total || err != nil {
			t.Errorf("%q is %s of %d (%v), want %s of %d", in, got, l.total, err, want, total)
		}
	}
	f("", "", 0)
	f(" ; ,", "", 0)
	f("10.0.0.5", "10.0.0.5", 1)
	f("10.0.0.0/24", "10.0.0.0-10.0.0.255", 256)
	f("10.0.0.77/24", "10.0.0.0-10.0.0.255", 256)
	f("10.0.0.77/32", "10.0.0.77", 1)
	f("10.1.0.5-10.1.0.9", "10.1.0.5-10.1.0.9", 5)
	f("10.0.0.0/24;10.1.0.5 - 10.1.0.9", "10.0.0.0-10.0.0.255 10.1.0.5-10.1.0.9", 261)
	f("10.0.0.0/25,10.0.0.128/25;10.0.0.100", "10.0.0.0-10.0.0.255", 256)
	f("10.0.0.250-10.0.1.5", "10.0.0.250-10.0.1.5", 12)
	f("::ffff:10.0.0.5", "10.0.0.5", 1)
	f("fd00::10-fd00::20", "fd00::10-fd00::20", 17)
	f("fd00::fff0/112", "fd00::-fd00::ffff", 65536)
	f("fd00::ffff:ffff:ffff:fff0-fd00::1:0:0:0:f", "fd00::ffff:ffff:ffff:fff0-fd00:0:0:1::f", 32)
	f("fd00::1;10.0.0.1", "10.0.0.1 fd00::1", 2)
	f("255.255.255.254-255.255.255.255", "255.255.255.254-255.255.255.255", 2)
	f("*/24", "10.1.2.0-10.1.2.255 172.16.0.1-172.16.0.255 192.168.7.9-192.168.7.10", 513)
	f("*/24[eth0]", "10.1.2.0-10.1.2.255", 256)
	f("[ETH0] */30", "10.1.2.0-10.1.2.3", 4)
	f("[lo]*/30", "127.0.0.1-127.0.0.3", 3)
	f("*/120", "fd00::-fd00::ff", 256)
	f("*[eth0]", "10.1.0.1-10.1.3.254 fd00::3", 1023)
	f("[eth0]", "10.1.0.1-10.1.3.254 fd00::3", 1023)
	f("10.7.0.1 [eth1]", "10.7.0.1", 1)
}

func TestParseAddressesErrors(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		specs, err := parseAddresses(in)
		if err == nil {
			var ranges []addressRange
			if ranges, _, err = expand(specs, machine); err == nil {
				_, err = listOf(ranges)
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "addressRangesToScan: ") {
			t.Errorf("%q: error %v, want %q", in, err, want)
		}
	}
	f("x", "is no address")
	f("10.0.0", "is no address")
	f("10.0.0.1-x", "does not end with an address")
	f("10.0.0.9-10.0.0.1", "from a lower to a higher")
	f("10.0.0.1-fd00::1", "of one family")
	f("10.0.0.0/33", "is no prefix")
	f("0.0.0.0/0", "is no prefix")
	f("10.0.0.0/8", "more than 1048576 addresses")
	f("fd00::/64", "more than 1048576 addresses")
	f("::-ffff::", "more than 1048576 addresses")
	f("10.0.0.0/13;11.0.0.0/13;12.0.0.0/13", "all ranges together")
	f("*/0", "own networks")
	f("*24", "own networks")
	f("*/x", "own networks")
	f("[]", "no interface")
	f("10.0.0.1[eth0]x", "no interface")
	f("]eth0[", "no interface")
	f("*[wlan9]", "it has lo, eth0, eth1")
	f("fe80::1%eth0", "zone")
	f("::ffff:10.0.0.0/120", "write it as IPv4")
}

func TestParsePorts(t *testing.T) {
	f := func(in, want string, total uint64) {
		t.Helper()
		l, err := parsePorts(in)
		if got := fmt.Sprint(l.ranges); err != nil || got != want || l.total != total {
			t.Errorf("%q is %s of %d, %v; want %s of %d", in, got, l.total, err, want, total)
		}
	}
	f("", "[]", 0)
	f("4840", "[{4840 4840}]", 1)
	f("4840-4850;50000;*-1024", "[{1 1024} {4840 4850} {50000 50000}]", 1036)
	f("60000-*", "[{60000 65535}]", 5536)
	f("*", "[{1 65535}]", 65535)
	f(" 5 - 7 , 8;3-5", "[{3 8}]", 6)
	f("65535;1", "[{1 1} {65535 65535}]", 2)
	for _, in := range []string{"0", "65536", "x", "5-4", "-5", "5-", "1-2-3", "0-5"} {
		if _, err := parsePorts(in); err == nil || !strings.Contains(err.Error(), "portRangesToScan: ") {
			t.Errorf("%q: error %v", in, err)
		}
	}
}

func TestAllPortsLeaveFragileOut(t *testing.T) {
	l := allPorts()
	for _, p := range []uint16{1023, 9100, 502, 102, 44818, 20000} {
		if l.contains(p) {
			t.Errorf("port %d is scanned", p)
		}
	}
	for _, p := range []uint16{1024, 4840, 9099, 9108, 53530, 65535} {
		if !l.contains(p) {
			t.Errorf("port %d is not scanned", p)
		}
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		config    model.DiscoveryConfig
		addresses string
		ports     uint64
		multicast int
	}{
		{model.DiscoveryConfig{DiscoveryURLs: []string{"opc.tcp://h"}}, "", 0, 0},
		{model.DiscoveryConfig{Mode: model.DiscoveryLocal}, "10.1.2.3 127.0.0.1 172.16.0.1 192.168.7.9 ::1 fd00::3", 65535, 0},
		{model.DiscoveryConfig{}, "10.1.2.0-10.1.2.255 127.0.0.1 172.16.0.1-172.16.0.255 192.168.7.9-192.168.7.10 ::1 fd00::3", 207, 1},
		{model.DiscoveryConfig{Mode: model.DiscoveryNetwork}, "10.1.0.1-10.1.3.254 127.0.0.1 172.16.0.1-172.16.255.255 192.168.7.9-192.168.7.10 ::1 fd00::3", 2, 1},
		{model.DiscoveryConfig{Mode: model.DiscoveryNetwork, PortRanges: "4840"}, "10.1.0.1-10.1.3.254 127.0.0.1 172.16.0.1-172.16.255.255 192.168.7.9-192.168.7.10 ::1 fd00::3", 1, 1},
		{model.DiscoveryConfig{AddressRanges: "10.0.0.1"}, "10.0.0.1", 207, 0},
		{model.DiscoveryConfig{Mode: model.DiscoveryScan, AddressRanges: "10.0.0.1"}, "10.0.0.1", allPorts().total, 0},
	} {
		config, err := Prepare(c.config)
		if err != nil {
			t.Errorf("%+v: %v", c.config, err)
			continue
		}
		p, err := makePlan(&config, machine)
		if got := text(p.addresses.ranges); err != nil || got != c.addresses || p.ports.total != c.ports || len(p.multicast) != c.multicast {
			t.Errorf("%+v: %s, %d ports, multicast %d, %v", c.config, got, p.ports.total, len(p.multicast), err)
		}
	}
	p, _ := makePlan(&model.DiscoveryConfig{Mode: model.DiscoveryNetwork}, machine)
	if len(p.notes) != 2 || !strings.Contains(p.notes[1], "172.16.0.0/12") {
		t.Errorf("notes %q", p.notes)
	}
}

func TestPrepareErrors(t *testing.T) {
	for want, c := range map[string]model.DiscoveryConfig{
		`mode: "Wide" is unknown`:           {Mode: "Wide"},
		"mode: Off scans nothing":           {Mode: model.DiscoveryOff, PortRanges: "1"},
		"discoveryUrls: is empty":           {Mode: model.DiscoveryOff},
		`discoveryUrls: "http://h" is no`:   {DiscoveryURLs: []string{"http://h"}},
		"portProbeTimeout: 2m0s is out of":  {PortProbeTimeout: 120e9},
		"maxPortProbes: 20000 is out of":    {MaxPortProbes: 20000},
		"minPortProbesPercent: -1 is out":   {MinPortProbesPercent: -1},
		"idleTimeBetweenScans: 1s is out":   {IdleTimeBetweenScans: 1e9},
		"activationFilter.securityMode: \"": {Activation: &model.ActivationFilter{SecurityMode: "Full"}},
	} {
		if _, err := Prepare(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestShuffleVisitsEachOnce(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 4, 10, 97, 1000, 4096} {
		s := newShuffle(n)
		seen := make([]bool, n)
		for i := range n {
			k := s.at(i)
			if seen[k] {
				t.Fatalf("%d of %d comes twice", k, n)
			}
			seen[k] = true
		}
	}
	s := newShuffle(1 << 36) // larger than what a product of two numbers of 32 bits holds
	if a, b := s.at(1<<36-1), s.at(1<<36-2); a >= 1<<36 || b >= 1<<36 || a == b {
		t.Errorf("%d and %d", a, b)
	}
}

func TestKnocks(t *testing.T) {
	l, _ := parsePorts("48000-48100;4840")
	if got := l.knocks(3); len(got) != 3 || got[0] != 4840 || got[1] != 48010 {
		t.Errorf("knocks %v", got)
	}
	l, _ = parsePorts("7")
	if got := l.knocks(3); !slices.Equal(got, []uint16{7}) {
		t.Errorf("knocks %v", got)
	}
}

func FuzzRanges(f *testing.F) {
	for _, s := range []string{"10.0.0.0/24;10.1.0.5-10.1.0.9;*/24;*[eth0]", "fd00::10-fd00::20", "*-1024;4840", "[lo]*/30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if specs, err := parseAddresses(s); err == nil {
			if ranges, _, err := expand(specs, machine); err == nil {
				if l, err := listOf(ranges); err == nil && l.total > 0 {
					if a, b := l.at(0), l.at(l.total-1); !l.contains(a) || !l.contains(b) || b.Compare(a) < 0 {
						t.Errorf("%q goes from %s to %s", s, a, b)
					}
				}
			}
		}
		if l, err := parsePorts(s); err == nil && l.total > 0 {
			if a, b := l.at(0), l.at(l.total-1); !l.contains(a) || !l.contains(b) || b < a || a == 0 {
				t.Errorf("%q goes from %d to %d", s, a, b)
			}
		}
	})
}
