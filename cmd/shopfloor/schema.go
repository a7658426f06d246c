package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

// paths is a flag that may be given several times, each time with several paths.
type paths []string

func (p *paths) Set(s string) error { *p = append(*p, strings.Split(s, ",")...); return nil }
func (p *paths) String() string     { return strings.Join(*p, ",") }

// prefixes is a flag URI=NAME that may be given several times.
type prefixes map[string]string

func (p prefixes) Set(s string) error {
	i := strings.LastIndexByte(s, '=')
	if i <= 0 || i == len(s)-1 {
		return fmt.Errorf("%q is not in the form URI=NAME", s)
	}
	p[s[:i]] = s[i+1:]
	return nil
}

func (p prefixes) String() string { return "" }

// schema prints the GraphQL schema: the fixed one and, with node sets, the types of the plant's own model.
func schema(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("shopfloor schema", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: shopfloor schema [flags]\n\nPrints the GraphQL schema as text, for code generators.\n\nFlags:")
		fs.PrintDefaults()
	}
	var nodeSets paths
	wanted := prefixes{}
	fs.Var(&nodeSets, "nodeset", "NodeSet2 `files`, or folders of them, whose types become GraphQL types, separated by commas; may be given several times")
	fs.Var(wanted, "prefix", "`URI=NAME`: how the names of a namespace's types begin, where names has none yet; may be given several times")
	names := fs.String("names", "", "`file` that records which names were given, so that they never change; read if it is there, and written")
	table := fs.String("table", "", "`file` to write the table to that leads from the names back to the nodes")
	subgraph := fs.Bool("subgraph", false, "print the fixed schema as a subgraph of Apollo Federation 2, to compose a supergraph with")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return errHelp
	case err != nil:
		return usageError{err}
	case fs.NArg() > 0:
		return usageError{fmt.Errorf("argument %q is unknown; node sets are given with --nodeset", fs.Arg(0))}
	case *subgraph && len(nodeSets) > 0:
		return usageError{errors.New("--subgraph is the fixed schema: the types of node sets are no part of it")}
	case *subgraph:
		_, err := io.WriteString(stdout, graph.SubgraphSDL())
		return err
	case len(nodeSets) == 0 && (*names != "" || *table != "" || len(wanted) > 0):
		return usageError{errors.New("--names, --table and --prefix are for the types of node sets; give some with --nodeset")}
	case len(nodeSets) == 0:
		_, err := io.WriteString(stdout, graph.SDL())
		return err
	}
	o := typed.Options{Prefixes: wanted}
	var err error
	if *names != "" {
		if o.Names, err = readNames(*names); err != nil {
			return usageError{err}
		}
	}
	nodes, err := loadNodeSets(nodeSets, func(w string) { fmt.Fprintln(stderr, "shopfloor: warning:", w) })
	if err != nil {
		return usageError{err}
	}
	s, err := typedSchema(o, nodes)
	if err != nil {
		return usageError{err}
	}
	if *names != "" {
		if err := writeJSON(*names, s.Names); err != nil {
			return fmt.Errorf("names: %w", err)
		}
	}
	if *table != "" {
		if err := writeJSON(*table, s.Table()); err != nil {
			return fmt.Errorf("table: %w", err)
		}
	}
	_, err = io.WriteString(stdout, graph.SDL()+s.SDL())
	return err
}
