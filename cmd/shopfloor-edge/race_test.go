//go:build race

package main

// gatewayFlags have the gateway built with the race detector, as the tests are.
func gatewayFlags() []string { return []string{"-race"} }
