package mqttout

import (
	"strings"
	"testing"
	"time"
)

func TestConfigValidate(t *testing.T) {
	f := func(change func(*Config), parts ...string) {
		t.Helper()
		c := Config{Name: "b", URL: "mqtts://broker:8883"}
		change(&c)
		err := Validate([]Config{c})
		if len(parts) == 0 && err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		for _, p := range parts {
			if err == nil || !strings.Contains(err.Error(), p) {
				t.Errorf("%+v: error %v does not say %q", c, err, p)
			}
		}
	}
	f(func(*Config) {})
	f(func(c *Config) {
		c.Version, c.UserName, c.PasswordFile, c.CAFile, c.Certificate, c.Key = "3.1.1", "u", "/p", "/ca", "/crt", "/key"
		c.KeepAlive, c.TopicRoot, c.SiteID = time.Minute, "plant1/{SiteId}/opcua", "s"
	})
	f(func(c *Config) { c.URL = "wss://broker/mqtt" })
	f(func(c *Config) { c.Name = "My Broker" }, "brokers[0].name", "My Broker", "lower-case")
	f(func(c *Config) { c.URL = "broker:1883" }, "url", "broker:1883", "mqtt://")
	f(func(c *Config) { c.URL = "amqp://broker" }, "url", "amqp", "mqtts")
	f(func(c *Config) { c.URL = "mqtts://u:secret@broker" }, "userName", "passwordFile")
	f(func(c *Config) { c.Version = "3" }, "version", "3.1.1")
	f(func(c *Config) { c.PasswordFile = "/p" }, "userName", "/p")
	f(func(c *Config) { c.URL, c.CAFile = "mqtt://broker", "/ca" }, "url", "mqtts")
	f(func(c *Config) { c.Key = "/key" }, "certificate", "/key")
	f(func(c *Config) { c.KeepAlive = time.Millisecond }, "keepAlive", "1ms")
	f(func(c *Config) { c.TopicRoot = "a/#" }, "topicRoot", "a/#")
	f(func(c *Config) { c.MaxMessage = 1 << 30 }, "maxMessage")
	if err := Validate([]Config{{Name: "b", URL: "mqtt://a"}, {Name: "b", URL: "mqtt://b"}}); err == nil || !strings.Contains(err.Error(), "brokers[1].name") {
		t.Errorf("two brokers with a name: %v", err)
	}
	c := Config{URL: "mqtts://u:secret@broker", Name: "b"}
	if err := c.Validate(); strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in %v", err)
	}
}
