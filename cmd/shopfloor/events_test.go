package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// eventWatch is a GraphQL subscription to events, over Server-Sent Events from one process.
type eventWatch struct {
	mu   sync.Mutex
	seen []string // messages
	err  error
}

func watchEvents(t *testing.T, p *process, filter map[string]any) *eventWatch {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"query":     `subscription($f: EventFilter) { events(filter: $f) { id message { text } eventTypeName } }`,
		"variables": map[string]any{"f": filter},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	w := &eventWatch{}
	var ended sync.WaitGroup
	ended.Go(func() {
		defer r.Body.Close()
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && strings.TrimSpace(data) != "" {
				w.take([]byte(data))
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		ended.Wait()
	})
	return w
}

func (w *eventWatch) take(data []byte) {
	var event struct {
		Data struct {
			Events struct {
				ID      string
				Message struct{ Text string }
			}
		}
	}
	err := json.Unmarshal(data, &event)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || event.Data.Events.ID == "" {
		w.err = fmt.Errorf("%s: %w", data, err)
		return
	}
	w.seen = append(w.seen, event.Data.Events.Message.Text)
}

// sorted are the messages seen, in order of their text.
func (w *eventWatch) sorted() ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(slices.Values(w.seen)), w.err
}

// storeEventMetadata describes a writer of numberedEvents.
func storeEventMetadata(t *testing.T, conn *bus.Conn, w model.WriterKey, server string) {
	t.Helper()
	m := &model.DataSetMetaData{Gateway: w.Gateway, Group: w.Group, Writer: w.Writer, Server: server, Version: loadVersion}
	for _, name := range eventFields {
		m.Fields = append(m.Fields, model.FieldMetaData{Name: name, BuiltInType: model.TypeVariant, ValueRank: model.ValueRankAny})
	}
	if err := (gateway.Metadata{Conn: conn}).StoreMetadata(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// eventSender publishes frames of one gateway.
func eventSender(t *testing.T, conn *bus.Conn, gateway string) *bus.Publisher {
	t.Helper()
	publisher, err := bus.NewPublisher(conn, bus.PublisherConfig{Gateway: gateway})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = publisher.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return publisher
}

func sendEvents(t *testing.T, p *bus.Publisher, w model.WriterKey, from, to int, start time.Time) {
	t.Helper()
	frame, err := numberedEvents(from, to, start)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := bus.Data(w.Gateway, w.Group, w.Writer)
	if err != nil {
		t.Fatal(err)
	}
	stored := make(chan error, 1)
	if err := p.PublishFrame(t.Context(), subject, bus.FrameHeader{ContentType: bus.ContentUADP}, frame, func(err error) { stored <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
}

// messages are those of the events that a filter selects, as the query gives them.
func (p *process) messages(filter map[string]any) (messages []string, err error) {
	var page eventsPage
	errs, err := p.Query(&page, `query($f: EventFilter) { events(filter: $f, first: 500) { pageInfo { hasNextPage } edges { node { message { text } } } } }`, map[string]any{"f": filter})
	if err != nil || len(errs) > 0 || page.Events.PageInfo.HasNextPage {
		return nil, fmt.Errorf("events: %w %v, more %t", err, errs, page.Events.PageInfo.HasNextPage)
	}
	for _, e := range page.Events.Edges {
		messages = append(messages, e.Node.Message.Text)
	}
	return messages, nil
}

// TestEvents: events of a gateway, and those that OPC Publisher sends over MQTT, are stored, found and delivered.
func TestEvents(t *testing.T) {
	busURL, password, args := busArgs(t)
	broker := freeAddress(t)
	config := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "mqtt:\n  listen: %s\n  anonymous:\n    publish: ['plant1/#']\n", broker), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, append(args, "--config", config)...)
	conn, err := bus.Dial(busURL, "outside", password, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	urgent := watchEvents(t, p, map[string]any{"minSeverity": 4})
	storeEventMetadata(t, conn, eventWriter, "press")
	waitFor(t, 30*time.Second, "subscription", func() error {
		if n, err := p.ownMetric("shopfloor_event_subscribers"); err != nil || n != 1 {
			return fmt.Errorf("%v subscribers, %w", n, err)
		}
		return nil
	})
	sender := eventSender(t, conn, loadGateway)
	now := time.Now().Truncate(time.Millisecond)
	sendEvents(t, sender, eventWriter, 0, 3, now)
	sendEvents(t, sender, eventWriter, 3, 5, now)
	sendEvents(t, sender, eventWriter, 0, 5, now) // a gateway that did not hear that they are stored
	f := func(filter map[string]any, want ...string) {
		t.Helper()
		p.waitFor(30*time.Second, fmt.Sprint("events of ", filter), func() error {
			got, err := p.messages(filter)
			if err == nil && !slices.Equal(got, want) {
				err = fmt.Errorf("%q, want %q", got, want)
			}
			return err
		})
	}
	f(nil, "word 4", "word 3", "word 2", "word 1", "word 0")
	f(map[string]any{"minSeverity": 2, "maxSeverity": 3}, "word 2", "word 1")
	f(map[string]any{"text": "WORD 3", "server": "press", "eventTypes": []string{"i=2130"}}, "word 3")
	f(map[string]any{"gateway": "other"})
	waitFor(t, 30*time.Second, "urgent events are delivered", func() error {
		got, err := urgent.sorted()
		if err == nil && !slices.Equal(got, []string{"word 3", "word 4"}) {
			err = fmt.Errorf("delivered %q", got)
		}
		return err
	})

	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID("publisher").SetConnectTimeout(5 * time.Second))
	if token := client.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer client.Disconnect(100)
	message := `{"MessageId":"5","MessageType":"ua-data","PublisherId":"plant1","Messages":[{"DataSetWriterId":"ALARMS","MessageType":"ua-event","Payload":{
		"EventId":{"Type":"ByteString","Body":"88C2T817uUWMVNDclyOFnA=="},"Severity":{"Type":"UInt16","Body":900},
		"Message":{"Type":"LocalizedText","Body":{"Text":"The system cycle '5' has started.","Locale":"en-US"}}}}]}`
	if token := client.Publish("plant1/messages/Asset0", 1, false, message); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	f(map[string]any{"gateway": "mqtt:plant1", "minSeverity": 900}, "The system cycle '5' has started.")
	if st, err := conn.StreamState(t.Context(), bus.StreamEvent); err != nil || st.Messages != 6 {
		t.Errorf("the stream has %d events, %v, want 6", st.Messages, err)
	}
	if n := p.metric("shopfloor_ingest_dead_frames_total"); n != 0 {
		t.Errorf("%d dead frames", n)
	}
	if n := p.metric("shopfloor_event_repeated_total"); n != 5 {
		t.Errorf("%d events came again, want 5", n)
	}
}
