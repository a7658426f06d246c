package main

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

var (
	graphqlBlock  = regexp.MustCompile("(?s)```graphql\n(.*?)```")
	graphqlInline = regexp.MustCompile("`((?:query|mutation|subscription) *\\{[^`…]*\\})`")
	// What the reader has to put in place of.
	readersOwn = regexp.MustCompile(`\bAcme_|"press"|"hall-3"|"<|10\.0\.0\.`)
)

// TestDocumentedOperations: what README.md and deploy/gateway.md show is valid, and what is for the demo plant runs on it as it is.
func TestDocumentedOperations(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "--demo", "--server-types", "--nodeset", opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml")+","+opcuatest.NodeSet(t, "Opc.Ua.Di.NodeSet2.xml"))
	var got struct{ Schema struct{ SDL string } }
	p.waitFor(time.Minute, "the plant's own types are in the schema", func() error {
		p.MustQuery(&got, `{ schema { sdl } }`, nil)
		if !strings.Contains(got.Schema.SDL, "ShopfloorDemoPlant_BoilerType(") || !strings.Contains(got.Schema.SDL, "DI_DeviceType(") {
			return errors.New("not yet")
		}
		return nil
	})
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "sdl", Input: got.Schema.SDL})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"../../README.md", "../../deploy/gateway.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ran, valid := 0, 0
		for _, m := range append(graphqlBlock.FindAllSubmatch(text, -1), graphqlInline.FindAllSubmatch(text, -1)...) {
			doc, err := parser.ParseQuery(&ast.Source{Name: file, Input: string(m[1])})
			if err != nil {
				t.Errorf("%v in\n%s", err, m[1])
				continue
			}
			for _, op := range doc.Operations {
				query := operationText(op)
				if strings.Contains(query, "Acme_") {
					continue
				}
				if errs := validator.ValidateWithRules(schema, &ast.QueryDocument{Operations: ast.OperationList{op}, Fragments: doc.Fragments}, rules.NewDefaultRules()); len(errs) > 0 {
					t.Errorf("%s: %v in\n%s", file, errs, query)
					continue
				}
				valid++
				if op.Operation == ast.Subscription || readersOwn.MatchString(query) {
					continue
				}
				ran++
				if errs, err := p.Query(nil, query, nil); err != nil || len(errs) > 0 {
					t.Errorf("%s: %v, %+v of\n%s", file, err, errs, query)
				}
			}
		}
		t.Logf("%s: %d operations are valid, of which %d ran", file, valid, ran)
		if ran == 0 {
			t.Errorf("%s: no operation was found that can run", file)
		}
	}
}

func operationText(op *ast.OperationDefinition) string {
	var b bytes.Buffer
	formatter.NewFormatter(&b).FormatQueryDocument(&ast.QueryDocument{Operations: ast.OperationList{op}})
	return b.String()
}
