package main

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// peerSilence is after how long without a word another process does not count any more.
	peerSilence = 5 * time.Second
	// maxPeers bounds the processes that are remembered: more than partitions are of no use.
	maxPeers = 256
	// serversPerMessage bounds a ratesMessage to some 200 KiB.
	serversPerMessage = 2000
)

// ratesMessage is what a process says of itself every second. One with many servers says it in several parts.
type ratesMessage struct {
	From string `json:"from"`
	// Part counts from 0; the first one has the statistics.
	Part       int                    `json:"part,omitempty"`
	Statistics model.IngestStatistics `json:"statistics"`
	// Servers are the rates of the servers in values per second.
	Servers map[string]float64 `json:"servers,omitempty"`
	// Gone says that the process ends.
	Gone bool `json:"gone,omitempty"`
}

// peer is another process.
type peer struct {
	heard      time.Time
	statistics model.IngestStatistics
	servers    map[string]float64
}

// peers are the other processes that were heard of lately.
type peers struct {
	mu    sync.Mutex
	heard map[string]*peer
}

// take notes what a process says and tells whether it is new.
func (ps *peers) take(m *ratesMessage, now time.Time) (isNew bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.heard[m.From]
	switch {
	case m.Gone:
		delete(ps.heard, m.From)
		return false
	case p == nil && len(ps.heard) >= maxPeers:
		return false
	case p == nil:
		p, isNew = &peer{}, true
		ps.heard[m.From] = p
	}
	p.heard = now
	if m.Part == 0 {
		p.statistics, p.servers = m.Statistics, map[string]float64{}
	}
	maps.Copy(p.servers, m.Servers)
	return isNew
}

func (ps *peers) expire(now time.Time) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	maps.DeleteFunc(ps.heard, func(_ string, p *peer) bool { return now.Sub(p.heard) > peerSilence })
}

// each calls f for each process; f must not block.
func (ps *peers) each(f func(*peer)) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range ps.heard {
		f(p)
	}
}

func (ps *peers) knows(id string) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.heard[id] != nil
}

// announce broadcasts this process' rates.
func (r *relay) announce() {
	servers := r.local.ServerRates()
	names := slices.Collect(maps.Keys(servers))
	for part := 0; part == 0 || len(names) > 0; part++ {
		m := ratesMessage{From: r.id, Part: part, Servers: map[string]float64{}}
		if part == 0 {
			m.Statistics = r.local.Statistics()
		}
		n := min(len(names), serversPerMessage)
		for _, name := range names[:n] {
			m.Servers[name] = servers[name]
		}
		names = names[n:]
		r.broadcast(topicRates, m)
	}
}

// leave says that this process ends.
func (r *relay) leave() { r.broadcast(topicRates, ratesMessage{From: r.id, Gone: true}) }

func (r *relay) broadcast(topic string, m any) {
	body, err := json.Marshal(m)
	if err == nil {
		err = r.conn.Broadcast(topic, body)
	}
	r.send(err)
}

// hear takes what a process says of itself. One that is new is told at once what is wanted of it.
func (r *relay) hear(body []byte) {
	var m ratesMessage
	if json.Unmarshal(body, &m) != nil || m.From == "" || m.From == r.id || m.Part < 0 {
		return
	}
	if r.peers.take(&m, time.Now()) {
		r.log.Info().Str("process", m.From).Msg("live values are shared with another process")
		r.mu.Lock()
		defer r.mu.Unlock()
		for s := range r.subscriptions {
			s.renewSoon()
		}
	}
}
