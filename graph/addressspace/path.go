package addressspace

import "github.com/shopfloor-iiot/shopfloor/model"

// pathMatcher matches the shortest browse paths of nodes with a pattern.
type pathMatcher struct {
	s       *Space
	pattern *model.Pattern
	// at are how far the pattern has come at each node; nil for a pattern that looks at whole paths only.
	at []model.PatternPlaces
}

func newPathMatcher(s *Space, p *model.Pattern) *pathMatcher {
	m := &pathMatcher{s: s, pattern: p}
	if _, ok := p.Begin(); ok {
		m.at = make([]model.PatternPlaces, len(s.nodes))
	}
	return m
}

// step goes on to a node, whose parent was gone to before. It tells whether the node can match.
func (m *pathMatcher) step(i int32) bool {
	if m.at == nil {
		return true
	}
	n := &m.s.nodes[i]
	if n.parent < 0 {
		m.at[i], _ = m.pattern.Begin()
	} else {
		m.at[i] = m.pattern.Step(m.at[n.parent], m.s.names.at(n.browse))
	}
	return m.pattern.Ends(m.at[i])
}

// match tells whether a node matches that step did not rule out.
func (m *pathMatcher) match(i int32) bool {
	return m.at != nil || m.pattern.Match(m.s.Names(i))
}
