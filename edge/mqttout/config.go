package mqttout

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

const (
	defaultKeepAlive  = 30 * time.Second
	defaultTopicRoot  = "opcua"
	defaultMaxMessage = 1 << 20
	// largestMessage is what the length of an MQTT message can count.
	largestMessage = 256 << 20
)

// Version is the version of MQTT.
type Version string

// The versions.
const (
	Version311 Version = "3.1.1"
	Version5   Version = "5"
)

// Config is a broker.
type Config struct {
	// Name is what writers name the broker by: lower-case letters, digits, '-', '_' and '.', at most 64 characters.
	Name string `yaml:"name"`
	// URL is mqtt://host:1883, mqtts://host:8883 with TLS, ws:// or wss://host/path.
	URL string `yaml:"url"`
	// Version is 5 or 3.1.1. Empty means 5.
	Version Version `yaml:"version"`
	// UserName and the password in PasswordFile are for the broker. The file is read at each connection; white space around the password is
	// taken off.
	UserName     string `yaml:"userName"`
	PasswordFile string `yaml:"passwordFile"`
	// ClientID must be unique at the broker. Empty means shopfloor-<gateway>-<name>.
	ClientID string `yaml:"clientId"`
	// CAFile has the certificates, PEM, of who may have issued the broker's; empty means those of the system.
	CAFile string `yaml:"caFile"`
	// Certificate and Key are PEM files of the gateway's own certificate, for brokers that ask for one.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// KeepAlive is after how long without a message the connection is probed, 1 s to 18 h. 0 means 30 s.
	KeepAlive time.Duration `yaml:"keepAlive"`
	// TopicRoot is the begin of the default topics, and what {RootTopic} stands for. It may have variables. Empty means "opcua".
	TopicRoot string `yaml:"topicRoot"`
	// SiteID is what {SiteId} stands for.
	SiteID string `yaml:"siteId"`
	// UserProperties go with each message of MQTT 5.
	UserProperties map[string]string `yaml:"userProperties"`
	// MaxMessage is the size in bytes at which a batch ends, and above which a message is not sent: what the broker takes. 0 means 1 MiB.
	MaxMessage int `yaml:"maxMessage"`
}

var brokerName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Validate names the field that cannot be used, its value and the remedy. It reads no files.
func (c *Config) Validate() error {
	if !brokerName.MatchString(c.Name) {
		return fmt.Errorf("name %q: use up to 64 lower-case letters, digits, '-', '_' and '.'", c.Name)
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" {
		return fmt.Errorf("url %q: write mqtt://host:1883 or mqtts://host:8883", c.URL)
	}
	switch u.Scheme {
	case "mqtt", "mqtts", "ws", "wss":
	default:
		return fmt.Errorf("url %q: use mqtt, mqtts, ws or wss, not %q", c.URL, u.Scheme)
	}
	secure := u.Scheme == "mqtts" || u.Scheme == "wss"
	switch {
	case u.User != nil:
		return fmt.Errorf("url of %q has a user: use userName and passwordFile", c.Name)
	case c.Version != "" && c.Version != Version5 && c.Version != Version311:
		return fmt.Errorf("version %q: use 5 or 3.1.1", c.Version)
	case c.PasswordFile != "" && c.UserName == "":
		return fmt.Errorf("userName is empty, though there is a passwordFile %q: give the user's name", c.PasswordFile)
	case !secure && (c.CAFile != "" || c.Certificate != "" || c.Key != ""):
		return fmt.Errorf("url %q has no TLS, for which caFile, certificate and key are: use mqtts or wss", c.URL)
	case (c.Certificate == "") != (c.Key == ""):
		return fmt.Errorf("certificate %q and key %q: name both files, or none", c.Certificate, c.Key)
	case c.KeepAlive != 0 && (c.KeepAlive < time.Second || c.KeepAlive > 65535*time.Second):
		return fmt.Errorf("keepAlive %s: use 1s to 18h, or 0 for %s", c.KeepAlive, defaultKeepAlive)
	case strings.ContainsAny(c.TopicRoot, "+#") || strings.HasPrefix(c.TopicRoot, "/") || strings.HasSuffix(c.TopicRoot, "/"):
		return fmt.Errorf("topicRoot %q: use levels of a topic without wildcards, \"opcua\" or \"plant1/opcua\"", c.TopicRoot)
	}
	if c.MaxMessage < 0 {
		return fmt.Errorf("maxMessage %d: use at least 1, or 0 for %d", c.MaxMessage, defaultMaxMessage)
	}
	if c.MaxMessage > largestMessage {
		return fmt.Errorf("maxMessage %d: MQTT has messages of up to %d", c.MaxMessage, largestMessage)
	}
	return nil
}

// Validate is Config.Validate for all brokers of a gateway.
func Validate(brokers []Config) error {
	names := map[string]bool{}
	for i := range brokers {
		if err := brokers[i].Validate(); err != nil {
			return fmt.Errorf("brokers[%d].%w", i, err)
		}
		if names[brokers[i].Name] {
			return fmt.Errorf("brokers[%d].name %q: another broker has this name: give each its own", i, brokers[i].Name)
		}
		names[brokers[i].Name] = true
	}
	return nil
}

func (c *Config) setDefaults(gateway string) {
	if c.Version == "" {
		c.Version = Version5
	}
	if c.ClientID == "" {
		c.ClientID = "shopfloor-" + gateway + "-" + c.Name
	}
	if c.KeepAlive == 0 {
		c.KeepAlive = defaultKeepAlive
	}
	if c.TopicRoot == "" {
		c.TopicRoot = defaultTopicRoot
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = defaultMaxMessage
	}
}

// password reads the password; it is empty without a file.
func (c *Config) password() (string, error) {
	if c.PasswordFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("passwordFile: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// tls makes the configuration of TLS; nil without it.
func (c *Config) tls(u *url.URL) (*tls.Config, error) {
	if u.Scheme != "mqtts" && u.Scheme != "wss" {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("caFile: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("caFile %q has no certificate: it must be PEM", c.CAFile)
		}
	}
	if c.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %q, key %q: %w", c.Certificate, c.Key, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}
