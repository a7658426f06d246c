// Package model holds OPC UA as Go values: identifiers, variants, data values, status codes, nodes, data sets, and the
// services and records that the parts of Shopfloor exchange. It imports the standard library only and every other
// package imports it.
package model
