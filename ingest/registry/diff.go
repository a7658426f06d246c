package registry

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// difference tells how one snapshot differs from another.
func difference(from, to *snapshot) model.ConfigurationDiff {
	d := model.ConfigurationDiff{From: from.commit.ConfigurationRevision, To: to.commit.ConfigurationRevision}
	for _, id := range keysOf(from.servers, to.servers, strings.Compare) {
		if s := (model.ServerDiff{From: lookUp(from.servers, id), To: lookUp(to.servers, id)}); differs(s.From, s.To, sameServer) {
			d.Servers = append(d.Servers, s)
			count(s.From, s.To, &d.Summary.ServersAdded, &d.Summary.ServersRemoved, &d.Summary.ServersChanged)
		}
	}
	for _, key := range keysOf(from.writers, to.writers, compareKeys) {
		w := model.WriterDiff{From: lookUp(from.writers, key), To: lookUp(to.writers, key)}
		w.Options = differs(w.From, w.To, sameOptions)
		if w.Fields = fieldsDifference(w.From, w.To); !w.Options && len(w.Fields) == 0 && sameOrder(w.From, w.To) {
			continue
		}
		d.Writers = append(d.Writers, w)
		count(w.From, w.To, &d.Summary.WritersAdded, &d.Summary.WritersRemoved, &d.Summary.WritersChanged)
		for _, f := range w.Fields {
			count(f.From, f.To, &d.Summary.FieldsAdded, &d.Summary.FieldsRemoved, &d.Summary.FieldsChanged)
		}
	}
	return d
}

// fieldsDifference compares fields by their names, in the order of the newer writer, those that are gone behind them.
func fieldsDifference(from, to *model.DataSetWriter) (list []model.FieldDiff) {
	var old, fresh []model.PublishedField
	if from != nil {
		old = from.Fields
	}
	if to != nil {
		fresh = to.Fields
	}
	if len(old) > 0 && len(old) == len(fresh) && &old[0] == &fresh[0] {
		return nil
	}
	index := make(map[string]int, len(old))
	for i := range old {
		index[old[i].Name] = i
	}
	for i := range fresh {
		f := model.FieldDiff{To: &fresh[i]}
		if j, ok := index[fresh[i].Name]; ok {
			f.From = &old[j]
			delete(index, fresh[i].Name)
		}
		if differs(f.From, f.To, sameField) {
			list = append(list, f)
		}
	}
	for i := range old {
		if j, ok := index[old[i].Name]; ok && i == j {
			list = append(list, model.FieldDiff{From: &old[i]})
		}
	}
	return list
}

// sameOrder tells that the fields of two writers with the same fields stand in the same order, which is that of the DataSet.
func sameOrder(from, to *model.DataSetWriter) bool {
	return from == nil || to == nil || slices.EqualFunc(from.Fields, to.Fields, func(a, b model.PublishedField) bool { return a.Name == b.Name })
}

func sameServer(a, b *model.Server) bool {
	x, y := *a, *b
	x.Revision, y.Revision = 0, 0
	return reflect.DeepEqual(&x, &y)
}

// sameOptions compares all but the fields.
func sameOptions(a, b *model.DataSetWriter) bool {
	x, y := *a, *b
	x.Revision, y.Revision, x.Fields, y.Fields = 0, 0, nil, nil
	if len(x.ExtensionFields)+len(y.ExtensionFields) == 0 {
		x.ExtensionFields, y.ExtensionFields = nil, nil
	}
	return reflect.DeepEqual(&x, &y)
}

// sameField compares without reflection: it is called for each field of a changed writer.
func sameField(a, b *model.PublishedField) bool {
	x, y := *a, *b
	x.Deadband, y.Deadband, x.Heartbeat, y.Heartbeat, x.CyclicRead, y.CyclicRead = nil, nil, nil, nil, nil, nil
	return x == y && sameValue(a.Deadband, b.Deadband) && sameValue(a.Heartbeat, b.Heartbeat) && sameValue(a.CyclicRead, b.CyclicRead)
}

func sameValue[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func differs[T any](a, b *T, same func(a, b *T) bool) bool {
	return a == nil || b == nil || !same(a, b)
}

// count adds one to what a difference is.
func count[T any](from, to *T, added, removed, changed *int) {
	switch {
	case from == nil:
		*added++
	case to == nil:
		*removed++
	default:
		*changed++
	}
}

// lookUp returns a copy of what is stored under k, nil if there is nothing.
func lookUp[K comparable, V any](m map[K]V, k K) *V {
	v, ok := m[k]
	if !ok {
		return nil
	}
	return &v
}

// keysOf are the keys of two maps, each once, in order.
func keysOf[K comparable, V any](a, b map[K]V, compare func(a, b K) int) []K {
	keys := make([]K, 0, max(len(a), len(b)))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compare)
	return keys
}

func compareKeys(a, b model.WriterKey) int {
	return cmp.Or(strings.Compare(a.Gateway, b.Gateway), strings.Compare(a.Group, b.Group), strings.Compare(a.Writer, b.Writer))
}
