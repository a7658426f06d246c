//go:build !race

package opcua

const raceDetector = false
