//go:build unix

package opcuatest

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
)

func node(name string) *ua.NodeID { return ua.NewStringNodeID(1, name) }

// dialUA connects without gopcua's automatic reconnect, which races with Close.
func dialUA(t *testing.T, endpoint string, options ...opcua.Option) (*opcua.Client, error) {
	t.Helper()
	c, err := opcua.NewClient(endpoint, append([]opcua.Option{opcua.AutoReconnect(false), opcua.RequestTimeout(10 * time.Second)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(t.Context()); err != nil {
		return nil, err
	}
	return c, nil
}

func connect(t *testing.T, endpoint string) *opcua.Client {
	t.Helper()
	c, err := dialUA(t, endpoint)
	if err != nil {
		t.Fatalf("connect to %s: %v", endpoint, err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) }) // the server may be gone
	return c
}

func read(t *testing.T, c *opcua.Client, name string) *ua.DataValue {
	t.Helper()
	response, err := c.Read(t.Context(), &ua.ReadRequest{
		NodesToRead:        []*ua.ReadValueID{{NodeID: node(name)}},
		TimestampsToReturn: ua.TimestampsToReturnBoth,
	})
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return response.Results[0]
}

func write(t *testing.T, c *opcua.Client, name string, value any) ua.StatusCode {
	t.Helper()
	response, err := c.Write(t.Context(), &ua.WriteRequest{NodesToWrite: []*ua.WriteValue{{
		NodeID: node(name), AttributeID: ua.AttributeIDValue,
		Value: &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(value)},
	}}})
	if err != nil {
		t.Fatalf("write %s: %v", name, err)
	}
	return response.Results[0]
}

// subscribe delivers every value of the variable.
func subscribe(t *testing.T, c *opcua.Client, name string) <-chan *ua.DataValue {
	t.Helper()
	subscription := Subscribe(t, c, 50*time.Millisecond)
	request := opcua.NewMonitoredItemCreateRequestWithDefaults(node(name), ua.AttributeIDValue, 1)
	request.RequestedParameters.QueueSize = 1000
	subscription.Monitor(t, request)
	values := make(chan *ua.DataValue)
	go func() {
		for {
			select {
			case notification := <-subscription.Notifications():
				change, ok := notification.(*ua.DataChangeNotification)
				if !ok {
					continue
				}
				for _, item := range change.MonitoredItems {
					select {
					case values <- item.Value:
					case <-t.Context().Done():
						return
					}
				}
			case <-t.Context().Done():
				return
			}
		}
	}()
	return values
}

// endpointOf finds the server's endpoint of that policy, with SignAndEncrypt where there is a choice.
func endpointOf(t *testing.T, s *Server, policy string) *ua.EndpointDescription {
	t.Helper()
	endpoints, err := opcua.GetEndpoints(t.Context(), s.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range endpoints {
		if e.SecurityPolicyURI == policy && e.SecurityMode != ua.MessageSecurityModeSign {
			return e
		}
	}
	t.Fatalf("no endpoint with policy %s", policy)
	return nil
}

// writeClientKey makes an application instance certificate in the same way as the server's.
func writeClientKey(t *testing.T) tls.Certificate {
	t.Helper()
	dir := t.TempDir()
	der, err := writePKI(dir, "urn:shopfloor:client")
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "server", "own", "private", "private_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
