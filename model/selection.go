package model

import "time"

// Selection publishes what a gateway finds below a node of the server: variables whose browse paths match. What is found is
// looked for again each Rebrowse and when the server tells that its model changed.
type Selection struct {
	// Root is where to begin; null stands for the Objects folder.
	Root ExpandedNodeID `json:"root"`
	// Path leads from Root to where to begin, as in VerbTranslate; empty for Root itself.
	Path string `json:"path,omitempty"`
	// Include are patterns of which one must match the path below the beginning, "Boiler1/Temperature"; none include everything. A pattern is a
	// wildcard, where * stands for any characters within a name, ** for any number of names and ? for one character; or a
	// regular expression between slashes, "/Boiler[0-9]+\/.*/", which must match the whole path.
	Include []string `json:"include,omitempty"`
	// Exclude are patterns of what is left out, with all below it.
	Exclude []string `json:"exclude,omitempty"`
	// TypeDefinition selects only instances of this ObjectType or VariableType and its subtypes, with the variables below them; null
	// selects all.
	TypeDefinition ExpandedNodeID `json:"typeDefinition"`
	// MaxDepth bounds the levels below the beginning; 0 stands for 20.
	MaxDepth int `json:"maxDepth,omitempty"`
	// MaxNodes bounds what is found, so that a mistake does not flood the plant; 0 stands for 100,000.
	MaxNodes int `json:"maxNodes,omitempty"`
	// Rebrowse is how often the gateway looks again; 0 stands for 12 hours.
	Rebrowse time.Duration `json:"rebrowse,omitempty"`
	// Field is what the fields are made of; its Name, NodeID and BrowsePath are empty.
	Field PublishedField `json:"field"`
}
