package opcuatest

import (
	"bytes"
	"strings"
	"sync"
)

const maxOutput = 64 << 10

// output keeps the last maxOutput bytes that a process wrote. Safe for concurrent use.
type output struct {
	mu      sync.Mutex
	tail    []byte
	dropped int
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = append(o.tail, p...)
	if over := len(o.tail) - maxOutput; over > 0 {
		o.tail = append(o.tail[:0], o.tail[over:]...)
		o.dropped += over
	}
	return len(p), nil
}

// text returns what is kept and how many bytes before it are not.
func (o *output) text() (tail string, dropped int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.tail), o.dropped
}

// lineWriter calls line for each complete line, without its end.
type lineWriter struct {
	line    func(string)
	partial []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	for {
		line, rest, ok := bytes.Cut(w.partial, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.line(strings.TrimSuffix(string(line), "\r"))
		w.partial = append(w.partial[:0], rest...)
	}
}
