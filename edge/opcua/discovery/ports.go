package discovery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// portRange is all ports from first to last.
type portRange struct{ first, last uint16 }

// wellKnownPorts are those that servers commonly have, as OPC Publisher knows them.
var wellKnownPorts = [...]portRange{{4840, 4841}, {48000, 48100}, {49320, 49320}, {50000, 50000}, {51200, 51300}, {62222, 62222}}

// registeredPorts are those of OPC UA at IANA.
var registeredPorts = [...]portRange{{4840, 4841}}

// fragilePorts are left out of a scan of everything: what listens there takes bytes of strangers badly. Printers print them, and
// controllers of other protocols may stop.
var fragilePorts = [...]portRange{
	{1089, 1091},   // Foundation Fieldbus HSE
	{1911, 1911},   // Niagara Fox
	{1962, 1962},   // PC Worx
	{2000, 2000},   // CODESYS and others
	{2222, 2222},   // EtherNet/IP, implicit
	{2404, 2404},   // IEC 60870-5-104
	{4000, 4000},   // ROC Plus
	{4911, 4911},   // Niagara Fox over TLS
	{5006, 5007},   // MELSEC
	{5094, 5094},   // HART-IP
	{9100, 9107},   // raw printing
	{9600, 9600},   // FINS
	{18245, 18246}, // SRTP
	{20000, 20000}, // DNP3
	{20547, 20547}, // ProConOS
	{34962, 34964}, // PROFINET
	{44818, 44818}, // EtherNet/IP
	{47808, 47808}, // BACnet
}

// portList numbers ports.
type portList struct {
	ranges []portRange
	total  uint64
}

// parsePorts parses "4840-4850;50000;*-1024;60000-*;*". The empty text has no ports.
func parsePorts(text string) (portList, error) {
	var ranges []portRange
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ',' }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, ok1 := parsePort(from, 1)
		last, ok2 := parsePort(to, 65535)
		if !ok1 || !ok2 || last < first {
			return portList{}, fmt.Errorf("portRangesToScan: %q is no range of ports; write 4840, 4840-4850, *-1024 or 60000-*, from 1 to 65535", part)
		}
		ranges = append(ranges, portRange{first, last})
	}
	return portsOf(ranges), nil
}

// parsePort parses one end of a range; "*" is open.
func parsePort(text string, open uint16) (uint16, bool) {
	if text = strings.TrimSpace(text); text == "*" {
		return open, true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && n > 0
}

// portsOf makes a list in which no port is twice.
func portsOf(ranges []portRange) portList {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b portRange) int { return int(a.first) - int(b.first) })
	var l portList
	for _, r := range ranges {
		if n := len(l.ranges); n > 0 && int(r.first) <= int(l.ranges[n-1].last)+1 {
			l.ranges[n-1].last = max(l.ranges[n-1].last, r.last)
			continue
		}
		l.ranges = append(l.ranges, r)
	}
	for _, r := range l.ranges {
		l.total += uint64(r.last-r.first) + 1
	}
	return l
}

// allPorts are those of a whole scan: from 1024 on, without the fragile ones.
func allPorts() portList {
	var ranges []portRange
	next := uint16(1024)
	for _, f := range fragilePorts {
		ranges = append(ranges, portRange{next, f.first - 1})
		next = f.last + 1
	}
	return portsOf(append(ranges, portRange{next, 65535}))
}

// at returns the port number i, which is below total.
func (l *portList) at(i uint64) uint16 {
	for _, r := range l.ranges {
		n := uint64(r.last-r.first) + 1
		if i < n {
			return r.first + uint16(i)
		}
		i -= n
	}
	return 0
}

func (l *portList) contains(port uint16) bool {
	return slices.ContainsFunc(l.ranges, func(r portRange) bool { return r.first <= port && port <= r.last })
}

// knocks returns at most n ports of the list by which an address is looked at: common ones first, then some that are spread over the list.
func (l *portList) knocks(n int) []uint16 {
	var out []uint16
	for _, port := range [...]uint16{4840, 48010, 4841, 49320, 50000, 51210, 53530, 62541, 62222} {
		if l.contains(port) && len(out) < n {
			out = append(out, port)
		}
	}
	for i := 0; len(out) < n && uint64(i) < min(l.total, uint64(n)); i++ {
		if port := l.at(uint64(i) * l.total / uint64(n)); !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	return out
}
