package model

import "encoding/json"

// BrowsePath asks for the node that a path leads to (Part 4, 5.9.4).
type BrowsePath struct {
	// StartingNode is where the path begins; null for the Root folder.
	StartingNode ExpandedNodeID
	// Path is in a form of ParseBrowsePath.
	Path string
}

// browsePath is a BrowsePath with a StartingNode in JSON; one without is its Path alone.
type browsePath struct {
	StartingNode ExpandedNodeID `json:"startingNode"`
	Path         string         `json:"path"`
}

// MarshalJSON implements json.Marshaler.
func (p BrowsePath) MarshalJSON() ([]byte, error) {
	if p.StartingNode.IsNull() {
		return json.Marshal(p.Path)
	}
	return json.Marshal(browsePath(p))
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *BrowsePath) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*p = BrowsePath{}
		return json.Unmarshal(b, &p.Path)
	}
	return json.Unmarshal(b, (*browsePath)(p))
}
