package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
)

// benchConfig is what the benchmarks measure with.
type benchConfig struct {
	series, rounds int
	data           string
	json, growth   bool
	write, read    string
	fill           bool // the part of bench recover that is killed
	edge           benchEdgeConfig
	live           benchLiveConfig
}

const benchUsageText = `Measure this machine:
  shopfloor bench encode    encode and decode frames, UADP and JSON
  shopfloor bench core      frames → JetStream → decode → embedded VictoriaMetrics, against VictoriaMetrics alone
  shopfloor bench remote    the same into a VictoriaMetrics elsewhere (--write, --read)
  shopfloor bench edge      OPC UA server → gateway → JetStream, against a server of its own or another one (--endpoint)
  shopfloor bench live      live values to many GraphQL subscribers, each with a WebSocket (--subscribers, --values, --distinct, --stalled)
  shopfloor bench recover   how long it takes to go on after kill -9

Flags:
`

// bench measures this machine.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	what := ""
	if len(args) > 0 {
		what, args = args[0], args[1:]
	}
	var cfg benchConfig
	fs := flag.NewFlagSet("shopfloor bench "+what, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, benchUsageText)
		fs.PrintDefaults()
	}
	fs.BoolVar(&cfg.json, "json", false, "print the result as JSON")
	switch what {
	case "edge":
		cfg.edge.flags(fs)
	case "live":
		cfg.live.flags(fs)
	case "encode":
	default:
		fs.IntVar(&cfg.series, "series", 10_000, "`number` of series")
		fs.IntVar(&cfg.rounds, "rounds", 0, "`number` of values of each series; by default such that there are some millions in all")
	}
	if what != "encode" {
		fs.StringVar(&cfg.data, "data", "", "`folder` to measure in; a temporary one by default")
	}
	switch what {
	case "core":
		fs.BoolVar(&cfg.growth, "growth", false, "measure with 1,000 to 1,000,000 series, one after the other")
	case "remote":
		fs.StringVar(&cfg.write, "write", "", "`URL` to write to, http://host:8428/api/v1/write")
		fs.StringVar(&cfg.read, "read", "", "`URL` to read from, http://host:8428")
	case "recover":
		fs.BoolVar(&cfg.fill, "fill", false, "only fill --data and end by SIGKILL; recover starts this itself")
	case "encode", "edge", "live":
	case "-h", "--help", "help":
		fs.Usage()
		return errHelp
	default:
		return usageError{fmt.Errorf("bench: %q is unknown; use encode, core, remote, edge, live or recover", what)}
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return errHelp
	case err != nil:
		return usageError{err}
	}
	if err := cfg.check(what); err != nil {
		return usageError{err}
	}
	return cfg.run(ctx, what, stdout, stderr)
}

// check fills in what is left open, and says what cannot be used.
func (cfg *benchConfig) check(what string) error {
	switch what {
	case "encode":
		return nil
	case "edge":
		return cfg.edge.check()
	case "live":
		return cfg.live.check()
	}
	if cfg.rounds == 0 && cfg.series > 0 {
		cfg.rounds = max(20, 3_000_000/cfg.series)
	}
	switch {
	case cfg.series < 1 || cfg.series > 5_000_000:
		return fmt.Errorf("series: %d is out of range; use 1 to 5000000", cfg.series)
	case cfg.rounds < 1 || cfg.rounds > 100_000:
		return fmt.Errorf("rounds: %d is out of range; use 1 to 100000", cfg.rounds)
	case what == "remote" && (cfg.write == "" || cfg.read == ""):
		return errors.New("write and read: name the URLs of a VictoriaMetrics, for example --write http://127.0.0.1:8428/api/v1/write --read http://127.0.0.1:8428")
	case cfg.fill && cfg.data == "":
		return errors.New("data: is empty; --fill needs a folder")
	}
	return nil
}

func (cfg benchConfig) run(ctx context.Context, what string, stdout, stderr io.Writer) error {
	if cfg.fill {
		return benchFill(ctx, cfg, stderr)
	}
	if cfg.edge.serve {
		return serveLoad(ctx, &cfg.edge, os.Stdin, stdout, stderr)
	}
	if cfg.live.clients {
		return serveClients(ctx, &cfg.live, os.Stdin, stdout)
	}
	dir, err := os.MkdirTemp(cfg.data, "shopfloor-bench-")
	if err != nil {
		return fmt.Errorf("folder to measure in: %w", err)
	}
	defer os.RemoveAll(dir)
	var r benchReport
	switch {
	case what == "encode":
		r, err = benchEncode(ctx, stderr)
	case what == "edge":
		r, err = benchEdge(ctx, cfg.edge, dir, stderr)
	case what == "live":
		r, err = benchLive(ctx, cfg.live, dir, stderr)
	case what == "remote":
		r, err = benchRemote(ctx, cfg, dir, stderr)
	case what == "recover":
		r, err = benchRecover(ctx, cfg, dir, stderr)
	case cfg.growth:
		r, err = benchGrowth(ctx, cfg, stderr)
	default:
		r, err = benchCore(ctx, cfg, dir, stderr)
	}
	if err != nil {
		return err
	}
	if cfg.json {
		return json.NewEncoder(stdout).Encode(r)
	}
	return r.print(stdout)
}

// benchReport is a result; as JSON it is for machines.
type benchReport interface {
	print(w io.Writer) error
}

// benchPlatform opens a platform in dir as the user would, and logs warnings alone.
func benchPlatform(ctx context.Context, dir string, stderr io.Writer, change func(*Config)) (*platform, *daemon.Stages, error) {
	c := defaults()
	c.Data = filepath.Join(dir, "data")
	c.Ingest.MaxSeries = 10_000_000
	if change != nil {
		change(&c)
	}
	p, err := newPlatform(ctx, c, zerolog.New(stderr).Level(zerolog.WarnLevel))
	if err != nil {
		return nil, nil, err
	}
	return p, daemon.NewStages(p.log), nil
}
