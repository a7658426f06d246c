package model

import "time"

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
	// RouteBrowsePath has each field under a topic of its own, its browse path (unified namespace).
	RouteBrowsePath OutputRouting = "UseBrowseNames"
	// RouteBrowsePathNamespace has the namespace indices in the path too.
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
	// BatchSize and BatchInterval bound how many DataSetMessages wait, and how long, for a NetworkMessage; 0 for each at once.
	BatchSize     int           `json:"batchSize,omitempty"`
	BatchInterval time.Duration `json:"batchInterval,omitempty"`
}
