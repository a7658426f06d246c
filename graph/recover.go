package graph

import (
	"context"
	"runtime/debug"
)

// caught makes an error of a panic; the presenter logs it and tells nobody.
func caught(_ context.Context, value any) error {
	return &panicError{value: value, stack: debug.Stack()}
}

// guarded runs f and turns a panic into an error: the engine catches panics in its own goroutines only.
func guarded(ctx context.Context, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = caught(ctx, v)
		}
	}()
	return f()
}
