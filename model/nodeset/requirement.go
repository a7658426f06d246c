package nodeset

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Unmet is a requirement of a model that the files at hand do not meet.
type Unmet struct {
	// Model is the one that needs Required.
	Model    string
	Required RequiredModel
	// Have is an older version that is there; nil when there is none.
	Have *Model
}

// String tells what to do.
func (u Unmet) String() string {
	version := u.Required.Version
	if !u.Required.PublicationDate.IsZero() {
		version = strings.TrimSpace(version + " of " + u.Required.PublicationDate.Format(time.DateOnly))
	}
	if u.Have == nil {
		return fmt.Sprintf("model %s needs %s (%s), which no file has; add the node set of it", u.Model, u.Required.URI, version)
	}
	return fmt.Sprintf("model %s needs %s in version %s, there is %s of %s; add a newer node set of it", u.Model, u.Required.URI, version, u.Have.Version,
		u.Have.PublicationDate.Format(time.DateOnly))
}

// Check finds out what is missing, in the order of the documents, and sorts these so that newer versions of a model come before older ones.
func Check(documents []*Document) []Unmet {
	newest := map[string]*Model{}
	for _, d := range documents {
		for i, m := range d.Models {
			if have := newest[m.URI]; have == nil || m.PublicationDate.After(have.PublicationDate) {
				newest[m.URI] = &d.Models[i]
			}
		}
	}
	var unmet []Unmet
	for _, d := range documents {
		for _, m := range d.Models {
			for _, r := range m.Required {
				have := newest[r.URI]
				if have == nil || have.PublicationDate.Before(r.PublicationDate) {
					unmet = append(unmet, Unmet{m.URI, r, have})
				}
			}
		}
	}
	slices.SortStableFunc(documents, func(a, b *Document) int {
		return b.published().Compare(a.published())
	})
	return unmet
}

// published is the date of the newest model of a file.
func (d *Document) published() (t time.Time) {
	for _, m := range d.Models {
		if m.PublicationDate.After(t) {
			t = m.PublicationDate
		}
	}
	return t
}
