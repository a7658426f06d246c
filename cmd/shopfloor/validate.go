package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge/mqttout"
)

var gatewayID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// validate checks what types cannot. Each error names the field, the value and the remedy.
func (c *Config) validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf(field+": "+format, args...))
	}
	if c.Data == "" {
		bad("data", "is empty; name a folder, for example /var/lib/shopfloor")
	}
	if host, port, err := net.SplitHostPort(c.HTTP); err != nil || port == "" || strings.ContainsAny(host, "/ ") {
		bad("http", "%q is no address; write host:port, for example 127.0.0.1:8080", c.HTTP)
	}
	if !gatewayID.MatchString(c.Gateway) {
		bad("gateway", "%q is no id; use up to 64 lower-case letters, digits, '-', '_' and '.'", c.Gateway)
	}
	if _, err := zerolog.ParseLevel(c.Log.Level); err != nil || c.Log.Level == "" {
		bad("log.level", "%q is unknown; use debug, info, warn or error", c.Log.Level)
	}
	switch c.Log.Format {
	case "auto", "json", "text":
	default:
		bad("log.format", "%q is unknown; use json, text or auto", c.Log.Format)
	}
	if r := time.Duration(c.Store.Retention); r < 24*time.Hour || r > 100*365*24*time.Hour {
		bad("store.retention", "%s is out of range; use 1d to 36500d", c.Store.Retention)
	}
	if c.Store.MinFreeDisk < 100<<20 {
		bad("store.minFreeDisk", "%d is too little; use at least 104857600 (100 MiB): VictoriaMetrics ends the process when the disk is full", c.Store.MinFreeDisk)
	}
	if s := time.Duration(c.Stream.SyncInterval); s > time.Minute {
		bad("stream.syncInterval", "%s is too long; use at most 1m: a power loss takes the frames of one interval", c.Stream.SyncInterval)
	}
	if c.Stream.MaxBytes != 0 && c.Stream.MaxBytes < 64<<20 {
		bad("stream.maxBytes", "%d is too small; use at least 67108864 (64 MiB), or 0 for half of what is free on the disk", c.Stream.MaxBytes)
	}
	if c.Store.Remote.enabled() {
		if err := c.Store.Remote.validate(); err != nil {
			bad("store.remote", "%w", err)
		}
	}
	if err := c.Leafnodes.validate(); err != nil {
		bad("leafnodes", "%w", err)
	}
	switch {
	case c.Bus.URL != "" && c.Leafnodes.Listen != "":
		bad("leafnodes.listen", "is set together with bus.url; gateways join the process that has the bus")
	case c.Bus.URL != "" && c.Bus.Listen != "":
		bad("bus", "url and listen are both set; a process has its own bus or uses another one")
	case c.Bus.URL != "" && !c.Store.Remote.enabled():
		bad("store.remote", "is not set; processes that share the work need a common VictoriaMetrics: name its write and read URLs")
	case c.Bus.URL != "" && c.Stream.MaxBytes == 0:
		bad("stream.maxBytes", "is not set; name what the streams of the bus at %s may hold, for example 10737418240", c.Bus.URL)
	case c.Bus.URL != "" && c.Demo:
		bad("demo", "is set; the demo plant runs where the gateway does: start it there")
	case c.Bus.Listen != "" && c.Bus.PasswordFile == "":
		bad("bus.passwordFile", "is not set; the bus listens at %s, and anybody there could read and change everything", c.Bus.Listen)
	}
	streams := c.Stream.streams(c.Stream.MaxBytes)
	if streams.MaxBytes == 0 {
		streams.MaxBytes = 1 << 30
	}
	if err := streams.Validate(); err != nil {
		bad("stream", "%w", err)
	}
	for section, err := range map[string]error{"inlet": c.Inlet.Validate(), "mqtt": c.MQTT.Validate(), "udp": c.UDP.Validate()} {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.%w", section, err))
		}
	}
	if _, port, err := net.SplitHostPort(c.ReverseConnect); c.ReverseConnect != "" && (err != nil || port == "") {
		bad("reverseConnect", "%q is no address; write host:port, for example 0.0.0.0:4840", c.ReverseConnect)
	}
	if err := c.Connections.Validate(); err != nil {
		errs = append(errs, err)
	}
	if err := c.AddressSpace.validate(); err != nil {
		errs = append(errs, err)
	}
	if err := mqttout.Validate(c.Brokers); err != nil {
		errs = append(errs, err)
	}
	if c.Ingest.MaxSeries < 1 {
		bad("ingest.maxSeries", "%d is too few; the default is 2000000", c.Ingest.MaxSeries)
	}
	return errors.Join(errs...)
}

// check validates the configuration and prints what results from it, or what a published nodes file would have the gateway run.
func check(args []string, stdout, stderr io.Writer) error {
	file, args, err := cutFlag(args, "published-nodes")
	if err != nil {
		return err
	}
	c, err := loadConfig(args, os.LookupEnv, stderr)
	if err != nil {
		return err
	}
	if file != "" {
		return checkPublishedNodes(file, c.Gateway, stdout)
	}
	b, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The configuration is good. With all defaults it is:\n\n%s", b)
	return err
}
