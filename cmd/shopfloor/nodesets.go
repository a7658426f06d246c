package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/nodeset"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// nodeSetFiles resolves paths: a folder stands for the *.xml files in it.
func nodeSetFiles(paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("node set: %w", err)
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		found, err := filepath.Glob(filepath.Join(p, "*.xml"))
		if err != nil {
			return nil, fmt.Errorf("node sets in %s: %w", p, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("node sets in %s: the folder has no *.xml files", p)
		}
		files = append(files, found...)
	}
	return files, nil
}

// loadNodeSets reads the nodes of node set files, newer versions of a model before older ones. warn gets what is not as it should be and is
// left out.
func loadNodeSets(paths []string, warn func(string)) (nodes []*model.Node, err error) {
	files, err := nodeSetFiles(paths)
	if err != nil {
		return nil, err
	}
	documents := make([]*nodeset.Document, len(files))
	for i, f := range files {
		if documents[i], err = nodeset.ReadFile(f); err != nil {
			return nil, err
		}
		for _, p := range documents[i].Problems {
			warn(fmt.Sprintf("%s: %v", f, p))
		}
		if more := documents[i].ProblemCount - len(documents[i].Problems); more > 0 {
			warn(fmt.Sprintf("%s: %d more problems", f, more))
		}
	}
	var missing []error
	for _, u := range nodeset.Check(documents) {
		if u.Have != nil {
			warn(u.String())
		} else {
			missing = append(missing, errors.New(u.String()))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	base := false
	for _, d := range documents {
		nodes = append(nodes, d.Nodes...)
		for _, n := range d.Nodes {
			base = base || n.NodeID == typemodel.BaseObjectType
		}
	}
	if !base {
		return nil, errors.New("the node sets do not have the types of OPC UA itself; add Opc.Ua.NodeSet2.xml")
	}
	return nodes, nil
}

// typedSchema makes the typed schema of nodes and checks that it goes with the fixed one.
func typedSchema(o typed.Options, nodes ...[]*model.Node) (*typed.Schema, error) {
	o.Fixed, o.Events = graph.Fixed(), graph.EventSchema()
	b := typemodel.NewBuilder()
	for _, n := range nodes {
		b.Add(n)
	}
	s, err := typed.Generate(b.Build(), o)
	if err != nil {
		return nil, err
	}
	if _, err := typed.Merge(graph.Sources(), s.SDL()); err != nil {
		return nil, fmt.Errorf("the typed schema: %w", err)
	}
	return s, nil
}

// readNames reads a table of names; a file that is not there yet is an empty one.
func readNames(file string) (*typed.Names, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	n := &typed.Names{}
	if err := json.Unmarshal(text, n); err != nil {
		return nil, fmt.Errorf("names %s: %w; it must be a file that --names wrote", file, err)
	}
	return n, nil
}

// writeJSON replaces a file in one step: names that are lost would change.
func writeJSON(file string, v any) error {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // when it was not renamed
	_, err = io.Copy(f, strings.NewReader(string(text)+"\n"))
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
