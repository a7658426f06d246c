// Package discovered is what the core knows of discoveries: those that run or ran, the schedules of the gateways, and the applications that
// were found. Gateways report both into key-value buckets, and a watch keeps them in memory, so that reading never waits. Of a found
// application a server of the registry can be made, by hand or by the activation filter of a discovery.
package discovered
