package nodeset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The bounds of a file. The largest published node set has some 5 MB and 6,000 nodes.
const (
	// MaxBytes bounds a file.
	MaxBytes = 256 << 20
	// MaxNodes bounds the nodes in it.
	MaxNodes = 2_000_000
	// MaxProblems bounds the problems that are told of one file; all are counted.
	MaxProblems = 100
)

// Document is what a NodeSet2 file says. Its nodes have no memory in common with the file's text.
type Document struct {
	// Models are those that the file defines, with those that they need.
	Models []Model
	// NamespaceURIs are those of the file's own namespaces, without that of OPC UA.
	NamespaceURIs []string
	// Nodes are in the order of the file.
	Nodes []*model.Node
	// Problems are values and definitions that could not be taken, each with its line; their nodes are there without them.
	Problems []*SyntaxError
	// ProblemCount counts all, also those beyond MaxProblems.
	ProblemCount int
}

// Model is an information model with its version (Part 6, F.5).
type Model struct {
	URI, Version    string
	PublicationDate time.Time
	Required        []RequiredModel
}

// RequiredModel is a model that another one builds on, in this version or a later one.
type RequiredModel struct {
	URI, Version    string
	PublicationDate time.Time
}

// ReadFile reads and parses a file.
func ReadFile(name string) (*Document, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	d, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("node set %s: %w", name, err)
	}
	return d, nil
}

// Parse parses the text of a file.
func Parse(text []byte) (*Document, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the file has over %d bytes, which is the limit", MaxBytes)
	}
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil, errors.New("the file is UTF-16; save it as UTF-8")
	}
	p := &parser{
		scanner: scanner{src: bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))},
		aliases: map[string]string{}, ids: map[string]model.ExpandedNodeID{}, strings: map[string]string{}, doc: &Document{},
	}
	if err := p.document(); err != nil {
		return nil, err
	}
	return p.doc, nil
}
