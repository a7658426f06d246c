package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

// cutFlag takes a flag with its value out of arguments.
func cutFlag(args []string, name string) (value string, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		flag, v, hasValue := strings.Cut(args[i], "=")
		if flag != "--"+name && flag != "-"+name {
			rest = append(rest, args[i])
			continue
		}
		if !hasValue {
			if i++; i == len(args) {
				return "", nil, usageError{fmt.Errorf("--%s: the value is missing", name)}
			}
			v = args[i]
		}
		value = v
	}
	return value, rest, nil
}

// checkPublishedNodes prints what a published nodes file would have a gateway run, and everything in it that somebody should know of. Errors of
// the file are a usageError.
func checkPublishedNodes(file, gateway string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return usageError{fmt.Errorf("published nodes: %w", err)}
	}
	c, issues, err := publishednodes.Parse(text, publishednodes.Options{Gateway: gateway})
	if err != nil {
		return usageError{fmt.Errorf("published nodes %s: %w", file, err)}
	}
	if err := printPublishedNodes(out, c, issues); err != nil {
		return err
	}
	if issues.Errors > 0 {
		return usageError{fmt.Errorf("published nodes %s: %d entries or nodes cannot be taken, see above; the others can", file, issues.Errors)}
	}
	return nil
}

func printPublishedNodes(out io.Writer, c *publishednodes.Config, issues *publishednodes.Issues) error {
	var b strings.Builder
	nodes, ofServer := 0, map[string][]*model.DataSetWriter{}
	for i := range c.Writers {
		w := &c.Writers[i]
		nodes += len(w.Fields)
		ofServer[w.Server] = append(ofServer[w.Server], w)
	}
	fmt.Fprintf(&b, "The file asks for %d servers, %d writers and %d nodes:\n", len(c.Servers), len(c.Writers), nodes)
	for _, s := range c.Servers {
		user := "anonymous"
		if s.UserName != "" {
			user = "user " + s.UserName
		}
		fmt.Fprintf(&b, "\nserver %s: %s, %s", s.ID, s.EndpointURL, strings.TrimSpace(string(s.SecurityMode)+" "+s.SecurityPolicy))
		fmt.Fprintf(&b, ", %s\n", user)
		for _, w := range ofServer[s.ID] {
			what := fmt.Sprintf("%d nodes", len(w.Fields))
			if w.Events != nil {
				what = "events"
			}
			fmt.Fprintf(&b, "  writer %s/%s: %s, published each %s", w.Group, w.Name, what, w.PublishingInterval)
			if w.Output != nil {
				b.WriteString(", to MQTT broker " + w.Output.Broker)
			}
			b.WriteByte('\n')
		}
	}
	if len(issues.List) > 0 {
		fmt.Fprintf(&b, "\n%d errors, %d warnings, %d notes:\n", issues.Errors, issues.Warnings, issues.Infos)
	}
	for _, i := range issues.List {
		fmt.Fprintln(&b, i)
	}
	if n := issues.Dropped(); n > 0 {
		fmt.Fprintf(&b, "… and %d more\n", n)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
