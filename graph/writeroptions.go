package graph

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Selections add fields for what is found in the server's address space.
func (w *Writer) Selections() []model.Selection { return w.writer.Selections }

// Events is set for a writer of events.
func (w *Writer) Events() *model.EventSource { return w.writer.Events }

// Heartbeat is the default of the fields.
func (w *Writer) Heartbeat() *model.Heartbeat { return w.writer.Heartbeat }

// KeyFrameCount is how many messages make one of them a key frame, 0 for none.
func (w *Writer) KeyFrameCount() uint32 { return w.writer.KeyFrameCount }

// KeepAlive is after what silence a keep-alive message is sent, 0 for never.
func (w *Writer) KeepAlive() time.Duration { return w.writer.KeepAlive }

// Watchdog looks after fields whose values stop coming.
func (w *Writer) Watchdog() *model.Watchdog { return w.writer.Watchdog }

// Priority is that of the subscription.
func (w *Writer) Priority() uint8 { return w.writer.Priority }

// Output is where messages go besides the core.
func (w *Writer) Output() *model.Output { return w.writer.Output }

// BrowsePath leads to the node; empty for NodeID itself.
func (f *PublishedField) BrowsePath() string { return f.field.BrowsePath }

// Attribute is what is published of the node.
func (f *PublishedField) Attribute() model.AttributeID { return f.field.EffectiveAttribute() }

// IndexRange is the part of an array; empty for the whole value.
func (f *PublishedField) IndexRange() string { return f.field.IndexRange }

// DiscardNew drops the newest value when the queue at the server is full.
func (f *PublishedField) DiscardNew() bool { return f.field.DiscardNew }

// Trigger tells which changes the server reports.
func (f *PublishedField) Trigger() model.DataChangeTrigger { return f.field.EffectiveTrigger() }

// Deadband keeps small changes back.
func (f *PublishedField) Deadband() *model.Deadband { return f.field.Deadband }

// SkipFirst drops the first value after the start.
func (f *PublishedField) SkipFirst() bool { return f.field.SkipFirst }

// Heartbeat is the field's own, nil for the writer's.
func (f *PublishedField) Heartbeat() *model.Heartbeat { return f.field.Heartbeat }

// CyclicRead reads the node in place of monitoring it.
func (f *PublishedField) CyclicRead() *model.CyclicRead { return f.field.CyclicRead }

// TriggeredBy is the field that has this one reported.
func (f *PublishedField) TriggeredBy() *string { return optional(f.field.TriggeredBy) }

// options takes the options of a node that is published.
func (in *PublishNodeInput) options(f *model.PublishedField) {
	f.BrowsePath, f.IndexRange, f.TriggeredBy = valueOrZero(in.BrowsePath), valueOrZero(in.IndexRange), valueOrZero(in.TriggeredBy)
	f.Attribute, f.Trigger = valueOrZero(in.Attribute), valueOrZero(in.Trigger)
	f.DiscardNew, f.SkipFirst = valueOrZero(in.DiscardNew), valueOrZero(in.SkipFirst)
	f.Deadband, f.Heartbeat, f.CyclicRead = in.Deadband, in.Heartbeat, in.CyclicRead
}
