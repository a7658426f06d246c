package graph

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxKeyFrames bounds the key frames of one mutation.
const maxKeyFrames = 1000

// keyFrameItem is a writer that is to send a key frame, at its place in the input.
type keyFrameItem struct {
	place  int
	server string
	key    model.WriterKey
}

// sendKeyFrames asks the gateways of writers for key frames.
func (r *Resolver) sendKeyFrames(ctx context.Context, writers []string) ([]SendKeyFrameResult, error) {
	if err := checkCount("writers", len(writers), maxKeyFrames); err != nil {
		return nil, err
	}
	out := make([]SendKeyFrameResult, len(writers))
	var items []keyFrameItem
	for i, id := range writers {
		out[i].Writer = id
		key, err := parseWriterID("writers", id)
		var w model.DataSetWriter
		if err == nil {
			w, err = r.Registry.Writer(key)
		}
		if err != nil {
			status, message := r.statusOf(ctx, err)
			out[i].show(model.KeyFrameResult{Status: status, Message: message})
			continue
		}
		items = append(items, keyFrameItem{i, w.Server, key})
	}
	results := byServer(ctx, r, items, func(it *keyFrameItem) string { return it.server },
		func(ctx context.Context, server string, items []keyFrameItem) ([]model.KeyFrameResult, error) {
			requests := make([]model.KeyFrameRequest, len(items))
			for i, it := range items {
				requests[i] = model.KeyFrameRequest{Group: it.key.Group, Writer: it.key.Writer}
			}
			return r.Commands.SendKeyFrames(ctx, server, requests)
		},
		func(_ *keyFrameItem, status model.StatusCode, message string) model.KeyFrameResult {
			return model.KeyFrameResult{Status: status, Message: message}
		})
	for i, it := range items {
		out[it.place].show(results[i])
	}
	return out, nil
}

func (s *SendKeyFrameResult) show(k model.KeyFrameResult) {
	s.Status, s.Message, s.Fields, s.Missing = StatusCode{k.Status}, optional(k.Message), k.Fields, k.Missing
}
