package udp

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

const (
	defaultPort       = 4840 // registered for opc.udp as well (Part 14, 7.3.2.1)
	defaultQueue      = 1024
	defaultReadBuffer = 4 << 20
	// discoveryAddress is where publishers listen for probes unless told otherwise (Part 14, 7.3.2.1).
	discoveryAddress = "opc.udp://224.0.2.14:4840"
)

// Config is where datagrams come in.
type Config struct {
	// Listen are the addresses: "opc.udp://0.0.0.0:4840" for datagrams to this host, "opc.udp://239.0.0.1:4840" for those to a multicast
	// group. None turns the receiver off.
	Listen []string `yaml:"listen"`
	// Interface is the name of the network interface on which groups are joined, "eth0". Empty leaves it to the system.
	Interface string `yaml:"interface"`
	// Queue is how many datagrams may wait to be taken. 0 means 1024.
	Queue int `yaml:"queue"`
	// ReadBuffer is the size in bytes of the socket's buffer, which the system may limit. 0 means 4 MiB.
	ReadBuffer int `yaml:"readBuffer"`
	// Probe is the address that probes for metadata go to at the start and when asked for; empty for none at the start.
	Probe string `yaml:"probe"`
}

// Enabled tells whether the receiver is to run.
func (c *Config) Enabled() bool { return len(c.Listen) > 0 }

// Validate names the field that cannot be used, its value and the remedy.
func (c *Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	seen := map[string]bool{}
	for i, address := range c.Listen {
		a, err := parseAddress(address)
		if err != nil {
			return fmt.Errorf("listen[%d] %q: %w", i, address, err)
		}
		if seen[a.String()] && a.Port != 0 {
			return fmt.Errorf("listen[%d] %q is there twice: remove one", i, address)
		}
		seen[a.String()] = true
	}
	if c.Interface != "" {
		if _, err := net.InterfaceByName(c.Interface); err != nil {
			return fmt.Errorf("interface %q: %w: use one of %v, or nothing", c.Interface, err, interfaceNames())
		}
	}
	switch {
	case c.Queue < 0:
		return fmt.Errorf("queue %d: use at least 1, or 0 for %d", c.Queue, defaultQueue)
	case c.ReadBuffer < 0:
		return fmt.Errorf("readBuffer %d: use at least 65536 bytes, or 0 for %d", c.ReadBuffer, defaultReadBuffer)
	}
	if c.Probe != "" {
		if _, err := parseAddress(c.Probe); err != nil {
			return fmt.Errorf("probe %q: %w", c.Probe, err)
		}
	}
	return nil
}

func interfaceNames() (names []string) {
	list, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range list {
		names = append(names, i.Name)
	}
	return names
}

// parseAddress reads "opc.udp://host[:port]" (Part 14, 7.3.2.1).
func parseAddress(s string) (*net.UDPAddr, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "opc.udp" || u.Hostname() == "" || u.User != nil || len(u.Path) > 1 {
		return nil, errors.New("write opc.udp://<host>:<port>, \"opc.udp://239.0.0.1:4840\"")
	}
	port := defaultPort
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port > 65535 {
			return nil, fmt.Errorf("port %s: use 1 to 65535", p)
		}
	}
	ip := net.ParseIP(u.Hostname())
	if ip == nil {
		resolved, err := net.ResolveIPAddr("ip", u.Hostname())
		if err != nil {
			return nil, fmt.Errorf("host %q: %w", u.Hostname(), err)
		}
		ip = resolved.IP
	}
	return &net.UDPAddr{IP: ip, Port: port}, nil
}
