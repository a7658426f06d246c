// Package publishednodes reads and writes the configuration file of OPC Publisher, published nodes JSON, in the forms of its versions 2.5, 2.8
// and 2.9. What a file asks for becomes servers and DataSetWriters of the platform's model, and what cannot be had as written is told
// issue by issue: a bad node or entry never takes the others with it.
package publishednodes
