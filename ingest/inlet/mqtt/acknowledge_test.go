package mqtt

import (
	"context"
	"fmt"
	"testing"
	"time"

	paho5 "github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const data = `{"MessageType":"ua-data","PublisherId":"p","Messages":[]}`

// settle is how long a test waits to see that something does not happen.
const settle = 100 * time.Millisecond

// pending tells whether a token is still open after a while.
func pending(token paho3.Token) bool { return !token.WaitTimeout(settle) }

func TestAcknowledgedOnlyWhenStored3(t *testing.T) {
	for _, qos := range []byte{1, 2} {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			b, s := startBroker(t, Config{}, inlet.Config{})
			s.setHold(true)
			c := connect3(t, options3(b, "a"))
			first, second := c.Publish("opcua/json/data/p/g", qos, false, data), c.Publish("opcua/json/data/p/g", qos, false, data)
			eventually(t, "two frames", func() bool { return s.len() == 2 })
			if !pending(first) || !pending(second) {
				t.Fatal("acknowledged before the frame was stored")
			}
			s.frame(1).done(nil) // MQTT wants the order of the messages: the second one waits for the first
			if !pending(second) {
				t.Fatal("acknowledged out of order")
			}
			s.frame(0).done(nil)
			for _, token := range []paho3.Token{first, second} {
				if !token.WaitTimeout(testWait) || token.Error() != nil {
					t.Fatalf("not acknowledged: %v", token.Error())
				}
			}
			eventually(t, "the count", func() bool { return b.Statistics().Acknowledged == 2 })
		})
	}
}

func TestAcknowledgedOnlyWhenStored5(t *testing.T) {
	for _, qos := range []byte{1, 2} {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			b, s := startBroker(t, Config{}, inlet.Config{})
			s.setHold(true)
			c := connect5(t, b, paho5.ClientConfig{}, nil)
			answer := make(chan error, 1)
			go func() {
				_, err := c.Publish(context.Background(), &paho5.Publish{Topic: "opcua/json/data/p/g/w", QoS: qos, Payload: []byte(data)})
				answer <- err
			}()
			eventually(t, "a frame", func() bool { return s.len() == 1 })
			select {
			case err := <-answer:
				t.Fatalf("answered before the frame was stored: %v", err)
			case <-time.After(settle):
			}
			want := stored{key: model.WriterKey{Gateway: "mqtt:p", Group: "g", Writer: "w"}, contentType: ingest.ContentJSON, data: data}
			got := s.frame(0)
			got.done(nil)
			if err := <-answer; err != nil {
				t.Fatal(err)
			}
			if got.key != want.key || got.contentType != want.contentType || got.data != want.data {
				t.Fatalf("frame %+v, want %+v", got, want)
			}
		})
	}
}

func TestUnknownFateEndsConnection(t *testing.T) {
	for _, qos := range []byte{1, 2} {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			b, s := startBroker(t, Config{}, inlet.Config{})
			s.setHold(true)
			lost := make(chan error, 1)
			o := options3(b, "a").SetCleanSession(false).SetStore(paho3.NewMemoryStore())
			o.SetConnectionLostHandler(func(_ paho3.Client, err error) { lost <- err })
			c := connect3(t, o)
			token := c.Publish("opcua/json/data/p/g", qos, false, data)
			eventually(t, "a frame", func() bool { return s.len() == 1 })
			s.frame(0).done(errTest)
			select {
			case <-lost:
			case <-time.After(testWait):
				t.Fatal("still connected, though the message has to come again")
			}
			if b.Statistics().Acknowledged != 0 {
				t.Fatal("acknowledged, though not stored")
			}
			s.setHold(false)
			if again := c.Connect(); !again.WaitTimeout(testWait) || again.Error() != nil {
				t.Fatalf("connect again: %v", again.Error())
			}
			eventually(t, "the message again", func() bool { return s.len() == 2 })
			if s.frame(1).data != data {
				t.Fatalf("another message came: %q", s.frame(1).data)
			}
			eventually(t, "the acknowledgement", func() bool { return b.Statistics().Acknowledged == 1 })
			_ = token
		})
	}
}

func TestUnknownFateEndsConnection5(t *testing.T) {
	b, s := startBroker(t, Config{}, inlet.Config{})
	s.setHold(true)
	code := make(chan byte, 1)
	c := connect5(t, b, paho5.ClientConfig{OnServerDisconnect: func(d *paho5.Disconnect) { code <- d.ReasonCode }}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	t.Cleanup(func() { <-ended })
	t.Cleanup(cancel)
	go func() {
		defer close(ended)
		// It ends with the test: the client waits for the acknowledgement over connections.
		_, _ = c.Publish(ctx, &paho5.Publish{Topic: "opcua/json/data/p/g", QoS: 1, Payload: []byte(data)})
	}()
	eventually(t, "a frame", func() bool { return s.len() == 1 })
	s.frame(0).done(errTest)
	select {
	case got := <-code:
		if got != 0x88 {
			t.Fatalf("disconnected with reason 0x%02x, want 0x88, server unavailable", got)
		}
	case <-time.After(testWait):
		t.Fatal("still connected")
	}
}

// A message of QoS 2 whose sender left before the answer is stored once, though it comes twice.
func TestExactlyOnceOverConnections(t *testing.T) {
	b, s := startBroker(t, Config{}, inlet.Config{})
	s.setHold(true)
	lost := make(chan error, 1)
	o := options3(b, "a").SetCleanSession(false).SetStore(paho3.NewMemoryStore())
	o.SetConnectionLostHandler(func(_ paho3.Client, err error) { lost <- err })
	c := connect3(t, o)
	c.Publish("opcua/json/data/p/g", 2, false, data)
	eventually(t, "a frame", func() bool { return s.len() == 1 })
	cut(b)
	<-lost
	if again := c.Connect(); !again.WaitTimeout(testWait) || again.Error() != nil {
		t.Fatalf("connect again: %v", again.Error())
	}
	// The new one comes behind the repeated one, on one connection: when it is here, so is that.
	c.Publish("opcua/json/data/p/g", 2, false, "[]")
	eventually(t, "the new frame", func() bool { return s.len() >= 2 })
	s.frame(0).done(nil)
	s.frame(1).done(nil)
	eventually(t, "both acknowledgements", func() bool { return b.Statistics().Acknowledged == 2 })
	if s.len() != 2 || s.frame(1).data != "[]" {
		t.Fatalf("%d frames, the second is %q: want the repeated message once and then the new one", s.len(), s.frame(1).data)
	}
}

// A full window stops reading, and nothing is lost by that.
func TestWindow(t *testing.T) {
	const window, messages = 4, 20
	b, s := startBroker(t, Config{Window: window}, inlet.Config{})
	s.setHold(true)
	c := connect3(t, options3(b, "a"))
	var tokens []paho3.Token
	for i := range messages {
		tokens = append(tokens, c.Publish("opcua/json/data/p/g", 1, false, fmt.Sprint("[", i, "]")))
	}
	// One is with the goroutine that answers.
	eventually(t, "a full window", func() bool { return s.len() == window+1 })
	if !pending(tokens[0]) || s.len() > window+1 {
		t.Fatalf("%d frames taken at a window of %d", s.len(), window)
	}
	for i := range messages {
		eventually(t, "the next frame", func() bool { return s.len() > i })
		if got, want := s.frame(i).data, fmt.Sprint("[", i, "]"); got != want {
			t.Fatalf("frame %d is %s, want %s", i, got, want)
		}
		s.frame(i).done(nil)
	}
	for i, token := range tokens {
		if !token.WaitTimeout(testWait) || token.Error() != nil {
			t.Fatalf("message %d: %v", i, token.Error())
		}
	}
}

// What cannot be named is acknowledged and kept as a dead letter: it must not come again for ever.
func TestDeadLetterIsAcknowledged(t *testing.T) {
	b, s := startBroker(t, Config{}, inlet.Config{MaxMessage: 1024})
	c := connect5(t, b, paho5.ClientConfig{}, nil)
	for _, test := range []struct{ topic, payload, reason string }{
		{"some/other/topic", data, "mqtt.topics"},
		{"opcua/json/data/p/g", fmt.Sprintf("%2000s", "{}"), "too large"},
		{"p/messages/g", "?", "neither JSON nor UADP"},
	} {
		before := len(s.letters())
		r := publish5(t, c, test.topic, 1, test.payload)
		if r.ReasonCode != 0 || r.Properties == nil || !contains(r.Properties.ReasonString, test.reason) {
			t.Errorf("%s: answer %d %+v, want success with %q", test.topic, r.ReasonCode, r.Properties, test.reason)
		}
		letters := s.letters()[before:]
		if len(letters) != 1 || !contains(letters[0].Reason.Error(), test.reason) || letters[0].Key.Gateway != "mqtt:" {
			t.Errorf("%s: dead letters %+v, want one with %q", test.topic, letters, test.reason)
		}
	}
	c3 := connect3(t, options3(b, "old"))
	publish3(t, c3, "some/other/topic", 1, data)
	publish3(t, c3, "some/other/topic", 2, data)
	if n := len(s.letters()); n != 5 || s.len() != 0 {
		t.Fatalf("%d dead letters and %d frames, want 5 and none", n, s.len())
	}
}

// A message of QoS 0 that finds no room is dropped, counted, and holds nothing up.
func TestBestEffort(t *testing.T) {
	b, s := startBroker(t, Config{}, inlet.Config{MaxMessage: 1024, MaxPendingBytes: 4096})
	s.setHold(true)
	c := connect3(t, options3(b, "a"))
	for range 10 {
		publish3(t, c, "opcua/json/data/p/g", 0, fmt.Sprintf("%-1000s", data))
	}
	eventually(t, "the drops", func() bool { return b.Statistics().Dropped == 10-uint64(s.len()) && s.len() > 0 })
	if s.len() != 2 {
		t.Fatalf("%d messages of 1,512 bytes found room in 4,096", s.len())
	}
	s.frame(0).done(nil)
	s.setHold(false)
	publish3(t, c, "opcua/json/data/p/g", 0, data)
	eventually(t, "a message after the stall", func() bool { return s.len() == 3 })
	s.frame(1).done(nil)
}

// A client that returns gets on, though its old connection is blocked by a stream that takes nothing.
func TestReturnWhileBlocked(t *testing.T) {
	b, s := startBroker(t, Config{Window: 1}, inlet.Config{})
	s.setHold(true)
	lost := make(chan error, 1)
	first := connect3(t, options3(b, "same").SetConnectionLostHandler(func(_ paho3.Client, err error) { lost <- err }))
	for range 5 {
		first.Publish("opcua/json/data/p/g", 1, false, data)
	}
	eventually(t, "a full window", func() bool { return s.len() == 2 })
	s.setHold(false)
	publish3(t, connect3(t, options3(b, "same")), "opcua/json/data/p/g", 1, data)
	select {
	case <-lost:
	case <-time.After(testWait):
		t.Error("the old connection is still open")
	}
	eventually(t, "the end of the old connection", func() bool { return b.Statistics().Connections == 1 })
}
