package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

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
		{"bus-listen", "`address` at which other processes reach the bus of this one", (*textValue)(&c.Bus.Listen)},
		{"bus-url", "bus of another process, or of a NATS cluster, for shopfloor core", (*textValue)(&c.Bus.URL)},
		{"bus-password-file", "`file` with the password of the bus", (*textValue)(&c.Bus.PasswordFile)},
		{"name", "`name` of this process among those that share the work", (*textValue)(&c.Bus.Name)},
		{"leafnodes", "`address` at which gateways (shopfloor-edge) join", (*textValue)(&c.Leafnodes.Listen)},
		{"store-write", "`URLs` of a VictoriaMetrics elsewhere to write to, separated by commas", (*listValue)(&c.Store.Remote.Write)},
		{"store-read", "`URL` of its query API, without /api/v1", (*textValue)(&c.Store.Remote.Read)},
		{"nodeset", "NodeSet2 `files`, or folders of them, whose types become GraphQL types, separated by commas", (*listValue)(&c.GraphQL.NodeSets)},
		{"server-types", "make the types of each server GraphQL types; --server-types=false for those of node sets alone", (*boolValue)(&c.GraphQL.ServerTypes)},
		{"stream-max-bytes", "`bytes` that all streams may hold; 0 means half of what is free on the disk", (*bytesValue)(&c.Stream.MaxBytes)},
		{"sync-interval", "how `often` stored frames are forced to disk; 0s forces each one", &c.Stream.SyncInterval},
	}
}

type textValue string

func (v *textValue) Set(s string) error { *v = textValue(s); return nil }
func (v *textValue) String() string     { return string(*v) }

// bytesValue is a number of bytes.
type bytesValue int64

func (v *bytesValue) String() string { return fmt.Sprint(int64(*v)) }

func (v *bytesValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no number of bytes; write 10737418240 for 10 GiB", s)
	}
	*v = bytesValue(n)
	return nil
}

// listValue is a list separated by commas.
type listValue []string

func (v *listValue) Set(s string) error { *v = strings.Split(s, ","); return nil }
func (v *listValue) String() string     { return strings.Join(*v, ",") }

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
