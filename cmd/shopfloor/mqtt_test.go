package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// freeAddress is a loopback address that nobody listened at a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestMQTTPublisher delivers what OPC Publisher sends over MQTT, and looks for it from above.
func TestMQTTPublisher(t *testing.T) {
	address := freeAddress(t)
	config := filepath.Join(t.TempDir(), "c.yaml")
	text := fmt.Sprintf("mqtt:\n  listen: %s\n  anonymous:\n    publish: ['plant1/#', 'opcua/#']\n", address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "--config", config)
	client := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID("publisher").SetConnectTimeout(5 * time.Second))
	wait := func(token paho.Token) {
		t.Helper()
		if !token.WaitTimeout(10 * time.Second) {
			t.Fatal("no answer of the broker within 10 s")
		}
		if err := token.Error(); err != nil {
			t.Fatal(err)
		}
	}
	wait(client.Connect())
	defer client.Disconnect(100)
	now := time.Now().UTC().Truncate(time.Millisecond)
	at := now.Format("2006-01-02T15:04:05.000Z")
	message := `{"MessageId":"27","MessageType":"ua-data","PublisherId":"plant1","DataSetWriterGroup":"Asset0","Messages":[
		{"DataSetWriterId":1,"DataSetWriterName":"1000","MetaDataVersion":{"MajorVersion":1,"MinorVersion":0},"MessageType":"ua-deltaframe","Payload":{
		"StepUp":{"Value":23305,"SourceTimestamp":"` + at + `"},"State":{"Value":"running","SourceTimestamp":"` + at + `"},
		"Counter":{"Value":9007199254740993,"SourceTimestamp":"` + at + `"}}}]}`
	wait(client.Publish("plant1/messages/Asset0", 1, false, message))
	wait(client.Publish("opcua/uadp/data/2234/g1", 1, false, []byte{0xff, 0xff}))

	id := func(field string) string { return "mqtt:plant1/Asset0/1000/" + field }
	data := func(field string) (got string) {
		var answer struct {
			History struct {
				Points []struct {
					Time  time.Time
					Value *float64
					Data  *struct {
						Value    any
						DataType string
					}
				}
			}
		}
		p.MustQuery(&answer, `query($id: ID!) { history(series: $id) { points { time value data { value dataType } } } }`, map[string]any{"id": id(field)})
		for _, point := range answer.History.Points {
			if !point.Time.Equal(now) {
				t.Errorf("%s: point at %s, want %s", field, point.Time, now)
			}
			if point.Data != nil {
				got += fmt.Sprint(point.Data.Value, " ", point.Data.DataType)
			} else {
				got += fmt.Sprint(*point.Value)
			}
		}
		return got
	}
	for field, want := range map[string]string{"StepUp": "23305", "State": "running String", "Counter": "9007199254740993 Int64"} {
		p.waitFor(20*time.Second, field, func() error {
			if got := data(field); got != want {
				return fmt.Errorf("history of %s: %q, want %q", field, got, want)
			}
			return nil
		})
	}
	p.waitFor(10*time.Second, "the refused message", func() error {
		var answer struct {
			DeadLetters struct {
				Edges []struct {
					Node struct{ Reason, Gateway string }
				}
			}
		}
		p.MustQuery(&answer, `{ deadLetters { edges { node { reason gateway } } } }`, nil)
		if edges := answer.DeadLetters.Edges; len(edges) != 1 || !strings.Contains(edges[0].Node.Reason, "uadp") {
			return fmt.Errorf("dead letters: %+v", edges)
		}
		return nil
	})
	if code := p.Stop(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
