package mqtt

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

func TestConfigYAML(t *testing.T) {
	const text = `
listen: 127.0.0.1:1883
tls: {listen: ":8883", certificate: cert.pem, key: key.pem}
users:
  - name: press
    password: $2a$04$7EqJtq98hPqEX7fNZaFWoOhi5B0r6tPfwoyYfTIbGzLS6lYh5cf9u
    publish: ["opcua/+/+/press/#"]
    subscribe: ["#"]
anonymous: {publish: ["public/#"]}
prefix: plant1/ua
topics:
  - {topic: "{PublisherId}/data/{WriterGroup}", encoding: json, type: data}
ignore: ["+/methods/#"]
maxConnections: 10
window: 20
maxRetained: 30
maxRetainedBytes: 40
`
	var got Config
	if err := yaml.UnmarshalWithOptions([]byte(text), &got, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	want := Config{
		Listen: "127.0.0.1:1883", TLS: TLSConfig{":8883", "cert.pem", "key.pem"},
		Users: []UserConfig{{
			"press", "$2a$04$7EqJtq98hPqEX7fNZaFWoOhi5B0r6tPfwoyYfTIbGzLS6lYh5cf9u",
			AccessConfig{Publish: []string{"opcua/+/+/press/#"}, Subscribe: []string{"#"}},
		}},
		Anonymous: &AccessConfig{Publish: []string{"public/#"}}, Prefix: "plant1/ua",
		Topics: []TopicConfig{{"{PublisherId}/data/{WriterGroup}", "json", "data"}}, Ignore: []string{"+/methods/#"},
		MaxConnections: 10, Window: 20, MaxRetained: 30, MaxRetainedBytes: 40,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	f := func(change func(*Config), wants ...string) {
		t.Helper()
		c := Config{Listen: ":1883", Anonymous: everything}
		change(&c)
		err := c.Validate()
		if len(wants) == 0 && err == nil {
			return
		}
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
	}
	f(func(*Config) {})
	f(func(c *Config) { *c = Config{} })
	f(func(c *Config) { c.Listen = "1883" }, "listen", "1883", "host:port")
	f(func(c *Config) { c.TLS.Listen = ":8883" }, "tls.listen", "tls.certificate")
	f(func(c *Config) { c.TLS.Certificate = "a.pem" }, "tls.certificate", "a.pem")
	f(func(c *Config) { c.Anonymous = nil }, "users", "anonymous")
	f(func(c *Config) { c.Users = []UserConfig{{Name: "a", Password: "secret"}} }, "users[0].password", "bcrypt")
	f(func(c *Config) { c.Users = []UserConfig{{Password: "secret"}} }, "users[0].name")
	f(func(c *Config) { c.Anonymous = &AccessConfig{Publish: []string{"a/#/b"}} }, "anonymous.publish[0]", "a/#/b", "last level")
	f(func(c *Config) { c.Ignore = []string{"a+"} }, "ignore[0]", "a+")
	f(func(c *Config) { c.Prefix = "a/+" }, "prefix", "a/+")
	f(func(c *Config) { c.Topics = []TopicConfig{{Topic: "{Publisher}/x"}} }, "topics[0]", "{Publisher}", "{PublisherId}")
	f(func(c *Config) { c.Topics = []TopicConfig{{Topic: "{PublisherId}/{PublisherId}"}} }, "topics[0]", "once")
	f(func(c *Config) { c.Topics = []TopicConfig{{Topic: "a", Encoding: "xml"}} }, "topics[0]", "xml")
	f(func(c *Config) { c.Topics = []TopicConfig{{Topic: "a", Type: "event"}} }, "topics[0]", "event")
	f(func(c *Config) { c.Topics = []TopicConfig{{}} }, "topics[0]", "empty")
	f(func(c *Config) { c.Window = 70000 }, "window", "70000")
	f(func(c *Config) { c.MaxConnections = -1 }, "maxConnections", "-1")
	// No part of a password is in an error.
	c := Config{Listen: ":1883", Users: []UserConfig{{Name: "a", Password: "hunter2"}}}
	if err := c.Validate(); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v has the password", err)
	}
	h, err := HashPassword("hunter2")
	if err != nil || !newUsers(&Config{Users: []UserConfig{{Name: "a", Password: h}}}).authenticate("a", []byte("hunter2")) {
		t.Errorf("the hash of HashPassword does not work: %v", err)
	}
}
