package edge

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// beat is the figures of a server at the last heartbeat.
type beat struct {
	at      time.Time
	figures model.ServerFigures
}

// steady returns a server's figures as they were at the last heartbeat, or with heartbeat the given ones: they change all the time, and a status
// that changed is reported.
func (g *Gateway) steady(server string, f model.ServerFigures, heartbeat bool) model.ServerFigures {
	last, ok := g.beats[server]
	if !heartbeat && ok {
		return last.figures
	}
	now := time.Now()
	if elapsed := now.Sub(last.at); ok && elapsed > 0 && f.Values >= last.figures.Values {
		f.ValuesPerSecond = float64(f.Values-last.figures.Values) / elapsed.Seconds()
	}
	g.beats[server] = beat{now, f}
	return f
}
