package inlet

import "fmt"

const (
	// defaultMaxMessage leaves a message of a NATS server, 1 MiB, room for its subject and headers.
	defaultMaxMessage      = 1<<20 - 8<<10
	defaultMaxPublishers   = 1000
	defaultMaxPendingBytes = 16 << 20
	defaultDeadPerSecond   = 10
)

// Config bounds what an Inlet takes. The zero value is the default.
type Config struct {
	// MaxMessage is the size in bytes above which a message is refused. It must not be above what the stream takes. 0 means 1 MiB
	// less 8 KiB. A publisher of UADP divides larger messages into chunks, one of JSON puts fewer DataSetMessages into a message.
	MaxMessage int `yaml:"maxMessage"`
	// MaxPublishers is how many different publishers may be known at a time; one that is silent for an hour makes room. 0 means 1000.
	MaxPublishers int `yaml:"maxPublishers"`
	// MaxPendingBytes bounds the messages that are taken and not yet stored. 0 means 16 MiB.
	MaxPendingBytes int64 `yaml:"maxPendingBytes"`
	// DeadLettersPerSecond bounds how many messages that cannot be named are kept; the others are only counted. 0 means 10.
	DeadLettersPerSecond int `yaml:"deadLettersPerSecond"`
}

// Validate names the field that cannot be used, its value and the remedy.
func (c *Config) Validate() error {
	switch {
	case c.MaxMessage < 0 || c.MaxMessage > 0 && c.MaxMessage < 1<<10:
		return fmt.Errorf("maxMessage %d: use at least 1024 bytes, or 0 for %d", c.MaxMessage, defaultMaxMessage)
	case c.MaxPublishers < 0:
		return fmt.Errorf("maxPublishers %d: use at least 1, or 0 for %d", c.MaxPublishers, defaultMaxPublishers)
	case c.MaxPendingBytes < 0 || c.MaxPendingBytes > 0 && c.MaxPendingBytes < 2*int64(c.MaxMessage):
		return fmt.Errorf("maxPendingBytes %d: use at least two messages of maxMessage, or 0 for %d", c.MaxPendingBytes, defaultMaxPendingBytes)
	case c.DeadLettersPerSecond < 0:
		return fmt.Errorf("deadLettersPerSecond %d: use at least 1, or 0 for %d", c.DeadLettersPerSecond, defaultDeadPerSecond)
	}
	return nil
}

func (c *Config) setDefaults() {
	if c.MaxMessage == 0 {
		c.MaxMessage = defaultMaxMessage
	}
	if c.MaxPublishers == 0 {
		c.MaxPublishers = defaultMaxPublishers
	}
	if c.MaxPendingBytes == 0 {
		c.MaxPendingBytes = max(defaultMaxPendingBytes, 2*int64(c.MaxMessage))
	}
	if c.DeadLettersPerSecond == 0 {
		c.DeadLettersPerSecond = defaultDeadPerSecond
	}
}
