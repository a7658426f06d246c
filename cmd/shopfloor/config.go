package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"
)

// Config is all that can be set, in the form of the configuration file. Flags win over the environment, the environment
// over the file, the file over the defaults.
type Config struct {
	// Data is the folder for everything that is stored.
	Data string `yaml:"data"`
	// HTTP is the address that the web UI and the APIs listen on.
	HTTP string `yaml:"http"`
	// Demo runs the demo plant in the process and publishes it.
	Demo bool `yaml:"demo"`
	// Gateway is the id of the gateway in this process.
	Gateway string       `yaml:"gateway"`
	Log     LogConfig    `yaml:"log"`
	Store   StoreConfig  `yaml:"store"`
	Stream  StreamConfig `yaml:"stream"`
	GraphQL GraphConfig  `yaml:"graphql"`
}

// LogConfig says what is logged, to standard error.
type LogConfig struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is json, text, or auto: text on a terminal.
	Format string `yaml:"format"`
}

// StoreConfig is for the time-series database.
type StoreConfig struct {
	// Retention is how long values are kept.
	Retention Duration `yaml:"retention"`
	// MinFreeDisk is the free space in bytes below which nothing is written any more.
	MinFreeDisk int64 `yaml:"minFreeDisk"`
}

// StreamConfig is for JetStream.
type StreamConfig struct {
	// SyncInterval is how often stored frames are forced to disk: what a power loss can take. 0 forces each one.
	SyncInterval Duration `yaml:"syncInterval"`
	// MaxBytes bounds what JetStream stores, in bytes; 60 % of it is for frames that wait to be stored. When those are full, gateways hold
	// their frames back. 0 means half of what is free on the disk.
	MaxBytes int64 `yaml:"maxBytes"`
}

// GraphConfig is for the GraphQL endpoint.
type GraphConfig struct {
	// Origins may use the endpoint from a browser besides the UI's own: host names, with * as a wildcard.
	Origins []string `yaml:"origins"`
	// Introspection lets clients read the schema.
	Introspection bool `yaml:"introspection"`
}

func defaults() Config {
	return Config{
		Data: "shopfloor-data", HTTP: "127.0.0.1:8080", Gateway: "local",
		Log:     LogConfig{Level: "info", Format: "auto"},
		Store:   StoreConfig{Retention: Duration(365 * 24 * time.Hour), MinFreeDisk: 1 << 30},
		Stream:  StreamConfig{SyncInterval: Duration(250 * time.Millisecond)},
		GraphQL: GraphConfig{Introspection: true},
	}
}

// Duration is a time.Duration that may also be written in days: "30d".
type Duration time.Duration

// Set reads "1s", "2h30m" or "30d".
func (d *Duration) Set(s string) error {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days+" ", "%d ", &n); err == nil && n >= 0 && n < 100_000 {
			*d = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no length of time; write 250ms, 1s, 2h or 30d", s)
	}
	*d = Duration(v)
	return nil
}

func (d Duration) String() string {
	if day := 24 * time.Hour; time.Duration(d) >= day && time.Duration(d)%day == 0 {
		return fmt.Sprintf("%dd", time.Duration(d)/day)
	}
	return time.Duration(d).String()
}

// UnmarshalText reads as Set does.
func (d *Duration) UnmarshalText(b []byte) error { return d.Set(string(b)) }

// MarshalText prints as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// setting is one flag with its place in the Config.
type setting struct {
	name, help string
	value      flag.Value
}

// settings are the flags of the platform. Rarer settings are in the file alone.
func (c *Config) settings() []setting {
	return []setting{
		{"data", "`folder` for everything that is stored", (*textValue)(&c.Data)},
		{"http", "`address` for the web UI and the APIs", (*textValue)(&c.HTTP)},
		{"demo", "run the demo plant and publish it", (*boolValue)(&c.Demo)},
		{"gateway", "`id` of the gateway in this process", (*textValue)(&c.Gateway)},
		{"log-level", "debug, info, warn or error", (*textValue)(&c.Log.Level)},
		{"log-format", "json, text, or auto: text on a terminal", (*textValue)(&c.Log.Format)},
		{"retention", "how `long` values are kept", &c.Store.Retention},
		{"sync-interval", "how `often` stored frames are forced to disk; 0s forces each one", &c.Stream.SyncInterval},
	}
}

type textValue string

func (v *textValue) Set(s string) error { *v = textValue(s); return nil }
func (v *textValue) String() string     { return string(*v) }

type boolValue bool

func (v *boolValue) IsBoolFlag() bool { return true }
func (v *boolValue) String() string   { return fmt.Sprint(bool(*v)) }

func (v *boolValue) Set(s string) error {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on":
		*v = true
	case "false", "0", "no", "off":
		*v = false
	default:
		return fmt.Errorf("%q is neither true nor false", s)
	}
	return nil
}

const envPrefix = "SHOPFLOOR_"

func envName(flagName string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// newFlags makes the flags that set c.
func newFlags(c *Config, configFile *string, out io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("shopfloor", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.Usage = func() {
		fmt.Fprint(out, usage)
		fs.PrintDefaults()
	}
	fs.StringVar(configFile, "config", "", "configuration `file` (YAML)")
	for _, s := range c.settings() {
		fs.Var(s.value, s.name, s.help)
	}
	return fs
}

func printUsage(out io.Writer) {
	c, file := defaults(), ""
	newFlags(&c, &file, out).Usage()
}

// loadConfig reads flags, environment and file, and validates the whole. Its errors name the field.
func loadConfig(args []string, getenv func(string) (string, bool), out io.Writer) (Config, error) {
	// The flags are parsed first to find the file, and once more to win over it.
	probe, file := defaults(), ""
	fs := newFlags(&probe, &file, out)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return Config{}, errHelp
		}
		return Config{}, usageError{err}
	}
	if fs.NArg() > 0 {
		return Config{}, usageError{fmt.Errorf("argument %q is unknown; see shopfloor help", fs.Arg(0))}
	}
	if file == "" {
		file, _ = getenv(envPrefix + "CONFIG")
	}
	c := defaults()
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return Config{}, usageError{fmt.Errorf("configuration: %w", err)}
		}
		if err := parseConfig(b, &c); err != nil {
			return Config{}, usageError{fmt.Errorf("configuration %s: %w", file, err)}
		}
	}
	for _, s := range c.settings() {
		if v, ok := getenv(envName(s.name)); ok {
			if err := s.value.Set(v); err != nil {
				return Config{}, usageError{fmt.Errorf("environment variable %s: %w", envName(s.name), err)}
			}
		}
	}
	if err := newFlags(&c, &file, io.Discard).Parse(args); err != nil {
		return Config{}, usageError{err}
	}
	if err := c.validate(); err != nil {
		return Config{}, usageError{err}
	}
	return c, nil
}

// parseConfig decodes YAML strictly: a field that does not exist is an error with its line.
func parseConfig(b []byte, c *Config) error {
	err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(c)
	if errors.Is(err, io.EOF) {
		return nil // an empty file
	}
	return err
}

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
