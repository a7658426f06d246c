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

// loadNodeSets makes the type model of node set files. warn gets what is not as it should be and is left out.
func loadNodeSets(paths []string, warn func(string)) (*typemodel.Model, error) {
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
	b := typemodel.NewBuilder()
	for _, d := range documents {
		b.Add(d.Nodes)
	}
	m := b.Build()
	if m.Type(typemodel.BaseObjectType) == nil {
		return nil, errors.New("the node sets do not have the types of OPC UA itself; add Opc.Ua.NodeSet2.xml")
	}
	return m, nil
}

// typedSchema makes the typed schema of node set files and checks that it goes with the fixed one.
func typedSchema(paths []string, o typed.Options, warn func(string)) (*typed.Schema, error) {
	m, err := loadNodeSets(paths, warn)
	if err != nil {
		return nil, err
	}
	s, err := typed.Generate(m, o)
	if err != nil {
		return nil, err
	}
	if _, err := typed.Merge(graph.Sources(), s.SDL()); err != nil {
		return nil, fmt.Errorf("the schema of the node sets: %w", err)
	}
	return s, nil
}

// setTypes gives the endpoint the types of the configured node sets. The names that they got are recorded in the data folder.
func (p *platform) setTypes(endpoint *graph.Handler) error {
	c := &p.cfg.GraphQL
	if len(c.NodeSets) == 0 {
		return nil
	}
	file := filepath.Join(p.cfg.Data, "names.json")
	names, err := readNames(file)
	if err != nil {
		return err
	}
	log := p.part("types")
	warn := func(w string) { log.Warn().Str("problem", w).Msg("node set is not as it should be") }
	s, err := typedSchema(c.NodeSets, typed.Options{Names: names, Prefixes: c.Prefixes}, warn)
	if err != nil {
		return fmt.Errorf("graphql.nodeSets: %w", err)
	}
	if err := writeJSON(file, s.Names); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	log.Info().Int("types", len(s.Types)).Int("queries", s.Stats.Query).Int("methods", s.Stats.Mutation).Msg("the plant's own types are in the schema")
	return endpoint.SetTypes(s)
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
