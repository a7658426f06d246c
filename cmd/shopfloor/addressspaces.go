package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/graph/addressspace"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// AddressSpaceConfig is for what is kept of the address spaces of servers.
type AddressSpaceConfig struct {
	// Enabled browses every server and keeps its address space for search.
	Enabled bool `yaml:"enabled"`
	// MaxNodes and MaxDepth bound what is kept of one server.
	MaxNodes int `yaml:"maxNodes"`
	MaxDepth int `yaml:"maxDepth"`
	// Interval is after how long a server is browsed again that does not tell of changes; 0 for never.
	Interval daemon.Duration `yaml:"interval"`
}

func (c *AddressSpaceConfig) validate() error {
	var errs []error
	if c.MaxNodes < 1 || c.MaxNodes > 10_000_000 {
		errs = append(errs, fmt.Errorf("addressSpace.maxNodes: %d is not from 1 to 10000000; the default is 1000000", c.MaxNodes))
	}
	if c.MaxDepth < 1 || c.MaxDepth > 255 {
		errs = append(errs, fmt.Errorf("addressSpace.maxDepth: %d is not from 1 to 255; the default is 100", c.MaxDepth))
	}
	if d := time.Duration(c.Interval); d != 0 && d < time.Minute {
		errs = append(errs, fmt.Errorf("addressSpace.interval: %s is less than a minute; write 0 for never", d))
	}
	return errors.Join(errs...)
}

// makeAddressSpaces makes the cache, if it is wanted.
func (p *platform) makeAddressSpaces() error {
	c := &p.cfg.AddressSpace
	if !c.Enabled {
		return nil
	}
	dir := filepath.Join(p.cfg.Data, "addressspace")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("address spaces: %w", err)
	}
	servers := graphRegistry{p.registry}
	p.addressSpaces = addressspace.NewCache(addressspace.Config{
		Limits: addressspace.Limits{MaxNodes: c.MaxNodes, MaxDepth: c.MaxDepth}, Interval: time.Duration(c.Interval),
	}, spaceHost{typeServices{&commands{conn: p.control, servers: servers, packed: true}, servers}}, spaceFiles{dir}, p.part("address spaces"))
	return nil
}

// runAddressSpaces keeps them when it is known which servers there are.
func (p *platform) runAddressSpaces(ctx context.Context) error {
	select {
	case <-p.registry.Ready():
		return p.addressSpaces.Run(ctx)
	case <-ctx.Done():
		return nil
	}
}

// spaceHost is the platform as the cache sees it.
type spaceHost struct{ typeServices }

var _ addressspace.Host = spaceHost{}

// Connected tells whether a server is connected, and since when.
func (h spaceHost) Connected(server string) (since time.Time, ok bool) {
	status := h.registry.ServerStatus(server)
	return status.Since, status.State == model.StateConnected
}

// spaceFiles are the stored address spaces: a file for each server.
type spaceFiles struct{ dir string }

const spaceSuffix = ".space"

func (f spaceFiles) file(server string) string { return filepath.Join(f.dir, server+spaceSuffix) }

// Load implements addressspace.Store.
func (f spaceFiles) Load(server string) ([]byte, error) {
	b, err := os.ReadFile(f.file(server))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Save implements addressspace.Store.
func (f spaceFiles) Save(server string, space []byte) error {
	return bus.WriteFile(f.file(server), space)
}

// Keep implements addressspace.Store.
func (f spaceFiles) Keep(servers []string) error {
	list, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range list {
		if server, ok := strings.CutSuffix(e.Name(), spaceSuffix); ok && !slices.Contains(servers, server) {
			errs = append(errs, os.Remove(f.file(server)))
		}
	}
	return errors.Join(errs...)
}

// maxUnpacked bounds an answer of a gateway when it is unpacked, in bytes.
const maxUnpacked = 1 << 30

// unpack unpacks an answer that is packed; JSON does not begin so.
func unpack(reply []byte) ([]byte, error) {
	if !bytes.HasPrefix(reply, []byte{0x1f, 0x8b}) {
		return reply, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(reply))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if err == nil && len(b) > maxUnpacked {
		err = fmt.Errorf("it has more than %d bytes", maxUnpacked)
	}
	return b, err
}
