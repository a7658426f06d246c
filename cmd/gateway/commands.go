package gateway

import (
	"context"
	"errors"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// serveCommands makes a gateway's answers the bus' own: the status code of an error becomes the code of the reply, and what was asked of the server for it
// its note.
func serveCommands(g *edge.Gateway) bus.Handler {
	return func(ctx context.Context, verb string, body []byte) ([]byte, error) {
		ctx, tally := model.WithTally(ctx)
		reply, err := g.Handle(ctx, verb, body)
		bus.SetNote(ctx, tally.String())
		var status model.StatusCode
		if errors.As(err, &status) {
			err = &bus.RemoteError{Code: status.Name(), Text: err.Error()}
		}
		return reply, err
	}
}

// liveSink is edge.LiveSink over the bus.
type liveSink struct {
	conn    *bus.Conn
	gateway string
}

func (s liveSink) PublishLive(id string, body []byte) error {
	return s.conn.PublishLive(s.gateway, id, body)
}
