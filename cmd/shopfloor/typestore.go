package main

import (
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// namespaceTypes are the types of one namespace as one or more servers have them. It is read-only: servers whose models are the same share it.
type namespaceTypes struct {
	uri   string
	hash  string
	nodes []*model.Node
	ids   map[model.ExpandedNodeID]struct{}
}

// serverModel is what is kept of a server's types.
type serverModel struct {
	// Read is when they were read from the server.
	Read time.Time `json:"read"`
	// Versions are those of the models by the URIs of their namespaces, as far as the server tells them.
	Versions map[string]string `json:"versions,omitempty"`
	// Namespaces are the hashes of the types by the URIs of their namespaces.
	Namespaces map[string]string `json:"namespaces"`

	groups []*namespaceTypes
}

// byNamespace splits the nodes of a server's types. A reference to a subtype in another namespace goes with the subtype, so that what is published
// once, the types of OPC UA itself above all, is the same at all servers, whatever else they have.
func byNamespace(nodes []*model.Node) ([]*namespaceTypes, error) {
	byID := make(map[model.ExpandedNodeID]*model.Node, len(nodes))
	for _, n := range nodes {
		byID[n.NodeID] = n
	}
	references := make(map[*model.Node][]model.NodeReference, len(nodes)) // of their own: nodes may share the memory of theirs
	for _, n := range nodes {
		for _, r := range n.References {
			if target := byID[r.Target]; r.Type == typemodel.HasSubtype && !r.Inverse && target != nil && target.NodeID.NamespaceURI != n.NodeID.NamespaceURI {
				references[target] = append(references[target], model.NodeReference{Type: r.Type, Target: n.NodeID, Inverse: true})
				continue
			}
			references[n] = append(references[n], r)
		}
	}
	for _, n := range nodes {
		n.References = references[n]
	}
	groups := map[string]*namespaceTypes{}
	for _, n := range nodes {
		uri := n.NodeID.NamespaceURI
		if groups[uri] == nil {
			groups[uri] = &namespaceTypes{uri: uri}
		}
		groups[uri].nodes = append(groups[uri].nodes, n)
	}
	var out []*namespaceTypes
	for _, g := range groups {
		slices.SortFunc(g.nodes, func(a, b *model.Node) int { return strings.Compare(a.NodeID.String(), b.NodeID.String()) })
		for _, n := range g.nodes {
			slices.SortStableFunc(n.References, compareReferences)
		}
		text, err := json.Marshal(g.nodes)
		if err != nil {
			return nil, fmt.Errorf("types of %q: %w", g.uri, err)
		}
		g.seal(text)
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *namespaceTypes) int { return strings.Compare(a.uri, b.uri) })
	return out, nil
}

// compareReferences orders those that were turned around, which come in the order of a browse, behind the others.
func compareReferences(a, b model.NodeReference) int {
	switch {
	case !a.Inverse && !b.Inverse:
		return 0
	case a.Inverse != b.Inverse && b.Inverse:
		return -1
	case a.Inverse != b.Inverse:
		return 1
	}
	return cmp.Or(strings.Compare(a.Type.String(), b.Type.String()), strings.Compare(a.Target.String(), b.Target.String()))
}

// seal completes a group with what is known by its text.
func (g *namespaceTypes) seal(text []byte) {
	sum := sha256.Sum256(text)
	g.hash = hex.EncodeToString(sum[:])
	g.ids = make(map[model.ExpandedNodeID]struct{}, len(g.nodes))
	for _, n := range g.nodes {
		g.ids[n.NodeID] = struct{}{}
	}
}

// has tells whether a node is among the types.
func (m *serverModel) has(id model.ExpandedNodeID) bool {
	for _, g := range m.groups {
		if _, ok := g.ids[id]; ok {
			return true
		}
	}
	return false
}

// told tells whether the server told the version of each of its models, and they are these.
func (m *serverModel) told(versions map[string]string) bool {
	for uri := range m.Namespaces {
		if versions[uri] == "" || versions[uri] != m.Versions[uri] {
			return false
		}
	}
	for uri := range versions {
		if m.Versions[uri] != versions[uri] { // a namespace came
			return false
		}
	}
	return len(m.Namespaces) > 0
}

// typeStore keeps the types of servers on disk, so that they are served at once after a restart. It is a cache: what is damaged is read from
// the servers again.
type typeStore struct {
	dir    string
	groups map[string]*namespaceTypes // by hash, all that are in use
}

// serversFile lists the servers; the types of namespaces are files beside it, named after their hashes.
const serversFile = "servers.json"

func (s *typeStore) path(hash string) string { return filepath.Join(s.dir, hash+".json.gz") }

// load reads what is kept of all servers.
func (s *typeStore) load() (map[string]*serverModel, error) {
	s.groups = map[string]*namespaceTypes{}
	text, err := os.ReadFile(filepath.Join(s.dir, serversFile))
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]*serverModel{}, nil
	}
	servers := map[string]*serverModel{}
	if err == nil {
		err = json.Unmarshal(text, &servers)
	}
	if err != nil {
		return map[string]*serverModel{}, fmt.Errorf("types that are kept of servers: %w", err)
	}
	var errs []error
	for id, m := range servers {
		for uri, hash := range m.Namespaces {
			g, err := s.group(uri, hash)
			if err != nil {
				errs = append(errs, fmt.Errorf("types that are kept of server %q: %w", id, err))
				delete(servers, id)
				break
			}
			m.groups = append(m.groups, g)
		}
		slices.SortFunc(m.groups, func(a, b *namespaceTypes) int { return strings.Compare(a.uri, b.uri) })
	}
	return servers, errors.Join(errs...)
}

// group is that of a hash, which is read when it is not in use yet.
func (s *typeStore) group(uri, hash string) (*namespaceTypes, error) {
	if g := s.groups[hash]; g != nil {
		return g, nil
	}
	f, err := os.Open(s.path(hash))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	g := &namespaceTypes{uri: uri}
	if err := json.NewDecoder(z).Decode(&g.nodes); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	text, err := json.Marshal(g.nodes)
	if err != nil {
		return nil, err
	}
	if g.seal(text); g.hash != hash {
		return nil, fmt.Errorf("%s: its content has another hash", f.Name())
	}
	s.groups[hash] = g
	return g, nil
}

// share replaces groups by those in use that are the same.
func (s *typeStore) share(groups []*namespaceTypes) []*namespaceTypes {
	for i, g := range groups {
		if known := s.groups[g.hash]; known != nil {
			groups[i] = known
		} else {
			s.groups[g.hash] = g
		}
	}
	return groups
}

// save writes what is kept, and forgets what no server has any more.
func (s *typeStore) save(servers map[string]*serverModel) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	used := map[string]bool{}
	for _, m := range servers {
		for _, g := range m.groups {
			if used[g.hash] {
				continue
			}
			used[g.hash] = true
			if _, err := os.Stat(s.path(g.hash)); err == nil {
				continue
			}
			if err := writeGzip(s.path(g.hash), g.nodes); err != nil {
				return err
			}
		}
	}
	if err := writeJSON(filepath.Join(s.dir, serversFile), servers); err != nil {
		return err
	}
	for hash := range s.groups {
		if !used[hash] {
			delete(s.groups, hash)
		}
	}
	files, err := filepath.Glob(s.path("*"))
	for _, f := range files {
		if !used[strings.TrimSuffix(filepath.Base(f), ".json.gz")] {
			err = errors.Join(err, os.Remove(f))
		}
	}
	return err
}

// writeGzip replaces a file in one step.
func writeGzip(file string, v any) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // when it was not renamed
	z := gzip.NewWriter(f)
	if err = errors.Join(json.NewEncoder(z).Encode(v), z.Close(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
