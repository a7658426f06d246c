package model

import (
	"fmt"
	"strconv"
	"strings"
)

// QualifiedName is a name with the index of its namespace (Part 3, 8.3). NamespaceURI is no part of it on the wire: it is
// filled by those who know the server's namespace table and pass the name on to others who do not.
type QualifiedName struct {
	Namespace    uint16 `json:"ns,omitempty"`
	Name         string `json:"name"`
	NamespaceURI string `json:"nsu,omitempty"`
}

// String prints "2:Temperature", or "Temperature" in namespace 0.
func (q QualifiedName) String() string {
	if q.Namespace == 0 {
		return q.Name
	}
	return strconv.Itoa(int(q.Namespace)) + ":" + q.Name
}

// ParseQualifiedName reads the form that String prints. A prefix that is no number belongs to the name.
func ParseQualifiedName(s string) (QualifiedName, error) {
	prefix, name, found := strings.Cut(s, ":")
	if !found || prefix == "" || strings.Trim(prefix, "0123456789") != "" {
		return QualifiedName{Name: s}, nil
	}
	n, err := strconv.ParseUint(prefix, 10, 16)
	if err != nil {
		return QualifiedName{}, fmt.Errorf("qualified name %q: namespace index %s is over 65535", s, prefix)
	}
	return QualifiedName{Namespace: uint16(n), Name: name}, nil
}

// LocalizedText is a text with the locale it is written in (Part 3, 8.5). An empty locale is "not given".
type LocalizedText struct {
	Locale string `json:"locale,omitempty"`
	Text   string `json:"text"`
}

// String returns the text alone.
func (t LocalizedText) String() string { return t.Text }

// XMLElement is an XML fragment as text (Part 6, 5.1.4).
type XMLElement string
