//go:build race

package opcua

// The race detector takes a part of what is put into a sync.Pool away, at random.
const raceDetector = true
