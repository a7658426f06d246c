// Package registry is what the core knows of gateways, servers and DataSetWriters: their desired state, which users change
// and gateways run, and their reported state, which gateways tell. Both live in key-value buckets and are kept in memory by
// a watch, so that reading never waits.
package registry
