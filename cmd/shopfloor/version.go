package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is set by the linker for releases: -ldflags "-X main.release=v1.2.3".
var release string

// shortVersion is the release, or the revision that the program was built from.
func shortVersion() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return "dev"
}

// version is one line for people.
func version() string {
	return fmt.Sprintf("shopfloor %s (%s, %s/%s)", shortVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
