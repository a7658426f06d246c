package discovery

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// nic is one network interface that is up.
type nic struct {
	name      string
	prefixes  []netip.Prefix // own addresses with the lengths of their networks
	loopback  bool
	multicast bool
}

// systemInterfaces returns the interfaces of this machine that are up.
func systemInterfaces() ([]nic, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	var nics []nic
	for _, i := range list {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		n := nic{name: i.Name, loopback: i.Flags&net.FlagLoopback != 0, multicast: i.Flags&net.FlagMulticast != 0}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("addresses of interface %s: %w", i.Name, err)
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				n.prefixes = append(n.prefixes, p)
			}
		}
		nics = append(nics, n)
	}
	return nics, nil
}

// The widest networks of an interface that are looked at as a whole, as prefix lengths.
const (
	widestIPv4 = 16
	widestIPv6 = 112
)

// ownNetworks are the networks of the interfaces, narrowed to bits where that is not 0. Network and broadcast addresses are left out. notes
// tell which networks are too wide and so were narrowed.
func ownNetworks(nics []nic, name string, bits int) (ranges []addressRange, notes []string) {
	for _, n := range nics {
		if n.loopback && name == "" || name != "" && !strings.EqualFold(n.name, name) {
			continue
		}
		for _, p := range n.prefixes {
			a := p.Addr()
			if a.IsLinkLocalUnicast() && a.Is6() || bits > a.BitLen() || a.Is6() && bits != 0 && bits <= 32 {
				continue // "*/24" means IPv4
			}
			widest := widestIPv6
			if a.Is4() {
				widest = widestIPv4
			}
			length := max(p.Bits(), bits)
			if length < widest {
				if a.Is4() {
					notes = append(notes, fmt.Sprintf("network %s of interface %s is wider than /%d: only /%d around the own address is looked at; name address ranges for the rest", p.Masked(), n.name, widest, widest))
					length = widest
				} else {
					notes = append(notes, fmt.Sprintf("IPv6 network %s of interface %s is too wide to be looked at; name address ranges, or use multicast", p.Masked(), n.name))
					length = a.BitLen()
				}
			}
			ranges = append(ranges, inner(netip.PrefixFrom(a, length), p))
		}
	}
	return ranges, notes
}

// inner is p without the first and the last address of its network, which are no hosts in IPv4.
func inner(p, network netip.Prefix) addressRange {
	r := prefixRange(p)
	if p.Addr().Is4() && network.Bits() < 31 && p.Bits() < 31 {
		whole := prefixRange(network)
		if r.first == whole.first {
			r.first = r.first.Next()
		}
		if r.last == whole.last {
			r.last = r.last.Prev()
		}
	}
	return r
}

// ownAddresses are the addresses of this machine, the loopback networks among them.
func ownAddresses(nics []nic) []addressRange {
	ranges := loopbackNetworks()
	for _, n := range nics {
		for _, p := range n.prefixes {
			ranges = append(ranges, addressRange{p.Addr(), p.Addr()})
		}
	}
	return merge(ranges)
}

func loopbackNetworks() []addressRange {
	return []addressRange{prefixRange(netip.MustParsePrefix("127.0.0.0/8")), localhost6()}
}

// localhost are the two addresses of that name.
func localhost() []addressRange {
	a := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	return []addressRange{{a, a}, localhost6()}
}

func localhost6() addressRange { return addressRange{netip.IPv6Loopback(), netip.IPv6Loopback()} }

// hostAddresses are the addresses of the interfaces and localhost.
func hostAddresses(nics []nic) []addressRange {
	ranges := localhost()
	for _, n := range nics {
		for _, p := range n.prefixes {
			if a := p.Addr(); !n.loopback && !a.IsLinkLocalUnicast() {
				ranges = append(ranges, addressRange{a, a})
			}
		}
	}
	return ranges
}

// expand replaces own networks by what they are.
func expand(specs []addressSpec, nics []nic) (ranges []addressRange, notes []string, err error) {
	for _, s := range specs {
		if s.nic != "" && !slices.ContainsFunc(nics, func(n nic) bool { return strings.EqualFold(n.name, s.nic) }) {
			return nil, nil, fmt.Errorf("addressRangesToScan: %q: the gateway has no interface %q that is up; it has %s", s.text, s.nic, names(nics))
		}
		if !s.own {
			ranges = append(ranges, s.fixed)
			continue
		}
		own, more := ownNetworks(nics, s.nic, s.bits)
		ranges, notes = append(ranges, own...), append(notes, more...)
	}
	return ranges, notes, nil
}

func names(nics []nic) string {
	list := make([]string, len(nics))
	for i, n := range nics {
		list[i] = n.name
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
