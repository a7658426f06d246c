package main

import (
	"os"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/edge/mqttout"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet/mqtt"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet/udp"
)

// Config is all that can be set, in the form of the configuration file. Flags win over the environment, the environment
// over the file, the file over the defaults.
type Config struct {
	// Data is the folder for everything that is stored.
	Data string `yaml:"data"`
	// HTTP is the address that the web UI and the APIs listen on.
	HTTP string `yaml:"http"`
	// Demo runs the demo plant in the process and publishes it.
	Demo bool `yaml:"demo"`
	// Gateway is the id of the gateway in this process.
	Gateway string           `yaml:"gateway"`
	Log     daemon.LogConfig `yaml:"log"`
	Store   StoreConfig      `yaml:"store"`
	Bus     BusConfig        `yaml:"bus"`
	Stream  StreamConfig     `yaml:"stream"`
	// Leafnodes lets gateways in processes of their own join.
	Leafnodes LeafConfig   `yaml:"leafnodes"`
	Ingest    IngestConfig `yaml:"ingest"`
	// Inlet bounds what other publishers may send, by MQTT and UDP. Both are off unless they have an address.
	Inlet inlet.Config `yaml:"inlet"`
	MQTT  mqtt.Config  `yaml:"mqtt"`
	UDP   udp.Config   `yaml:"udp"`
	// Brokers are where the gateway in this process may send what it publishes, besides: writers name them in their output.
	Brokers []mqttout.Config `yaml:"brokers"`
	// ReverseConnect is where servers connect to the gateway in this process that nothing may connect to, 0.0.0.0:4840; empty means that none do.
	ReverseConnect string `yaml:"reverseConnect"`
	// Connections is how the gateway in this process connects to servers.
	Connections gateway.ConnectionConfig `yaml:"connections"`
	// KeyGroups are the keys of publishers that secure their frames.
	KeyGroups []KeyGroupConfig `yaml:"keyGroups"`
	GraphQL   GraphConfig      `yaml:"graphql"`
	// AddressSpace is what is kept of the address spaces of servers for search.
	AddressSpace AddressSpaceConfig `yaml:"addressSpace"`
}

// StoreConfig is for the time-series database.
type StoreConfig struct {
	// Retention is how long values are kept. A remote database has a setting of its own: values that are older than this when they
	// arrive are not sent to it.
	Retention daemon.Duration `yaml:"retention"`
	// MinFreeDisk is the free space in bytes below which nothing is written any more.
	MinFreeDisk int64 `yaml:"minFreeDisk"`
	// Remote is a VictoriaMetrics elsewhere in place of the embedded one.
	Remote RemoteStoreConfig `yaml:"remote"`
}

// BusConfig is for NATS.
type BusConfig struct {
	// Listen is an address for other processes; without it only this one reaches its bus.
	Listen string `yaml:"listen"`
	// URL is the bus of another process, or a NATS cluster, in place of one in this process. It is for shopfloor core.
	URL string `yaml:"url"`
	// PasswordFile has the password of the user shopfloor: the one that Listen asks for, or that URL wants.
	PasswordFile string `yaml:"passwordFile"`
	// Name is that of this process among those that share the work. Empty means the host's name.
	Name string `yaml:"name"`
}

// StreamConfig is for JetStream.
type StreamConfig struct {
	// SyncInterval is how often stored frames are forced to disk: what a power loss can take. 0 forces each one.
	SyncInterval daemon.Duration `yaml:"syncInterval"`
	// MaxBytes bounds what JetStream stores, in bytes; 60 % of it is for frames that wait to be stored. When those are full, gateways hold
	// their frames back. 0 means half of what is free on the disk.
	MaxBytes int64 `yaml:"maxBytes"`
	// MaxFrame is the largest frame that is taken, in bytes; 0 means what a message may have, a little less than 1 MiB.
	MaxFrame int `yaml:"maxFrame"`
	// TextMaxAge is how long values that are no numbers are kept, EventMaxAge how long events, DeadMaxAge how long frames that could not be
	// processed.
	TextMaxAge  daemon.Duration `yaml:"textMaxAge"`
	EventMaxAge daemon.Duration `yaml:"eventMaxAge"`
	DeadMaxAge  daemon.Duration `yaml:"deadMaxAge"`
	// Replicas is how many servers of a NATS cluster hold each frame: 1, 3 or 5.
	Replicas int `yaml:"replicas"`
}

func (c *StreamConfig) streams(maxStore int64) bus.StreamsConfig {
	return bus.StreamsConfig{
		MaxBytes: maxStore, Replicas: c.Replicas, MaxFrame: c.MaxFrame,
		Text: bus.StreamLimit{MaxAge: time.Duration(c.TextMaxAge)}, Event: bus.StreamLimit{MaxAge: time.Duration(c.EventMaxAge)}, Dead: bus.StreamLimit{MaxAge: time.Duration(c.DeadMaxAge)},
	}
}

// IngestConfig is for the ingest core.
type IngestConfig struct {
	// MaxSeries bounds the series known at a time; the frames of further writers go to the dead letters.
	MaxSeries int `yaml:"maxSeries"`
	// ElementLimit is the largest array, or number of members of a structure, whose elements become series.
	ElementLimit int `yaml:"elementLimit"`
	// MetadataWait is how long a frame waits for the metadata of its version.
	MetadataWait daemon.Duration `yaml:"metadataWait"`
	// CheckpointInterval is the time between checkpoints: what is read again after a crash.
	CheckpointInterval daemon.Duration `yaml:"checkpointInterval"`
}

// GraphConfig is for the GraphQL endpoint.
type GraphConfig struct {
	// Origins may use the endpoint from a browser besides the UI's own: host names, with * as a wildcard.
	Origins []string `yaml:"origins"`
	// Introspection lets clients read the schema.
	Introspection bool `yaml:"introspection"`
	// AllowList are files of operations as graphql-codegen, the Relay compiler or Apollo write persisted documents: with it only these and those
	// of the web UI run, by id or by text. Empty lets all run.
	AllowList []string `yaml:"allowList"`
	// NodeSets are NodeSet2 files, or folders of them, whose types become types of the schema.
	NodeSets []string `yaml:"nodeSets"`
	// ServerTypes makes the types of each server types of the schema, too: they are read in the background when it connects with other versions of
	// its models than before, or tells that its types changed, and kept in the data folder.
	ServerTypes bool `yaml:"serverTypes"`
	// Prefixes are how the names of the types of namespaces begin, by URI, where none is recorded yet in names.json of the data folder.
	Prefixes map[string]string `yaml:"prefixes"`
}

func defaults() Config {
	return Config{
		Data: "shopfloor-data", HTTP: "127.0.0.1:8080", Gateway: "local",
		Log:   daemon.LogConfig{Level: "info", Format: "auto"},
		Store: StoreConfig{Retention: daemon.Duration(365 * 24 * time.Hour), MinFreeDisk: 1 << 30},
		Stream: StreamConfig{
			SyncInterval: daemon.Duration(250 * time.Millisecond), Replicas: 1,
			TextMaxAge: daemon.Duration(90 * 24 * time.Hour), EventMaxAge: daemon.Duration(90 * 24 * time.Hour), DeadMaxAge: daemon.Duration(30 * 24 * time.Hour),
		},
		Ingest: IngestConfig{
			MaxSeries: 2_000_000, ElementLimit: 32, MetadataWait: daemon.Duration(2 * time.Second), CheckpointInterval: daemon.Duration(2 * time.Second),
		},
		AddressSpace: AddressSpaceConfig{Enabled: true, MaxNodes: 1_000_000, MaxDepth: 100, Interval: daemon.Duration(6 * time.Hour)},
		Connections:  gateway.DefaultConnections(),
		GraphQL:      GraphConfig{Introspection: true, ServerTypes: true},
	}
}

// process names this process among those that share the work.
func (c *Config) process() string {
	if c.Bus.Name != "" {
		return c.Bus.Name
	}
	if host, err := os.Hostname(); err == nil {
		return host
	}
	return "core"
}
