package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet/mqtt"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet/udp"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// inlets are the ways on which other publishers deliver: those that the configuration switches on.
type inlets struct {
	inlet  *inlet.Inlet
	sender *bus.Publisher
	broker *mqtt.Broker  // nil when it is off
	udp    *udp.Receiver // nil when it is off
}

// inletSender names who hands the frames of other publishers to the stream, in message ids.
const inletSender = "inlet"

func (p *platform) makeInlets(ctx context.Context) (err error) {
	n := &inlets{}
	p.inlets = n
	next, err := p.frames.NextNumber(ctx, bus.StreamData, inletSender)
	if err != nil {
		return fmt.Errorf("number of the next frame: %w", err)
	}
	if n.sender, err = bus.NewPublisher(p.frames, bus.PublisherConfig{Gateway: inletSender, NextNumber: next}); err != nil {
		return err
	}
	if n.inlet, err = inlet.New(p.cfg.Inlet, inletFrames{n.sender}, gateway.Metadata{Conn: p.control}, inletDead{p.control}, p.part("inlet")); err != nil {
		return err
	}
	if p.cfg.MQTT.Enabled() {
		if n.broker, err = mqtt.New(p.cfg.MQTT, n.inlet, p.part("mqtt")); err != nil {
			return fmt.Errorf("mqtt: %w", err)
		}
	}
	if p.cfg.UDP.Enabled() {
		if n.udp, err = udp.New(p.cfg.UDP, n.inlet, p.part("udp")); err != nil {
			return fmt.Errorf("udp: %w", err)
		}
	}
	return nil
}

// start runs the ways before what they hand over to.
func (n *inlets) start(s *daemon.Stages) {
	if n.broker != nil {
		s.Start("mqtt", 5*time.Second, n.broker.Run)
	}
	if n.udp != nil {
		s.Start("udp", 5*time.Second, n.udp.Run)
	}
	if n.broker != nil || n.udp != nil {
		s.Start("inlet", 5*time.Second, n.sender.Run)
	}
}

func (n *inlets) writeMetrics(w io.Writer) {
	if n.broker == nil && n.udp == nil {
		return
	}
	n.inlet.WriteMetrics(w)
	if n.broker != nil {
		n.broker.WriteMetrics(w)
	}
	if n.udp != nil {
		n.udp.WriteMetrics(w)
	}
}

// inletFrames is inlet.Frames over the bus.
type inletFrames struct{ publisher *bus.Publisher }

func (f inletFrames) PublishFrame(ctx context.Context, key model.WriterKey, contentType string, frame []byte, done func(error)) error {
	subject, err := bus.Data(key.Gateway, key.Group, key.Writer)
	if err == nil {
		err = f.publisher.PublishFrame(ctx, subject, bus.FrameHeader{ContentType: contentType}, frame, done)
	}
	if errors.Is(err, bus.ErrName) || errors.Is(err, bus.ErrTooLarge) {
		return fmt.Errorf("%w: %w", inlet.ErrRefused, err)
	}
	return err
}

// inletDead is inlet.DeadLetters over the bus.
type inletDead struct{ conn *bus.Conn }

func (d inletDead) Dead(ctx context.Context, l *inlet.DeadLetter) error {
	return d.conn.PublishDead(ctx, bus.Frame{
		Gateway: l.Key.Gateway, Group: l.Key.Group, Writer: l.Key.Writer, ContentType: l.ContentType, Data: l.Data,
	}, l.Reason.Error())
}
