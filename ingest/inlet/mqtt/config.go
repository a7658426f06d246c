package mqtt

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	defaultPrefix           = "opcua"
	defaultMaxConnections   = 1000
	defaultWindow           = 256
	defaultMaxRetained      = 10_000
	defaultMaxRetainedBytes = 32 << 20
)

// Config is who may deliver what. The broker runs when Listen or TLS.Listen is set.
type Config struct {
	// Listen is the TCP address without encryption, "127.0.0.1:1883"; empty for none.
	Listen string `yaml:"listen"`
	// TLS is the address with encryption.
	TLS TLSConfig `yaml:"tls"`
	// Users may connect with their password.
	Users []UserConfig `yaml:"users"`
	// Anonymous is what clients without a user name may do; nil refuses them.
	Anonymous *AccessConfig `yaml:"anonymous"`
	// Prefix is the begin of the topics of Part 14, 7.3.4.7: <prefix>/<encoding>/<message type>/<publisher>[/<group>[/<writer>]]. Empty
	// means "opcua".
	Prefix string `yaml:"prefix"`
	// Topics are other forms of topics, tried in this order after that. nil means those of OPC Publisher; see DefaultTopics.
	Topics []TopicConfig `yaml:"topics"`
	// Ignore are filters of topics that are passed on to subscribers but not stored. nil means DefaultIgnore.
	Ignore []string `yaml:"ignore"`
	// MaxConnections is how many clients may be connected. 0 means 1000.
	MaxConnections int `yaml:"maxConnections"`
	// Window is how many messages of one client may be on their way to the stream, 1 to 65535. 0 means 256.
	Window int `yaml:"window"`
	// MaxRetained and MaxRetainedBytes bound the retained messages. 0 means 10000 and 32 MiB.
	MaxRetained      int   `yaml:"maxRetained"`
	MaxRetainedBytes int64 `yaml:"maxRetainedBytes"`
}

// TLSConfig is the listener with encryption, TLS 1.2 or newer.
type TLSConfig struct {
	// Listen is the address, ":8883"; empty for none.
	Listen string `yaml:"listen"`
	// Certificate and Key are PEM files. A change of the files is seen with the next connections.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// AccessConfig is what a client may do. The filters are those of MQTT, with + and #; none allows nothing.
type AccessConfig struct {
	Publish   []string `yaml:"publish"`
	Subscribe []string `yaml:"subscribe"`
}

// UserConfig is a user.
type UserConfig struct {
	Name string `yaml:"name"`
	// Password is the bcrypt hash of the password (see HashPassword).
	Password     string `yaml:"password"`
	AccessConfig `yaml:",inline"`
}

// TopicConfig is a form of topics.
type TopicConfig struct {
	// Topic has {PublisherId}, {WriterGroup} or {DataSetWriter} as a level where the topic has that name, + where it may have anything, # as
	// the last level for any more. {PublisherId} takes several levels if need be, because such ids are often URLs.
	Topic string `yaml:"topic"`
	// Encoding is json, uadp, or empty if the content tells.
	Encoding string `yaml:"encoding"`
	// Type is data, metadata, or empty if the content tells.
	Type string `yaml:"type"`
}

// DefaultTopics are the topics of OPC Publisher without options.
func DefaultTopics() []TopicConfig {
	return []TopicConfig{
		{Topic: "{PublisherId}/messages/{WriterGroup}/metadata", Type: "metadata"},
		{Topic: "{PublisherId}/messages/{WriterGroup}"},
	}
}

// DefaultIgnore are topics of OPC Publisher that carry no DataSets.
func DefaultIgnore() []string {
	return []string{
		"+/methods/#", "+/events/#", "+/diagnostics/#", "+/messages/+/schema", "opcua/+/data/+/+/diagnostic",
	}
}

// Enabled tells whether the broker is to run.
func (c *Config) Enabled() bool { return c.Listen != "" || c.TLS.Listen != "" }

// Validate names the field that cannot be used, its value and the remedy.
func (c *Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	for field, address := range map[string]string{"listen": c.Listen, "tls.listen": c.TLS.Listen} {
		if address == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("%s %q: write host:port, \"127.0.0.1:1883\" or \":8883\": %w", field, address, err)
		}
	}
	switch {
	case c.TLS.Listen != "" && (c.TLS.Certificate == "" || c.TLS.Key == ""):
		return fmt.Errorf("tls.listen %q: name the PEM files tls.certificate and tls.key", c.TLS.Listen)
	case c.TLS.Listen == "" && (c.TLS.Certificate != "" || c.TLS.Key != ""):
		return fmt.Errorf("tls.certificate %q without tls.listen: give the address, \":8883\"", c.TLS.Certificate)
	case len(c.Users) == 0 && c.Anonymous == nil:
		return errors.New("users: nobody could connect: list users, or set anonymous if clients may come without a password")
	case strings.ContainsAny(c.Prefix, "+#{}") || strings.HasSuffix(c.Prefix, "/") || strings.HasPrefix(c.Prefix, "/"):
		return fmt.Errorf("prefix %q: use levels of a topic without wildcards, \"opcua\" or \"plant1/opcua\"", c.Prefix)
	case c.MaxConnections < 0:
		return fmt.Errorf("maxConnections %d: use at least 1, or 0 for %d", c.MaxConnections, defaultMaxConnections)
	case c.Window < 0 || c.Window > 65535:
		return fmt.Errorf("window %d: use 1 to 65535, or 0 for %d", c.Window, defaultWindow)
	case c.MaxRetained < 0:
		return fmt.Errorf("maxRetained %d: use at least 1, or 0 for %d", c.MaxRetained, defaultMaxRetained)
	case c.MaxRetainedBytes < 0:
		return fmt.Errorf("maxRetainedBytes %d: use at least 1, or 0 for %d", c.MaxRetainedBytes, defaultMaxRetainedBytes)
	}
	if err := c.validateUsers(); err != nil {
		return err
	}
	if err := checkFilters("ignore", c.Ignore); err != nil {
		return err
	}
	for i, t := range c.Topics {
		if _, err := compile(t); err != nil {
			return fmt.Errorf("topics[%d]: %w", i, err)
		}
	}
	return nil
}

func (c *Config) validateUsers() error {
	names := map[string]bool{}
	for i := range c.Users {
		u := &c.Users[i]
		if u.Name == "" || names[u.Name] {
			return fmt.Errorf("users[%d].name %q: give each user a name of its own", i, u.Name)
		}
		names[u.Name] = true
		// The hash is not in the message: it belongs to the secrets.
		if cost, err := bcrypt.Cost([]byte(u.Password)); err != nil {
			return fmt.Errorf("users[%d].password of %q is no bcrypt hash: put the hash of the password there, not the password", i, u.Name)
		} else if cost > maxCost {
			return fmt.Errorf("users[%d].password of %q: a bcrypt cost of %d makes each login take seconds: use 10 to %d", i, u.Name, cost, maxCost)
		}
		if err := u.validate(fmt.Sprintf("users[%d]", i)); err != nil {
			return err
		}
	}
	if c.Anonymous != nil {
		return c.Anonymous.validate("anonymous")
	}
	return nil
}

func (a *AccessConfig) validate(field string) error {
	if err := checkFilters(field+".publish", a.Publish); err != nil {
		return err
	}
	return checkFilters(field+".subscribe", a.Subscribe)
}

func checkFilters(field string, filters []string) error {
	for i, f := range filters {
		if err := checkFilter(f); err != nil {
			return fmt.Errorf("%s[%d] %q: %w", field, i, f, err)
		}
	}
	return nil
}

func (c *Config) setDefaults() {
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.Topics == nil {
		c.Topics = DefaultTopics()
	}
	if c.Ignore == nil {
		c.Ignore = DefaultIgnore()
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = defaultMaxConnections
	}
	if c.Window == 0 {
		c.Window = defaultWindow
	}
	if c.MaxRetained == 0 {
		c.MaxRetained = defaultMaxRetained
	}
	if c.MaxRetainedBytes == 0 {
		c.MaxRetainedBytes = defaultMaxRetainedBytes
	}
}
