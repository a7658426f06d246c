package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

func TestBenchCoreCountsEachValueOnce(t *testing.T) {
	out, err := exec.Command(binary, "bench", "core", "--series", "2000", "--rounds", "50", "--data", t.TempDir(), "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var r benchResult
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if r.Values != 100_000 || r.Lost != 0 || r.Duplicated != 0 || r.ValuesPerSecond <= 0 || r.RawValuesPerSecond <= 0 || r.Ratio <= 0 || r.CPUNsPerValue <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, args := range [][]string{{"bench"}, {"bench", "core", "--series", "7"}, {"bench", "core", "--rounds", "0"}, {"bench", "encode"}} {
		if code, out := runOnce(t, args...); code != exitUsage || !strings.HasPrefix(out, "shopfloor: ") {
			t.Errorf("%v: exit code %d: %s", args, code, out)
		}
	}
}
