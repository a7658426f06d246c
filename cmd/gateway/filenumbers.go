package gateway

import (
	"hash/fnv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// firstFileNumber is where the numbers of a file's groups and writers begin, far above those that the core gives out.
const firstFileNumber = 1 << 15

// fileNumbers are the numbers of groups and writers of a published nodes file. They are made of the names, so that they are the same after a
// restart, and stay while the process runs.
type fileNumbers map[model.WriterKey]uint16

// number gives each writer its numbers, and its group's, that others do not have.
func (n fileNumbers) number(own, others []model.DataSetWriter) {
	groups, writers := map[uint16]bool{0: true}, map[uint16]bool{0: true}
	byName := map[string]uint16{}
	for _, w := range others {
		groups[w.GroupID], writers[w.WriterID] = true, true
		byName[w.Group] = w.GroupID
	}
	var newGroups []string
	for i := range own { // those that have a number keep it, whatever comes before them now
		w := &own[i]
		n.reserve(w.Key(), writers)
		if _, ok := byName[w.Group]; !ok {
			byName[w.Group] = 0
			newGroups = append(newGroups, w.Group)
			n.reserve(groupKey(w.Group), groups)
		}
	}
	for _, g := range newGroups {
		byName[g] = n.take(groupKey(g), groups)
	}
	for i := range own {
		w := &own[i]
		w.GroupID, w.WriterID = byName[w.Group], n.take(w.Key(), writers)
	}
}

// groupKey stands for a group; no writer has an empty name.
func groupKey(group string) model.WriterKey { return model.WriterKey{Group: group} }

// reserve marks the number that a name has, or has it forget one that another got.
func (n fileNumbers) reserve(key model.WriterKey, taken map[uint16]bool) {
	if had := n[key]; had != 0 && taken[had] {
		delete(n, key)
	} else if had != 0 {
		taken[had] = true
	}
}

// take returns the number of a name: the one that it has, else a free one from the hash of the name on. With all 65,535 taken it is 0, which no receiver takes.
func (n fileNumbers) take(key model.WriterKey, taken map[uint16]bool) uint16 {
	if had := n[key]; had != 0 {
		return had
	}
	h := fnv.New32a()
	h.Write([]byte(key.Group + "\x00" + key.Writer))
	at := uint16(firstFileNumber + h.Sum32()%(1<<16-firstFileNumber))
	for range 1 << 16 {
		if !taken[at] {
			taken[at], n[key] = true, at
			return at
		}
		at++
	}
	return 0
}
