// Package typemodel turns nodes into types: ObjectTypes, VariableTypes and DataTypes with their supertypes, interfaces and instance
// declarations (Part 3, 6). It does not care where the nodes come from, a NodeSet2 file or a server that was browsed, nor in which order.
//
// A Model is read-only when it is built and can be used by several goroutines. Nodes come from outside: cycles, missing nodes and
// contradictions are no errors but make a smaller model; what was left out is counted.
package typemodel
