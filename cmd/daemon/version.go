package daemon

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is set by the linker for releases: -ldflags "-X github.com/shopfloor-iiot/shopfloor/cmd/daemon.release=v1.2.3".
var release string

// Version is the release, or the revision that the program was built from.
func Version() string {
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

// VersionLine is one line for people.
func VersionLine(program string) string {
	return fmt.Sprintf("%s %s (%s, %s/%s)", program, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
