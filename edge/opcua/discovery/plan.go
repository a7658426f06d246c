package discovery

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Bounds of a configuration, so that a slip of the keyboard does not harm a network.
const (
	maxURLs          = 1000
	maxLocales       = 16
	maxParallel      = 10_000
	maxProbeTimeout  = time.Minute
	maxProbesSecond  = 100_000
	minIdle, maxIdle = time.Minute, 90 * 24 * time.Hour
)

// Prepare checks a configuration as far as that can be told without the gateway, and fills in the defaults. Its errors name the field, the
// value and the remedy.
func Prepare(c model.DiscoveryConfig) (model.DiscoveryConfig, error) {
	ranges := c.AddressRanges != "" || c.PortRanges != ""
	switch c.Mode {
	case "":
		c.Mode = model.DiscoveryFast
		if !ranges && len(c.DiscoveryURLs) > 0 {
			c.Mode = model.DiscoveryOff
		}
	case model.DiscoveryOff:
		if ranges {
			return c, fmt.Errorf("mode: Off scans nothing, but ranges are given; leave them out or take the mode Fast")
		}
	case model.DiscoveryLocal, model.DiscoveryFast, model.DiscoveryNetwork, model.DiscoveryScan:
	default:
		return c, fmt.Errorf("mode: %q is unknown; use Off, Local, Fast, Network or Scan", c.Mode)
	}
	if c.Mode == model.DiscoveryOff && len(c.DiscoveryURLs) == 0 && (c.Multicast == nil || !*c.Multicast) {
		return c, fmt.Errorf("discoveryUrls: is empty, and with the mode Off nothing else is asked; name a server, or take another mode")
	}
	if _, err := parseAddresses(c.AddressRanges); err != nil {
		return c, err
	}
	if _, err := parsePorts(c.PortRanges); err != nil {
		return c, err
	}
	if err := checkURLs(c.DiscoveryURLs); err != nil {
		return c, err
	}
	if len(c.Locales) > maxLocales {
		return c, fmt.Errorf("locales: has %d entries, at most %d are allowed", len(c.Locales), maxLocales)
	}
	if err := prepareLimits(&c); err != nil {
		return c, err
	}
	return c, checkActivation(c.Activation)
}

func prepareLimits(c *model.DiscoveryConfig) error {
	for _, f := range []struct {
		name              string
		v                 *time.Duration
		def, least, bound time.Duration
	}{
		{"networkProbeTimeout", &c.NetworkProbeTimeout, 3 * time.Second, time.Millisecond, maxProbeTimeout},
		{"portProbeTimeout", &c.PortProbeTimeout, 5 * time.Second, time.Millisecond, maxProbeTimeout},
		{"idleTimeBetweenScans", &c.IdleTimeBetweenScans, 6 * time.Hour, minIdle, maxIdle},
	} {
		if *f.v == 0 {
			*f.v = f.def
		}
		if *f.v < f.least || *f.v > f.bound {
			return fmt.Errorf("%s: %s is out of range; use %s to %s", f.name, *f.v, f.least, f.bound)
		}
	}
	for _, f := range []struct {
		name       string
		v          *int
		def, bound int
	}{
		{"maxNetworkProbes", &c.MaxNetworkProbes, 100, maxParallel},
		{"maxPortProbes", &c.MaxPortProbes, 1000, maxParallel},
		{"minPortProbesPercent", &c.MinPortProbesPercent, 80, 100},
		{"maxProbesPerSecond", &c.MaxProbesPerSecond, 2000, maxProbesSecond},
	} {
		if *f.v == 0 {
			*f.v = f.def
		}
		if *f.v < 1 || *f.v > f.bound {
			return fmt.Errorf("%s: %d is out of range; use 1 to %d", f.name, *f.v, f.bound)
		}
	}
	return nil
}

func checkURLs(urls []string) error {
	if len(urls) > maxURLs {
		return fmt.Errorf("discoveryUrls: has %d entries, at most %d are allowed", len(urls), maxURLs)
	}
	for _, u := range urls {
		if _, ok := parseURL(u); !ok {
			return fmt.Errorf("discoveryUrls: %q is no address; write opc.tcp://host:4840 or opc.tcp://host:4840/path", u)
		}
	}
	return nil
}

func checkActivation(f *model.ActivationFilter) error {
	if f == nil {
		return nil
	}
	switch f.SecurityMode {
	case "", model.SecurityBest, model.SecurityNone, model.SecuritySign, model.SecuritySignAndEncrypt:
	default:
		return fmt.Errorf("activationFilter.securityMode: %q is unknown; use Best, None, Sign or SignAndEncrypt", f.SecurityMode)
	}
	if len(f.TrustedThumbprints) > 1000 || len(f.SecurityPolicies) > 16 {
		return fmt.Errorf("activationFilter: has more than 1000 thumbprints or 16 policies")
	}
	return nil
}

// serverURL is the URL of a server, taken apart.
type serverURL struct {
	host string
	port uint16
	path string // with its slash, or empty
}

// defaultPort is that of OPC UA (Part 6, 7.4).
const defaultPort = 4840

// parseURL takes an opc.tcp URL apart. ok is false for anything else.
func parseURL(text string) (serverURL, bool) {
	if len(text) > maxText {
		return serverURL{}, false
	}
	u, err := url.Parse(text)
	if err != nil || !strings.EqualFold(u.Scheme, "opc.tcp") || u.Hostname() == "" || u.User != nil {
		return serverURL{}, false
	}
	s := serverURL{host: u.Hostname(), port: defaultPort, path: strings.TrimRight(u.EscapedPath(), "/")}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return serverURL{}, false
		}
		s.port = uint16(n)
	}
	return s, true
}

func (s serverURL) String() string {
	return "opc.tcp://" + net.JoinHostPort(s.host, strconv.Itoa(int(s.port))) + s.path
}

// plan is what is to be scanned.
type plan struct {
	addresses addressList
	ports     portList
	own       addressList // of this machine
	multicast []nic       // that are asked for announcements
	notes     []string
}

// makePlan says what a prepared configuration means on this machine.
func makePlan(c *model.DiscoveryConfig, nics []nic) (plan, error) {
	p := plan{}
	var err error
	p.own.ranges = ownAddresses(nics)
	ranges, ports := p.ofMode(c.Mode, nics)
	if c.PortRanges != "" {
		if ports, err = parsePorts(c.PortRanges); err != nil {
			return p, err
		}
	}
	if c.AddressRanges != "" {
		specs, err := parseAddresses(c.AddressRanges)
		if err != nil {
			return p, err
		}
		if ranges, p.notes, err = expand(specs, nics); err != nil {
			return p, err
		}
	}
	p.ports = ports
	if p.addresses, err = listOf(ranges); err != nil {
		return p, err
	}
	asked := c.AddressRanges == "" && c.Mode != model.DiscoveryOff && c.Mode != model.DiscoveryLocal
	if c.Multicast != nil {
		asked = *c.Multicast
	}
	for _, n := range nics {
		if asked && n.multicast && !n.loopback {
			p.multicast = append(p.multicast, n)
		}
	}
	return p, nil
}

// ofMode are the ranges of a mode.
func (p *plan) ofMode(mode model.DiscoveryMode, nics []nic) (ranges []addressRange, ports portList) {
	switch mode {
	case model.DiscoveryLocal:
		return hostAddresses(nics), portsOf([]portRange{{1, 65535}})
	case model.DiscoveryFast:
		ranges, _ = ownNetworks(nics, "", 24)
		return append(ranges, hostAddresses(nics)...), portsOf(wellKnownPorts[:])
	case model.DiscoveryNetwork:
		ranges, p.notes = ownNetworks(nics, "", 0)
		return append(ranges, hostAddresses(nics)...), portsOf(registeredPorts[:])
	case model.DiscoveryScan:
		ranges, p.notes = ownNetworks(nics, "", 0)
		return append(ranges, hostAddresses(nics)...), allPorts()
	}
	return nil, portList{}
}
