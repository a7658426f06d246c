package udp

import (
	"fmt"
	"net"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// openProbe opens the socket that probes are sent from, through the interface of the receiver if they go to a group.
func (r *Receiver) openProbe(at *net.Interface) error {
	network := "udp6"
	if r.probeTo.IP.To4() != nil {
		network = "udp4"
	}
	socket, err := net.ListenUDP(network, nil)
	if err != nil {
		return fmt.Errorf("open socket for probes: %w", err)
	}
	r.probe = socket
	if at == nil || !r.probeTo.IP.IsMulticast() {
		return nil
	}
	if network == "udp4" {
		err = ipv4.NewPacketConn(socket).SetMulticastInterface(at)
	} else {
		err = ipv6.NewPacketConn(socket).SetMulticastInterface(at)
	}
	if err != nil {
		return fmt.Errorf("send probes through %s: %w", at.Name, err)
	}
	return nil
}
