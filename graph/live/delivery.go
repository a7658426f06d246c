// Package live shares live values among the subscribers of GraphQL: who asks for the same shares one stream, whose last deliveries are kept for those
// that come back.
package live

import (
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Delivery is one of a stream. It is shared by all subscribers and not changed any more.
type Delivery struct {
	// Stream is the id of the stream, by which a subscriber resumes.
	Stream string
	model.ValueChanges

	mu      sync.Mutex
	renders map[string]*render
	old     bool // nothing more is kept
}

// render is a delivery in the words of one selection.
type render struct {
	once sync.Once
	body []byte
	ok   bool
}

// maxRenders bounds the different selections of which a delivery is kept.
const maxRenders = 16

// Render returns what make makes of the delivery, made once for all who ask under the same key. What make says is not to be shared, or what is too
// much to be kept, is made for each. The result is not to be changed.
func (d *Delivery) Render(key string, make func() (body []byte, share bool)) []byte {
	d.mu.Lock()
	r := d.renders[key]
	if r == nil {
		if d.old || len(d.renders) >= maxRenders {
			d.mu.Unlock()
			body, _ := make()
			return body
		}
		if d.renders == nil {
			d.renders = map[string]*render{}
		}
		r = &render{}
		d.renders[key] = r
	}
	d.mu.Unlock()
	var own []byte
	made := false
	r.once.Do(func() {
		own, r.ok = make()
		made = true
		if r.ok {
			r.body = own
		}
	})
	switch {
	case made:
		return own
	case r.ok:
		return r.body
	}
	own, _ = make()
	return own
}

// age drops what was rendered.
func (d *Delivery) age() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.renders, d.old = nil, true
}

// sizeOf is about the memory of a delivery.
func sizeOf(c *model.ValueChanges) int {
	n := 256 + 96*len(c.States)
	for i := range c.Changes {
		n += 136 + variantSize(c.Changes[i].Value.Value) + len(c.Changes[i].Message)
	}
	return n
}

func variantSize(v model.Variant) int {
	switch {
	case v.IsArray():
		return 24 + 32*v.Len()
	case v.Type() == model.TypeString, v.Type() == model.TypeByteString, v.Type() == model.TypeXMLElement:
		return len(v.Text()) + len(v.Bytes())
	case v.Type() == model.TypeExtensionObject:
		return 1024
	}
	return 16
}
