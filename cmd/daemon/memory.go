package daemon

import "runtime/debug"

// gcPercent is how much garbage there may be, in percent of what is in use. Values leave next to none, so that collecting more often than Go's 100 costs
// little CPU, and a gateway is often a small machine: with 10,000 nodes it takes some 40 MB less. The figures are in the README.
const gcPercent = 30

// CollectOften sets how often the memory of a gateway is collected, unless the environment does (GOGC). GOMEMLIMIT bounds the memory as in any Go program.
func CollectOften(getenv func(string) (string, bool)) {
	if _, set := getenv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
}
