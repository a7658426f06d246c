package publishednodes

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxName bounds the names of groups, writers and fields, in bytes.
const maxName = model.MaxNameBytes

// taken are names that are in use, each with the number from which a free one is looked for.
type taken map[string]int

// unique returns the first candidate that is not taken, else the last one with separator and a number behind it, and takes it. Names are shortened
// to most bytes.
func (t taken) unique(separator string, most int, candidates ...string) string {
	last := ""
	for _, c := range candidates {
		if last = fit(c, most); t[last] == 0 {
			t[last] = 2
			return last
		}
	}
	for n := max(t[last], 2); ; n++ {
		suffix := separator + strconv.Itoa(n)
		if name := fit(last, most-len(suffix)) + suffix; t[name] == 0 {
			t[last], t[name] = n+1, 2
			return name
		}
	}
}

// fit shortens a name to most bytes so that different names stay different.
func fit(s string, most int) string {
	if len(s) <= most {
		return s
	}
	h := fnv.New64a()
	h.Write([]byte(s))
	return strings.ToValidUTF8(s[:most-17], "") + fmt.Sprintf("-%016x", h.Sum64())
}
