package typed

import (
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// liveState is what a subscription knows, so that a delivery asks servers for nothing.
type liveState struct {
	// known is what is below nodes.
	known map[place]*browsing
	// values are the newest ones.
	values map[place]*model.ReadResult
	// away are why servers do not deliver.
	away map[string]error
	// owners are, for each node that is monitored, the places on the page of the instances that have it; nil while they stay.
	owners map[place][]int
	// learned tells that nodes were looked at for the first time.
	learned bool
}

func newLiveState() *liveState {
	return &liveState{known: map[place]*browsing{}, values: map[place]*model.ReadResult{}, away: map[string]error{}}
}

func (l *liveState) own(at place, owner int) {
	if l.owners != nil && !slices.Contains(l.owners[at], owner) {
		l.owners[at] = append(l.owners[at], owner)
	}
}

func (l *liveState) learn(found map[place]*browsing) {
	for at, b := range found {
		if b.err == nil {
			l.learned = l.learned || l.known[at] == nil
			l.known[at] = b
		}
	}
}

// fill gives readings what was delivered.
func (l *liveState) fill(order map[string][]*reading) {
	for server, values := range order {
		for _, v := range values {
			if v.err = l.away[server]; v.err != nil {
				continue
			}
			if v.result = l.values[place{server, v.id}]; v.result == nil {
				v.result = &model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadWaitingForInitialData}, Message: "the server has not delivered it yet"}
			}
		}
	}
}

// take takes what was delivered, and adds to changed the instances that have it. gone tells that a node is not there any more.
func (l *liveState) take(server string, changes []model.ValueChange, changed map[int]bool) (gone bool) {
	for i := range changes {
		c := &changes[i]
		at := place{server, c.NodeID}
		owners, monitored := l.owners[at]
		if !monitored {
			continue
		}
		value := c.Value
		value.Value = value.Value.Clone()
		l.values[at] = &model.ReadResult{DataValue: value, Message: c.Message}
		gone = gone || c.Value.Status == model.StatusBadNodeIdUnknown
		for _, o := range owners {
			changed[o] = true
		}
	}
	return gone
}

// ofServer adds to changed the instances that have nodes of a server.
func (l *liveState) ofServer(server string, changed map[int]bool) {
	for at, owners := range l.owners {
		if at.server == server {
			for _, o := range owners {
				changed[o] = true
			}
		}
	}
}

// forget drops what is below no instance any more.
func (l *liveState) forget() {
	for at := range l.values {
		if l.owners[at] == nil {
			delete(l.values, at)
		}
	}
}
