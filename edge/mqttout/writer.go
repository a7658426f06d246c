package mqttout

import (
	"fmt"
	"strconv"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// defaultBatchInterval is for writers with a BatchSize alone.
const defaultBatchInterval = 10 * time.Second

// writer makes the messages of one DataSetWriter with one version of its metadata. It belongs to the broker's sender.
type writer struct {
	want     *model.DataSetWriter
	key      model.WriterKey
	writerID uint16
	output   model.Output
	metadata *model.DataSetMetaDataType
	topic    string
	metaData string   // topic of the metadata
	routes   []string // topics by field; nil for one topic
	network  uajson.Header
	content  uajson.DataSetMessageContentMask
	fields   []fieldType
	encoding uajson.FieldEncoding

	announced uint64 // the number of the connection that had the metadata last
	batch     batch
}

// fieldType is what the encoder of JSON must know of a field.
type fieldType struct {
	name string
	typ  model.BuiltInType
	// varies tells that the metadata does not say the type of each value.
	varies bool
}

// batch is the DataSetMessages that wait for their NetworkMessage.
type batch struct {
	bodies [][]byte
	bytes  int
	first  uint64    // the sequence of the frame that the first of them is of
	due    time.Time // when it is to be sent; zero when it is empty
}

// newWriter makes the output of a writer. publisher is the PublisherId.
func newWriter(cfg *Config, w *model.DataSetWriter, m *model.DataSetMetaData) (*writer, error) {
	n := &writer{want: w, key: w.Key(), writerID: w.WriterID, output: *w.Output, metadata: dataSetMetaData(m)}
	if n.output.BatchSize > 1 && n.output.BatchInterval == 0 {
		n.output.BatchInterval = defaultBatchInterval
	}
	vars := publisherVariables(cfg, w.Gateway)
	vars["encoding"] = "json"
	if n.output.Encoding == model.OutputUADP {
		vars["encoding"] = "uadp"
	}
	for name, value := range map[string]string{
		"writergroup": w.Group, "datasetwritergroup": w.Group, "writergroupid": strconv.Itoa(int(w.GroupID)),
		"datasetwriter": w.Name, "datasetwritername": w.Name, "datasetname": w.Name, "datasetwriterid": strconv.Itoa(int(w.WriterID)),
	} {
		vars[name] = escape(value)
	}
	var err error
	if n.topic, err = vars.topic(or(n.output.Topic, dataTopic)); err != nil {
		return nil, fmt.Errorf("topic of %s: %w", n.key, err)
	}
	vars["telemetrytopic"] = n.topic
	if n.metaData, err = vars.topic(or(n.output.MetaDataTopic, metadataTopic)); err != nil {
		return nil, fmt.Errorf("metaDataTopic of %s: %w", n.key, err)
	}
	if n.output.Routing == model.RouteBrowsePath {
		if err := n.route(w, m); err != nil {
			return nil, err
		}
	}
	n.setLayout(m)
	if w.Events != nil {
		n.setEvents()
	}
	return n, nil
}

// route makes topics of browse paths: one for each field, or for events, which stay whole, that of the node that they come from.
func (w *writer) route(of *model.DataSetWriter, m *model.DataSetMetaData) error {
	fields := m.Fields
	if of.Events != nil {
		fields = fields[:min(len(fields), 1)]
	}
	w.routes = make([]string, len(fields))
	for i := range fields {
		f := &fields[i]
		w.routes[i] = w.topic + "/" + escapePath(or(f.Path, escape(f.Name)))
		if len(w.routes[i]) > maxTopic {
			return fmt.Errorf("topic of field %q of %s: %d bytes, MQTT allows %d: give a shorter topic", f.Name, w.key, len(w.routes[i]), maxTopic)
		}
	}
	if of.Events != nil && len(fields) > 0 {
		w.topic, w.routes = w.routes[0], nil
	}
	return nil
}

// publisherVariables are the variables that a broker knows of its gateway.
func publisherVariables(cfg *Config, gateway string) variables {
	v := variables{"publisherid": escape(gateway), "siteid": cfg.SiteID}
	v["roottopic"] = v.expand(cfg.TopicRoot)
	return v
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// message makes a message of the writer.
func (w *writer) message(topic string, payload []byte) *message {
	m := &message{
		topic: topic, payload: payload, qos: w.output.QoS, retain: w.output.Retain, ttl: w.output.TTL, contentType: contentJSON,
		messageType: typeData,
	}
	switch w.output.Encoding {
	case model.OutputUADP:
		m.contentType = contentUADP
	case model.OutputJSONGzip:
		m.contentType = contentJSONGzip
	}
	return m
}

// announcement makes the message with the metadata, which is retained at the broker for as long as the writer is. It goes out at least
// once, whatever the QoS of the data is: nothing else tells a subscriber that it was lost.
func (w *writer) announcement(e *encoder) (*message, error) {
	m := w.message(w.metaData, nil)
	m.retain, m.ttl, m.messageType = true, 0, typeMetadata
	m.qos = max(m.qos, 1)
	if w.output.Encoding == model.OutputUADP {
		e.announcements++
		var err error
		m.payload, err = uadp.AppendAnnouncement(nil, &uadp.Header{PublisherID: uadp.StringPublisherID(w.key.Gateway)}, &uadp.Announcement{
			Type: uadp.AnnounceDataSetMetaData, SequenceNumber: e.announcements, WriterID: w.writerID, MetaData: w.metadata,
		})
		return m, err
	}
	m.payload = e.finish(w, uajson.AppendMetaData(nil, &uajson.MetaData{
		MessageID: e.messageID(), PublisherID: w.key.Gateway, WriterID: w.writerID, WriterName: w.key.Writer, WriterGroupName: w.key.Group,
		Timestamp: model.DateTimeOf(time.Now()), DataSet: *w.metadata,
	}, uajson.Compact))
	return m, nil
}
