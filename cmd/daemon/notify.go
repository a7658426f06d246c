package daemon

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// ExitStopped is the exit code of a program that a second signal ended before it was done.
const ExitStopped = 3

// Notify returns a context that the first SIGINT or SIGTERM ends. A second one ends the process at once.
func Notify(parent context.Context, program string, stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case s := <-signals:
			fmt.Fprintf(stderr, "%s: %v again: ending without a clean stop; nothing that is stored is lost\n", program, s)
			os.Exit(ExitStopped)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
