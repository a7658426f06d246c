package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/web"
)

// With a list the operations of its files and those of the UI run, and no others.
func TestAllowList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "operations.json")
	if err := os.WriteFile(file, []byte(`{"1": "query Mine { servers { totalCount } }"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := loadAllowList([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	var operations map[string]string
	if err := json.Unmarshal(web.Operations(), &operations); err != nil {
		t.Fatal(err)
	}
	if len(operations) < 10 || list.Len() != len(operations)+1 {
		t.Errorf("%d operations, %d of the UI", list.Len(), len(operations))
	}
	if list, err := loadAllowList(nil); list != nil || err != nil {
		t.Errorf("without files: %v, %v", list, err)
	}
	if _, err := loadAllowList([]string{file + ".none"}); err == nil || !strings.Contains(err.Error(), "graphql.allowList") {
		t.Errorf("a file that is not there: %v", err)
	}
}
