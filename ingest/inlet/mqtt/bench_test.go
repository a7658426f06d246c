package mqtt

import (
	"fmt"
	"sync"
	"testing"

	paho3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
)

// BenchmarkQoS1 measures messages that are published, stored by a real JetStream and acknowledged. A window of 1 is what the broker
// library does by itself: one message, one round trip. The clients and the server share the machine.
func BenchmarkQoS1(b *testing.B) {
	for _, test := range []struct{ clients, window, size int }{
		{1, 1, 1 << 10}, {1, 256, 1 << 10}, {10, 1, 1 << 10}, {10, 256, 1 << 10}, {1, 256, 16 << 10}, {10, 256, 16 << 10},
	} {
		b.Run(fmt.Sprintf("clients=%d/window=%d/bytes=%d", test.clients, test.window, test.size), func(b *testing.B) {
			broker, _ := startBus(b, Config{Window: test.window}, 4<<30)
			benchmarkPublish(b, broker, test.clients, 1, test.size)
		})
	}
}

// BenchmarkBroker is the same without storing: what the broker and the inlet cost.
func BenchmarkBroker(b *testing.B) {
	for _, qos := range []byte{0, 1, 2} {
		b.Run(fmt.Sprint("QoS=", qos), func(b *testing.B) {
			broker, _ := startBroker(b, Config{}, inlet.Config{})
			benchmarkPublish(b, broker, 4, qos, 1<<10)
		})
	}
}

func benchmarkPublish(b *testing.B, broker *Broker, clients int, qos byte, size int) {
	payload := fmt.Sprintf("%-*s", size, data)
	var connected []paho3.Client
	for i := range clients {
		connected = append(connected, connect3(b, options3(broker, fmt.Sprint("client", i)).SetMessageChannelDepth(1000)))
	}
	b.SetBytes(int64(size))
	b.ResetTimer()
	var all sync.WaitGroup
	for i, c := range connected {
		all.Go(func() {
			// As many on their way as a packet id allows would be too many for the client's own book-keeping.
			window := make(chan paho3.Token, 500)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for token := range window {
					if token.Wait(); token.Error() != nil {
						b.Error(token.Error())
					}
				}
			}()
			for range b.N / clients {
				window <- c.Publish(fmt.Sprint("opcua/json/data/p/g/", i), qos, false, payload)
			}
			close(window)
			<-ended
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N/clients*clients)/b.Elapsed().Seconds(), "messages/s")
}
