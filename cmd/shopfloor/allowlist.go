package main

import (
	"fmt"
	"os"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/web"
)

// loadAllowList reads the operations that may run, with those of the UI; nil when no files are named: then all may.
func loadAllowList(files []string) (*graph.AllowList, error) {
	if len(files) == 0 {
		return nil, nil
	}
	list := graph.NewAllowList()
	if err := list.Add(web.Operations()); err != nil {
		return nil, fmt.Errorf("operations of the web UI: %w", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil {
			err = list.Add(b)
		}
		if err != nil {
			return nil, fmt.Errorf("graphql.allowList: %s: %w", file, err)
		}
	}
	return list, nil
}
