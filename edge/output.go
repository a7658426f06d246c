package edge

import "github.com/shopfloor-iiot/shopfloor/model"

// Outputs are where the frames of writers go besides the FrameSink: a broker for example.
type Outputs interface {
	// Open begins the output of a writer with a new version of its metadata; frames of an earlier version that wait there go first. It
	// neither waits for the broker nor keeps the arguments from being changed once it returned. The error says that the writer's
	// Output cannot be used.
	Open(w *model.DataSetWriter, m *model.DataSetMetaData) (Output, error)
}

// Output takes the frames of one writer.
type Output interface {
	// Put takes a copy of a frame, a UADP NetworkMessage, and must not block: when there is no room, it is to be dropped and counted. The
	// frames of a writer come in order, by one goroutine at a time.
	Put(frame []byte)
}

// output opens the output of a writer that has one. A writer whose output cannot be used is published to the core all the same.
func (p *Publisher) output(w *model.DataSetWriter, m *model.DataSetMetaData) Output {
	if w.Output == nil {
		return nil
	}
	if p.cfg.Outputs == nil {
		p.log.Error().Str("writer", w.Key().String()).Str("broker", w.Output.Broker).Msg("output not opened: the gateway's configuration has no brokers")
		return nil
	}
	o, err := p.cfg.Outputs.Open(w, m)
	if err != nil {
		p.log.Error().Err(err).Str("writer", w.Key().String()).Msg("output not opened")
		return nil
	}
	return o
}
