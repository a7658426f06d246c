// Command shopfloor-edge is a gateway in a process of its own: it connects OPC UA servers, keeps their values in a buffer, and hands them to the
// core. All but a few lines of configuration it gets from there.
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

const usage = `Shopfloor's gateway connects OPC UA servers and hands their values to the core, also those from the time when the core was away.

Usage:
  shopfloor-edge [flags]             run the gateway
  shopfloor-edge check [flags]       check the configuration and print what would run
  shopfloor-edge identity [flags]    print the gateway's public key, for enrolGateway
  shopfloor-edge enrol [flags]       redeem the token of createGatewayToken and end
  shopfloor-edge version             print the version

Flags (each also as an environment variable, --log-level as SHOPFLOOR_EDGE_LOG_LEVEL, and in the configuration file):
`

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings given, for tests.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := daemon.Notify(ctx, "shopfloor-edge", stderr)
	defer stop()
	name, rest := "", args
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, rest = args[0], args[1:]
	}
	var err error
	switch name {
	case "":
		err = serve(ctx, rest, stderr)
	case "check":
		err = check(rest, stdout, stderr)
	case "identity":
		err = printIdentity(rest, stdout, stderr)
	case "enrol":
		err = enrolOnce(ctx, rest, stdout, stderr)
	case "version":
		_, err = fmt.Fprintln(stdout, daemon.VersionLine("shopfloor-edge"))
	case "help":
		err = errHelp
		printUsage(stdout)
	default:
		err = usageError{fmt.Errorf("sub-command %q is unknown; see shopfloor-edge help", name)}
	}
	switch {
	case err == nil || errors.Is(err, errHelp):
		return exitOK
	case errors.As(err, new(usageError)):
		fmt.Fprintln(stderr, "shopfloor-edge:", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "shopfloor-edge:", err)
	return exitFailed
}

// usageError is an error of arguments or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errHelp says that help was asked for and printed.
var errHelp = errors.New("help")
