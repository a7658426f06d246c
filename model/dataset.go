package model

import (
	"fmt"
	"time"
)

// ConfigurationVersion tells versions of a DataSet's metadata apart (Part 14, 6.2.3.2.6). Both are VersionTimes, seconds
// since 2000-01-01. Major changes when a decoder with the old metadata would read wrong, Minor also when fields are added.
type ConfigurationVersion struct {
	Major uint32 `json:"majorVersion"`
	Minor uint32 `json:"minorVersion"`
}

// String prints "major.minor".
func (v ConfigurationVersion) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// FieldMetaData describes one field of a DataSet (Part 14, 6.2.3.2.4), with what the platform knows of its node.
type FieldMetaData struct {
	// Name is unique in the DataSet.
	Name string `json:"name"`
	// BuiltInType is the type on the wire; TypeVariant when the values' types vary.
	BuiltInType BuiltInType `json:"builtInType"`
	// DataType is the node of the type, more precise than BuiltInType.
	DataType ExpandedNodeID `json:"dataType"`
	// ValueRank is -1 for scalars, 1 for arrays, more for matrices, other negative numbers when it may vary.
	ValueRank       int32    `json:"valueRank"`
	ArrayDimensions []uint32 `json:"arrayDimensions,omitempty"`
	// Node is the published node in its nsu= form.
	Node ExpandedNodeID `json:"node"`
	// Path is the browse path from the root, "Objects/Boiler1/Temperature"; empty when it is not known.
	Path string `json:"path,omitempty"`
	// Unit is the display name of the node's EngineeringUnits; empty when it has none.
	Unit string `json:"unit,omitempty"`
}

// DataSetMetaData describes the DataSetMessages of one DataSetWriter (Part 14, 6.2.3.2.3). A field's place in Fields is its
// index in delta frames.
type DataSetMetaData struct {
	Gateway string `json:"gateway"`
	Group   string `json:"group"`
	Writer  string `json:"writer"`
	// Server is the id of the server that the nodes belong to.
	Server  string               `json:"server"`
	Version ConfigurationVersion `json:"configurationVersion"`
	Fields  []FieldMetaData      `json:"fields"`
	// ExtensionFields are constants of the writer (site, line, asset …) that become labels of its series.
	ExtensionFields map[string]string `json:"extensionFields,omitempty"`
	// Types describes the structures, enumerations and simple types of the fields; nil when nothing is known of them.
	Types *DataTypeSchema `json:"types,omitempty"`
}

// PublishedField is one node that a DataSetWriter publishes, as wanted by the user.
type PublishedField struct {
	Name   string         `json:"name"`
	NodeID ExpandedNodeID `json:"nodeId"`
	// BrowsePath leads from NodeID, or from the root when NodeID is null, to the node that is published: names separated by '/' as
	// in VerbTranslate. Empty for NodeID itself.
	BrowsePath string `json:"browsePath,omitempty"`
	// Attribute 0 stands for AttributeValue.
	Attribute AttributeID `json:"attribute,omitempty"`
	// IndexRange is "3", "2:5" or "0:1,3"; empty for the whole value.
	IndexRange string `json:"indexRange,omitempty"`
	// SamplingInterval 0 asks for the writer's default, or for each change where the server knows it without sampling.
	SamplingInterval time.Duration `json:"samplingInterval,omitempty"`
	// QueueSize is the length of the queue at the server; 0 asks for one that holds the samples of two publishing intervals
	// and of ten seconds more, in which a gateway may be away, up to 1000.
	QueueSize uint32 `json:"queueSize,omitempty"`
	// DiscardNew drops the newest value when the queue at the server is full, not the oldest.
	DiscardNew bool              `json:"discardNew,omitempty"`
	Trigger    DataChangeTrigger `json:"trigger,omitempty"`
	Deadband   *Deadband         `json:"deadband,omitempty"`
	// SkipFirst drops the first value after the start.
	SkipFirst bool `json:"skipFirst,omitempty"`
	// Heartbeat nil stands for the writer's.
	Heartbeat *Heartbeat `json:"heartbeat,omitempty"`
	// CyclicRead has the gateway read the node each SamplingInterval in place of monitoring it; nil monitors it.
	CyclicRead *CyclicRead `json:"cyclicRead,omitempty"`
	// TriggeredBy is the name of another field of the writer. The server samples this one and reports it only when that one
	// reports (SetTriggering, Part 4, 5.13.5); empty for a field that reports by itself.
	TriggeredBy string `json:"triggeredBy,omitempty"`
}

// DataSetWriter is the desired state of one DataSet that a gateway publishes from one server (Part 14, 6.2.4).
type DataSetWriter struct {
	Gateway string `json:"gateway"`
	Group   string `json:"group"`
	Name    string `json:"name"`
	Server  string `json:"server"`
	// GroupID and WriterID are the numbers of the group and the writer in frames; never 0.
	GroupID  uint16 `json:"groupId"`
	WriterID uint16 `json:"writerId"`
	// DataSetName is what receivers call the DataSet; empty stands for the writer's name.
	DataSetName string `json:"dataSetName,omitempty"`
	// SamplingInterval and PublishingInterval are the defaults of the fields and of the subscription.
	SamplingInterval   time.Duration     `json:"samplingInterval"`
	PublishingInterval time.Duration     `json:"publishingInterval"`
	Fields             []PublishedField  `json:"fields"`
	ExtensionFields    map[string]string `json:"extensionFields,omitempty"`
	// Selections add fields for what the gateway finds in the server's address space.
	Selections []Selection `json:"selections,omitempty"`
	// Events makes the writer one of events: each is a DataSetMessage whose fields are the select clauses. Fields and Selections
	// are empty then.
	Events *EventSource `json:"events,omitempty"`
	// Heartbeat is the default of the fields.
	Heartbeat *Heartbeat `json:"heartbeat,omitempty"`
	// KeyFrameCount has every n-th DataSetMessage be a key frame with the newest value of all fields, the first one among them; 1 makes all
	// of them key frames, 0 none.
	KeyFrameCount uint32 `json:"keyFrameCount,omitempty"`
	// KeepAlive sends a keep-alive DataSetMessage when nothing was sent for that long; 0 sends none.
	KeepAlive time.Duration `json:"keepAlive,omitempty"`
	Watchdog  *Watchdog     `json:"watchdog,omitempty"`
	// Priority is that of the subscription at the server (Part 4, 5.14.2), higher ones first.
	Priority uint8 `json:"priority,omitempty"`
	// Output sends the writer's messages to an MQTT broker as well; nil sends them to the core alone.
	Output *Output `json:"output,omitempty"`
	// Revision is the version of this record; 0 when it is not stored yet.
	Revision uint64 `json:"-"`
}

// Key is the writer's name among all: gateway, group and writer.
func (w *DataSetWriter) Key() WriterKey { return WriterKey{w.Gateway, w.Group, w.Name} }

// WriterKey names a DataSetWriter among all of the platform. It is comparable.
type WriterKey struct {
	Gateway, Group, Writer string
}

// String prints "gateway/group/writer".
func (k WriterKey) String() string { return k.Gateway + "/" + k.Group + "/" + k.Writer }
