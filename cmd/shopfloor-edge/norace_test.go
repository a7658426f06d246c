//go:build !race

package main

func gatewayFlags() []string { return nil }
