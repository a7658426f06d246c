// Command shopfloor is the whole platform in one process: gateway, ingest core, store, GraphQL and web UI.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
)

// Exit codes, besides daemon.ExitStopped.
const (
	exitOK     = 0
	exitFailed = 1 // it ran and ended with an error
	exitUsage  = 2 // arguments or configuration cannot be used; also Go's code for a panic
)

const usage = `Shopfloor connects OPC UA servers and serves them as one GraphQL graph.

Usage:
  shopfloor [flags]                  run everything in this process
  shopfloor core [flags]             take a share of the frames of a bus elsewhere (--bus-url) into a common store (--store-write)
  shopfloor check [flags]            check the configuration and print what would run;
                                     with --published-nodes FILE, check a configuration file of OPC Publisher
  shopfloor schema [flags]           print the GraphQL schema, with --nodeset FILE with types of that model
  shopfloor bench encode|core|remote|edge|live|recover [flags]   measure this machine
  shopfloor version                  print the version

Flags (each also as an environment variable, --log-level as SHOPFLOOR_LOG_LEVEL, and in the configuration file):
`

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings given, for tests.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := daemon.Notify(ctx, "shopfloor", stderr)
	defer stop()
	name, rest := "", args
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, rest = args[0], args[1:]
	}
	var err error
	switch name {
	case "", "core":
		err = serve(ctx, name == "core", rest, stderr)
	case "check":
		err = check(rest, stdout, stderr)
	case "schema":
		err = schema(rest, stdout, stderr)
	case "bench":
		err = bench(ctx, rest, stdout, stderr)
	case "version":
		_, err = fmt.Fprintln(stdout, daemon.VersionLine("shopfloor"))
	case "help":
		err = errHelp
		printUsage(stdout)
	default:
		err = usageError{fmt.Errorf("sub-command %q is unknown; see shopfloor help", name)}
	}
	switch {
	case err == nil || errors.Is(err, errHelp):
		return exitOK
	case errors.As(err, new(usageError)):
		fmt.Fprintln(stderr, "shopfloor:", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "shopfloor:", err)
	return exitFailed
}

// usageError is an error of arguments or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errHelp says that help was asked for and printed.
var errHelp = errors.New("help")
