package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// mdnsService is what OPC UA servers announce themselves as (Part 12, annex C).
	mdnsService = "_opcua-tcp._tcp.local."
	// mdnsWait is how long announcements are waited for; the question is asked twice in that time.
	mdnsWait = 2 * time.Second
	// maxAnnouncements bounds what is kept of the answers, maxRecordsMDNS the records of one message.
	maxAnnouncements, maxRecordsMDNS = 1000, 512
)

// mdnsGroup is where questions go (RFC 6762).
var mdnsGroup = netip.MustParseAddrPort("224.0.0.251:5353")

// announcement is a server that announced itself.
type announcement struct {
	host         string // a name, or the address when that came with it
	port         uint16
	path         string
	capabilities []string
}

func (a *announcement) url() string {
	host := a.host
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("opc.tcp://%s:%d%s", host, a.port, a.path)
}

// askNetworks asks the networks of interfaces for servers that announce themselves. found is called by one goroutine at a time. Questions
// go out from a port of our own, so that answers come to us alone (RFC 6762, 6.7) and no other program's port is needed.
func askNetworks(ctx context.Context, nics []nic, found func(announcement)) error {
	var mu sync.Mutex
	var group sync.WaitGroup
	var errs []error
	for _, n := range nics {
		for _, p := range n.prefixes {
			if !p.Addr().Is4() {
				continue
			}
			group.Go(func() {
				err := askFrom(ctx, netip.AddrPortFrom(p.Addr(), 0), mdnsGroup, mdnsWait, func(a announcement) {
					mu.Lock()
					defer mu.Unlock()
					found(a)
				})
				if err != nil {
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, fmt.Errorf("multicast from %s (%s): %w", p.Addr(), n.name, err))
				}
			})
			break // one address of an interface is enough
		}
	}
	group.Wait()
	return errors.Join(errs...)
}

// askFrom asks group from one address and listens for wait, or until ctx ends. The interface of a multicast question is that of the address.
func askFrom(ctx context.Context, from, group netip.AddrPort, wait time.Duration, found func(announcement)) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(from))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // fails only when it is closed
	defer stop()
	question, err := mdnsQuestion()
	if err != nil {
		return err
	}
	if _, err := conn.WriteToUDPAddrPort(question, group); err != nil {
		return err
	}
	again := time.AfterFunc(wait/2, func() { _, _ = conn.WriteToUDPAddrPort(question, group) }) // the first one may have arrived
	defer again.Stop()
	buffer := make([]byte, 9000) // the most that RFC 6762 allows
	for kept := 0; kept < maxAnnouncements; {
		n, _, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			continue // an ICMP answer to the question
		}
		list, err := parseAnnouncements(buffer[:n])
		if err != nil {
			continue // not for us
		}
		for _, a := range list {
			found(a)
		}
		kept += len(list)
	}
	return nil
}

func mdnsQuestion() ([]byte, error) {
	name, err := dnsmessage.NewName(mdnsService)
	if err != nil {
		return nil, err
	}
	const unicastAnswer = 1 << 15
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET | unicastAnswer}}}
	return m.Pack()
}

// parseAnnouncements finds the servers in an answer: PTR records name instances, SRV records tell host and port, TXT records path and
// capabilities, A and AAAA records the address of the host.
func parseAnnouncements(b []byte) ([]announcement, error) {
	resources, err := parseAnswer(b)
	if err != nil {
		return nil, err
	}
	instances, addresses := map[string]*announcement{}, map[string]string{}
	for _, r := range resources {
		name := strings.ToLower(r.Header.Name.String())
		switch body := r.Body.(type) {
		case *dnsmessage.SRVResource:
			if strings.HasSuffix(name, "."+mdnsService) && body.Port != 0 {
				instances[name] = &announcement{host: strings.TrimSuffix(body.Target.String(), "."), port: body.Port}
			}
		case *dnsmessage.AResource:
			addresses[name] = netip.AddrFrom4(body.A).String()
		case *dnsmessage.AAAAResource:
			if a := netip.AddrFrom16(body.AAAA); addresses[name] == "" && !a.IsLinkLocalUnicast() {
				addresses[name] = a.String()
			}
		}
	}
	var list []announcement
	for _, r := range resources {
		if body, ok := r.Body.(*dnsmessage.TXTResource); ok {
			if a := instances[strings.ToLower(r.Header.Name.String())]; a != nil {
				a.describe(body.TXT)
			}
		}
	}
	for _, a := range instances {
		if ip := addresses[strings.ToLower(a.host)+"."]; ip != "" {
			a.host = ip
		}
		if _, ok := parseURL(a.url()); ok {
			list = append(list, *a)
		}
	}
	return list, nil
}

// parseAnswer returns the resources of an answer, at most maxRecordsMDNS.
func parseAnswer(b []byte) ([]dnsmessage.Resource, error) {
	var p dnsmessage.Parser
	header, err := p.Start(b)
	if err != nil {
		return nil, err
	}
	if !header.Response {
		return nil, errors.New("is no answer")
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	var all []dnsmessage.Resource
	for _, next := range []func() (dnsmessage.Resource, error){p.Answer, p.Authority, p.Additional} {
		for len(all) < maxRecordsMDNS {
			r, err := next()
			if errors.Is(err, dnsmessage.ErrSectionDone) {
				break
			}
			if err != nil {
				return nil, err
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// describe takes path and capabilities from the TXT record: "path=/UA", "caps=DA,HD".
func (a *announcement) describe(texts []string) {
	for _, t := range texts {
		key, value, _ := strings.Cut(t, "=")
		switch strings.ToLower(key) {
		case "path":
			if strings.HasPrefix(value, "/") && len(value) > 1 {
				a.path = value
			}
		case "caps":
			for c := range strings.SplitSeq(value, ",") {
				if c = strings.TrimSpace(c); c != "" && len(c) <= 32 && len(a.capabilities) < maxCapabilities {
					a.capabilities = append(a.capabilities, c)
				}
			}
		}
	}
}
