package typed

import (
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// describe is the description of a type: what its node says, and its id.
func describe(n *model.Node) string {
	text := strings.TrimSpace(n.Description.Text)
	if text == "" {
		text = otherText(n.DisplayName, n.BrowseName.Name)
	}
	if text == "" {
		return n.NodeID.String()
	}
	return text + "\n\n" + n.NodeID.String()
}

// otherText is a display name that says more than the name does.
func otherText(displayName model.LocalizedText, name string) string {
	if displayName.Text == name {
		return ""
	}
	return strings.TrimSpace(displayName.Text)
}
