// Package addressspace keeps the address spaces of servers in memory for search: every node that hierarchical references lead to from the
// root, with its names, class, type definition, engineering unit and place (Part 3, 4.3). It browses them at a low rate, keeps them with a
// version, and browses again what changes. Values of attributes other than these are never taken from here: they are read from the server.
package addressspace
