package discovery

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxAddresses bounds the addresses of one discovery.
const maxAddresses = 1 << 20

// addressRange is all addresses from first to last, both of the same family.
type addressRange struct{ first, last netip.Addr }

// contains tells whether a is in the range.
func (r addressRange) contains(a netip.Addr) bool {
	return a.Is4() == r.first.Is4() && r.first.Compare(a) <= 0 && a.Compare(r.last) <= 0
}

// count is the number of addresses, at most maxAddresses+1.
func (r addressRange) count() uint64 {
	first, last := r.first.As16(), r.last.As16()
	var n uint64
	borrow := 0
	var difference [16]byte
	for i := 15; i >= 0; i-- {
		d := int(last[i]) - int(first[i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		difference[i] = byte(d)
	}
	for i, b := range difference {
		if i < 12 && b != 0 {
			return maxAddresses + 1
		}
		n = n<<8 | uint64(b)
	}
	return min(n+1, maxAddresses+1)
}

// at returns the address that is i after the first.
func (r addressRange) at(i uint64) netip.Addr {
	b := r.first.As16()
	for k := 15; k >= 0 && i > 0; k-- {
		i += uint64(b[k])
		b[k] = byte(i)
		i >>= 8
	}
	a := netip.AddrFrom16(b)
	if r.first.Is4() {
		return a.Unmap()
	}
	return a
}

// prefixRange is all addresses of a prefix.
func prefixRange(p netip.Prefix) addressRange {
	first := p.Masked().Addr()
	b := first.AsSlice()
	for bit := p.Bits(); bit < first.BitLen(); bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(b)
	return addressRange{first, last}
}

// addressSpec is one part of a text of address ranges.
type addressSpec struct {
	text string
	// fixed is set unless own stands for the networks of the interfaces; bits is their prefix length, 0 for that which they have.
	fixed addressRange
	own   bool
	bits  int
	nic   string // empty for any interface
}

// parseAddresses parses "10.0.0.0/24;10.1.0.5-10.1.0.9;*/24;*[eth0];[eth0]". The empty text has no parts.
func parseAddresses(text string) ([]addressSpec, error) {
	var specs []addressSpec
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ',' }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		spec, err := parseAddress(part)
		if err != nil {
			return nil, fmt.Errorf("addressRangesToScan: %q %w", part, err)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

func parseAddress(part string) (addressSpec, error) {
	spec := addressSpec{text: part}
	text, nic, ok := cutNIC(part)
	if !ok {
		return spec, fmt.Errorf("has no interface in its brackets; write *[eth0]")
	}
	spec.nic = nic
	if text == "" && nic != "" {
		text = "*"
	}
	if own, ok := strings.CutPrefix(text, "*"); ok {
		spec.own = true
		if own == "" {
			return spec, nil
		}
		bits, err := strconv.Atoi(strings.TrimPrefix(own, "/"))
		if err != nil || !strings.HasPrefix(own, "/") || bits < 1 || bits > 128 {
			return spec, fmt.Errorf("is no range of the own networks; write *, */24 or */120 for IPv6")
		}
		spec.bits = bits
		return spec, nil
	}
	var err error
	spec.fixed, err = parseFixed(text)
	return spec, err
}

// cutNIC cuts "[eth0]" off either end. IPv6 addresses stand without brackets.
func cutNIC(part string) (text, nic string, ok bool) {
	open, end := strings.IndexByte(part, '['), strings.IndexByte(part, ']')
	if open < 0 && end < 0 {
		return part, "", true
	}
	if open < 0 || end < open || open > 0 && end != len(part)-1 {
		return part, "", false
	}
	nic = strings.TrimSpace(part[open+1 : end])
	return strings.TrimSpace(part[:open] + part[end+1:]), nic, nic != "" && !strings.ContainsAny(nic, "[]")
}

// parseFixed parses an address, a prefix or two addresses with a '-' between.
func parseFixed(text string) (addressRange, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Bits() == 0 {
			return addressRange{}, fmt.Errorf("is no prefix; write 10.0.0.0/24 or fd00::/120")
		}
		if p.Addr().Is4In6() {
			return addressRange{}, fmt.Errorf("is an IPv4 address in IPv6 form; write it as IPv4")
		}
		return bounded(prefixRange(p))
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, err := netip.ParseAddr(strings.TrimSpace(from))
	if err != nil {
		return addressRange{}, fmt.Errorf("is no address; write 10.0.0.5, 10.0.0.0/24, 10.0.0.5-10.0.0.9 or */24")
	}
	last, err := netip.ParseAddr(strings.TrimSpace(to))
	if err != nil {
		return addressRange{}, fmt.Errorf("does not end with an address; write 10.0.0.5-10.0.0.9")
	}
	first, last = first.Unmap(), last.Unmap()
	if first.Is4() != last.Is4() || last.Less(first) {
		return addressRange{}, fmt.Errorf("does not go from a lower to a higher address of one family")
	}
	if first.Zone() != "" || last.Zone() != "" {
		return addressRange{}, fmt.Errorf("is a link-local address with a zone, which a server's address cannot have; leave such addresses out")
	}
	return bounded(addressRange{first, last})
}

func bounded(r addressRange) (addressRange, error) {
	if r.count() > maxAddresses {
		return r, fmt.Errorf("has more than %d addresses; name the part of it that is in use", maxAddresses)
	}
	return r, nil
}

// merge sorts ranges and joins those that touch or overlap, so that no address is there twice.
func merge(ranges []addressRange) []addressRange {
	slices.SortFunc(ranges, func(a, b addressRange) int { return a.first.Compare(b.first) })
	var out []addressRange
	for _, r := range ranges {
		if n := len(out); n > 0 {
			last := &out[n-1]
			if last.first.Is4() == r.first.Is4() && (r.first.Compare(last.last) <= 0 || last.last.Next() == r.first) {
				if last.last.Less(r.last) {
					last.last = r.last
				}
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// addressList numbers the addresses of ranges.
type addressList struct {
	ranges []addressRange
	total  uint64
}

func listOf(ranges []addressRange) (addressList, error) {
	l := addressList{ranges: merge(ranges)}
	for _, r := range l.ranges {
		l.total += r.count()
	}
	if l.total > maxAddresses {
		return l, fmt.Errorf("addressRangesToScan: all ranges together have more than %d addresses; discover them in several steps", maxAddresses)
	}
	return l, nil
}

// at returns the address number i, which is below total.
func (l *addressList) at(i uint64) netip.Addr {
	for _, r := range l.ranges {
		n := r.count()
		if i < n {
			return r.at(i)
		}
		i -= n
	}
	return netip.Addr{}
}

func (l *addressList) contains(a netip.Addr) bool {
	return slices.ContainsFunc(l.ranges, func(r addressRange) bool { return r.contains(a) })
}
