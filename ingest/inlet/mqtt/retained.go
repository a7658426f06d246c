package mqtt

import "sync"

// retained bounds the retained messages. Their bodies are with the broker library.
type retained struct {
	maxMessages int
	maxBytes    int64

	mu    sync.Mutex
	sizes map[string]int // by topic
	bytes int64
}

func newRetained(cfg *Config) *retained {
	return &retained{maxMessages: cfg.MaxRetained, maxBytes: cfg.MaxRetainedBytes, sizes: map[string]int{}}
}

// admit tells whether a message may be retained, and counts it. An empty one removes that of its topic.
func (r *retained) admit(topic string, size int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, replaces := r.sizes[topic]
	if size == 0 {
		r.bytes -= int64(old)
		delete(r.sizes, topic)
		return true
	}
	size += len(topic)
	if !replaces && len(r.sizes) >= r.maxMessages || r.bytes+int64(size-old) > r.maxBytes {
		return false
	}
	r.sizes[topic] = size
	r.bytes += int64(size - old)
	return true
}

// forget removes the message of a topic.
func (r *retained) forget(topic string) { r.admit(topic, 0) }
