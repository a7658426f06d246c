package model

import (
	"fmt"
	"time"
)

// OutputEncoding is the form of messages to a broker.
type OutputEncoding string

// The encodings.
const (
	OutputJSON     OutputEncoding = "Json"
	OutputJSONGzip OutputEncoding = "JsonGzip"
	OutputUADP     OutputEncoding = "Uadp"
)

// OutputMode is how much of a PubSub message is sent. The names are OPC Publisher's MessagingMode. Empty stands for OutputPubSub.
type OutputMode string

// The modes.
const (
	OutputPubSub               OutputMode = "PubSub"
	OutputDataSetMessages      OutputMode = "DataSetMessages"
	OutputSingleDataSetMessage OutputMode = "SingleDataSetMessage"
	OutputRawDataSets          OutputMode = "RawDataSets"
	OutputSingleRawDataSet     OutputMode = "SingleRawDataSet"
)

// OutputRouting is what the topic gets from the address space.
type OutputRouting string

// The routings. Empty sends all fields of a writer to one topic.
const (
	RouteNone OutputRouting = ""
	// RouteBrowsePath has each field under a topic of its own, its browse path (unified namespace).
	RouteBrowsePath OutputRouting = "UseBrowseNames"
	// RouteBrowsePathNamespace has the namespace indices in the path too. The platform's paths have none: Validate refuses it.
	RouteBrowsePathNamespace OutputRouting = "UseBrowseNamesWithNamespaceIndex"
)

// Output is where a DataSetWriter's messages go besides the core. Topics are templates: {PublisherId}, {WriterGroup}, {DataSetWriter},
// {DataSetName}, {Encoding}, {SiteId}, {RootTopic}, {TelemetryTopic} … are replaced.
type Output struct {
	// Broker is the name of a broker in the gateway's configuration file.
	Broker   string         `json:"broker"`
	Encoding OutputEncoding `json:"encoding,omitempty"` // empty stands for OutputJSON
	Mode     OutputMode     `json:"mode,omitempty"`
	// Topic and MetaDataTopic are those of Part 14 when they are empty: opcua/{Encoding}/data/{PublisherId}/{WriterGroup}/{DataSetWriter}.
	Topic         string        `json:"topic,omitempty"`
	MetaDataTopic string        `json:"metaDataTopic,omitempty"`
	Routing       OutputRouting `json:"routing,omitempty"`
	// QoS is 0, 1 or 2.
	QoS    uint8 `json:"qos,omitempty"`
	Retain bool  `json:"retain,omitempty"`
	// TTL is the message expiry of MQTT 5; 0 for none.
	TTL time.Duration `json:"ttl,omitempty"`
	// BatchSize and BatchInterval bound how many DataSetMessages wait, and how long, for a NetworkMessage. With neither, each of the gateway's
	// frames is one at once; a BatchSize alone waits no longer than 10 s. UADP frames go as they are.
	BatchSize     int           `json:"batchSize,omitempty"`
	BatchInterval time.Duration `json:"batchInterval,omitempty"`
}

// MaxOutputBatch is the largest BatchSize, and MaxOutputInterval the longest BatchInterval.
const (
	MaxOutputBatch    = 10_000
	MaxOutputInterval = time.Hour
)

// Validate names the field that cannot be used, its value and the remedy. Whether the gateway knows the broker is not known here.
func (o *Output) Validate() error {
	uadp := o.Encoding == OutputUADP
	switch o.Encoding {
	case "", OutputJSON, OutputJSONGzip, OutputUADP:
	default:
		return fmt.Errorf("encoding %q: use Json, JsonGzip or Uadp", o.Encoding)
	}
	switch o.Mode {
	case "", OutputPubSub, OutputDataSetMessages, OutputSingleDataSetMessage, OutputRawDataSets, OutputSingleRawDataSet:
	default:
		return fmt.Errorf("mode %q: use PubSub, DataSetMessages, SingleDataSetMessage, RawDataSets or SingleRawDataSet", o.Mode)
	}
	switch o.Routing {
	case "", RouteBrowsePath:
	case RouteBrowsePathNamespace:
		return fmt.Errorf("routing %q: browse paths have no namespace indices here: use %s", o.Routing, RouteBrowsePath)
	default:
		return fmt.Errorf("routing %q: use %s, or nothing for one topic", o.Routing, RouteBrowsePath)
	}
	switch {
	case o.Broker == "":
		return fmt.Errorf("broker %q: name a broker of the gateway's configuration file", o.Broker)
	case uadp && o.Mode != "" && o.Mode != OutputPubSub:
		return fmt.Errorf("mode %q: UADP has PubSub alone: use encoding Json", o.Mode)
	case uadp && o.Routing != "":
		return fmt.Errorf("routing %q: UADP frames are not taken apart: use encoding Json", o.Routing)
	case o.QoS > 2:
		return fmt.Errorf("qos %d: use 0, 1 or 2", o.QoS)
	case o.TTL < 0 || o.TTL > 1<<32*time.Second-time.Second:
		return fmt.Errorf("ttl %s: use 0 for none, or up to 136 years", o.TTL)
	case o.BatchSize < 0 || o.BatchSize > MaxOutputBatch:
		return fmt.Errorf("batchSize %d: use 0 to %d", o.BatchSize, MaxOutputBatch)
	case o.BatchInterval < 0 || o.BatchInterval > MaxOutputInterval:
		return fmt.Errorf("batchInterval %s: use 0 to %s", o.BatchInterval, MaxOutputInterval)
	}
	return nil
}
