package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/edge/mqttout"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// Config is all that can be set here: what a gateway needs to find its core. What it connects and publishes is desired state from there. Flags win
// over the environment, the environment over the file, the file over the defaults.
type Config struct {
	// Gateway is the gateway's id.
	Gateway string `yaml:"gateway"`
	// Core is where the core listens for gateways: tls://core.example:7422.
	Core string `yaml:"core"`
	// Fingerprint is that of the core's certificate. Not needed with a token, in which it is, or with CAFile.
	Fingerprint string `yaml:"fingerprint"`
	// CAFile is a PEM file with the authority that issued the core's certificate, in place of a fingerprint.
	CAFile string      `yaml:"caFile"`
	Enrol  EnrolConfig `yaml:"enrol"`
	// Data is the folder for everything that is stored.
	Data   string       `yaml:"data"`
	Buffer BufferConfig `yaml:"buffer"`
	// PublishedNodes is a file in OPC Publisher's form that the gateway runs beside what the core wants, and follows as it changes; empty means none.
	PublishedNodes string `yaml:"publishedNodes"`
	// Connections is how it connects to servers.
	Connections gateway.ConnectionConfig `yaml:"connections"`
	// ReverseConnect is where servers connect that nothing may connect to, 0.0.0.0:4840; empty means that none do.
	ReverseConnect string `yaml:"reverseConnect"`
	// Brokers are where the gateway may send what it publishes, besides: writers name them in their output.
	Brokers []mqttout.Config `yaml:"brokers"`
	// HTTP is the address of /healthz and /metrics; empty means none.
	HTTP string           `yaml:"http"`
	Log  daemon.LogConfig `yaml:"log"`
}

// EnrolConfig is how the gateway introduces itself the first time. Without a token its public key is brought to the core by other means.
type EnrolConfig struct {
	// Core is the core's HTTP address: http://core.example:8080.
	Core string `yaml:"core"`
	// TokenFile has the token that createGatewayToken gave.
	TokenFile string `yaml:"tokenFile"`
}

// BufferConfig bounds what waits for the core.
type BufferConfig struct {
	// MaxBytes is the size in bytes beyond which the oldest frames go; 0 means half of what is free on the disk, and at most 64 GiB.
	MaxBytes int64 `yaml:"maxBytes"`
	// MaxAge is how long frames are kept; 0 means for ever.
	MaxAge daemon.Duration `yaml:"maxAge"`
	// SyncInterval is how often stored frames are forced to disk: what a power loss can take. 0 forces each one.
	SyncInterval daemon.Duration `yaml:"syncInterval"`
	// Rate bounds what is sent to the core, in bytes a second; 0 means no bound. With liveFirst new frames do not wait for it.
	Rate int64 `yaml:"rate"`
	// Order says what goes first after an outage: inOrder or liveFirst.
	Order string `yaml:"order"`
}

// Orders of BufferConfig.
const (
	orderInOrder   = "inOrder"
	orderLiveFirst = "liveFirst"
)

// maxDefaultBuffer bounds the buffer when nobody did.
const maxDefaultBuffer = 64 << 30

func defaults() Config {
	return Config{
		Data: "shopfloor-edge-data", HTTP: "127.0.0.1:9102", Log: daemon.LogConfig{Level: "info", Format: "auto"},
		Connections: gateway.DefaultConnections(),
		Buffer:      BufferConfig{MaxAge: daemon.Duration(30 * 24 * time.Hour), SyncInterval: daemon.Duration(250 * time.Millisecond), Order: orderInOrder},
	}
}

// newFlags makes the flags that set c. Rarer settings are in the file alone.
func newFlags(c *Config, configFile *string, out io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("shopfloor-edge", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.Usage = func() {
		fmt.Fprint(out, usage)
		fs.PrintDefaults()
	}
	fs.StringVar(configFile, "config", *configFile, "configuration `file` (YAML)")
	fs.StringVar(&c.Gateway, "gateway", c.Gateway, "`id` of the gateway")
	fs.StringVar(&c.Core, "core", c.Core, "`address` at which the core listens for gateways, tls://host:7422")
	fs.StringVar(&c.Fingerprint, "fingerprint", c.Fingerprint, "`fingerprint` of the core's certificate")
	fs.StringVar(&c.Enrol.Core, "enrol-core", c.Enrol.Core, "HTTP `address` of the core, where a token is redeemed")
	fs.StringVar(&c.Enrol.TokenFile, "token-file", c.Enrol.TokenFile, "`file` with the token of createGatewayToken")
	fs.StringVar(&c.Data, "data", c.Data, "`folder` for everything that is stored")
	fs.StringVar(&c.PublishedNodes, "published-nodes", c.PublishedNodes, "`file` in OPC Publisher's form to publish by, besides what the core wants")
	fs.StringVar(&c.ReverseConnect, "reverse-connect", c.ReverseConnect, "`address` that servers connect to which nothing may connect to")
	fs.StringVar(&c.HTTP, "http", c.HTTP, "`address` of /healthz and /metrics")
	fs.StringVar(&c.Log.Level, "log-level", c.Log.Level, "debug, info, warn or error")
	fs.StringVar(&c.Log.Format, "log-format", c.Log.Format, "json, text, or auto: text on a terminal")
	fs.Int64Var(&c.Buffer.MaxBytes, "buffer-max-bytes", c.Buffer.MaxBytes, "`bytes` that wait for the core; 0 means half of what is free on the disk")
	fs.Var(&c.Buffer.SyncInterval, "sync-interval", "how `often` stored frames are forced to disk; 0s forces each one")
	return fs
}

func printUsage(out io.Writer) {
	c, file := defaults(), ""
	newFlags(&c, &file, out).Usage()
}

const envPrefix = "SHOPFLOOR_EDGE_"

// loadConfig reads flags, environment and file, and validates the whole. Its errors name the field.
func loadConfig(args []string, getenv func(string) (string, bool), out io.Writer) (Config, error) {
	// The flags are parsed first to find the file, and once more to win over it.
	probe, file := defaults(), ""
	fs := newFlags(&probe, &file, out)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return Config{}, errHelp
	case err != nil:
		return Config{}, usageError{err}
	case fs.NArg() > 0:
		return Config{}, usageError{fmt.Errorf("argument %q is unknown; see shopfloor-edge help", fs.Arg(0))}
	}
	if file == "" {
		file, _ = getenv(envPrefix + "CONFIG")
	}
	c := defaults()
	if file != "" {
		b, err := os.ReadFile(file)
		if err == nil {
			err = yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&c)
		}
		if err != nil && !errors.Is(err, io.EOF) { // an empty file
			return Config{}, usageError{fmt.Errorf("configuration %s: %w", file, err)}
		}
	}
	fs = newFlags(&c, &file, io.Discard)
	var bad error
	fs.VisitAll(func(f *flag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := getenv(name); ok {
			if err := f.Value.Set(v); err != nil {
				bad = errors.Join(bad, fmt.Errorf("environment variable %s: %w", name, err))
			}
		}
	})
	if err := errors.Join(bad, fs.Parse(args)); err != nil {
		return Config{}, usageError{err}
	}
	if err := c.validate(); err != nil {
		return Config{}, usageError{err}
	}
	return c, nil
}

var gatewayID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// validate checks what types cannot. Each error names the field, the value and the remedy.
func (c *Config) validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf(field+": "+format, args...))
	}
	if !gatewayID.MatchString(c.Gateway) {
		bad("gateway", "%q is no id; use up to 64 lower-case letters, digits, '-', '_' and '.'", c.Gateway)
	}
	if u, err := url.Parse(c.Core); err != nil || u.Scheme != "tls" || u.Hostname() == "" || u.Port() == "" {
		bad("core", "%q is no address of a core; write tls://host:7422", c.Core)
	}
	if c.Fingerprint != "" {
		if _, err := bus.ParseFingerprint(c.Fingerprint); err != nil {
			bad("fingerprint", "%w", err)
		}
	}
	if c.Fingerprint != "" && c.CAFile != "" {
		bad("caFile", "is set together with fingerprint; one of them says which core is meant")
	}
	if u, err := url.Parse(c.Enrol.Core); c.Enrol.TokenFile != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
		bad("enrol.core", "%q is no HTTP address, which a token needs; write http://host:8080", c.Enrol.Core)
	}
	if c.Data == "" {
		bad("data", "is empty; name a folder, for example /var/lib/shopfloor-edge")
	}
	if c.Buffer.MaxBytes != 0 && c.Buffer.MaxBytes < bus.MinBuffer {
		bad("buffer.maxBytes", "%d is too small; use at least %d, or 0 for half of what is free on the disk", c.Buffer.MaxBytes, bus.MinBuffer)
	}
	if s := time.Duration(c.Buffer.SyncInterval); s > time.Minute {
		bad("buffer.syncInterval", "%s is too long; use at most 1m: a power loss takes the frames of one interval", c.Buffer.SyncInterval)
	}
	if err := c.Connections.Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Buffer.Rate < 0 {
		bad("buffer.rate", "%d is negative; write bytes a second, or 0 for no bound", c.Buffer.Rate)
	}
	if o := c.Buffer.Order; o != orderInOrder && o != orderLiveFirst {
		bad("buffer.order", "%q is unknown; write inOrder, or liveFirst to let new values go before a backlog", o)
	}
	if _, port, err := net.SplitHostPort(c.ReverseConnect); c.ReverseConnect != "" && (err != nil || port == "") {
		bad("reverseConnect", "%q is no address; write host:port, for example 0.0.0.0:4840", c.ReverseConnect)
	}
	if err := mqttout.Validate(c.Brokers); err != nil {
		errs = append(errs, err)
	}
	if host, port, err := net.SplitHostPort(c.HTTP); c.HTTP != "" && (err != nil || port == "" || strings.ContainsAny(host, "/ ")) {
		bad("http", "%q is no address; write host:port, for example 127.0.0.1:9102", c.HTTP)
	}
	if _, err := zerolog.ParseLevel(c.Log.Level); err != nil || c.Log.Level == "" {
		bad("log.level", "%q is unknown; use debug, info, warn or error", c.Log.Level)
	}
	switch c.Log.Format {
	case "auto", "json", "text":
	default:
		bad("log.format", "%q is unknown; use json, text or auto", c.Log.Format)
	}
	return errors.Join(errs...)
}

// check validates the configuration and prints what results from it.
func check(args []string, stdout, stderr io.Writer) error {
	c, err := loadConfig(args, os.LookupEnv, stderr)
	if err != nil {
		return err
	}
	b, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The configuration is good. With all defaults it is:\n\n%s", b)
	return err
}

// identity opens the gateway's identity, or makes it.
func (c *Config) identity() (*gateway.Identity, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	return gateway.OpenIdentity(filepath.Join(c.Data, "identity.json"), c.Gateway)
}

// token reads the token, empty if there is none.
func (c *Config) token() (string, error) {
	if c.Enrol.TokenFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(c.Enrol.TokenFile)
	if err != nil {
		return "", fmt.Errorf("enrol.tokenFile: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
