// Package nodeset reads NodeSet2 files, the XML form in which companion specifications and machine builders publish their information
// models (Part 6, Annex F), into model.Node.
//
// Files are read whole and parsed in one pass by a scanner of the package's own, which takes the part of XML that such files use: parsing takes
// half of the time that encoding/xml needs for the tokens alone. No DTD, no entities beyond the five of XML, UTF-8 alone. A file is untrusted input: its size, depth,
// number of nodes and of problems are bounded.
package nodeset
