package publishednodes

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The modes and encodings of OPC Publisher with what takes their place here, which is the same where it is to be had.
var (
	messagingModes = map[string]model.OutputMode{
		"PubSub": model.OutputPubSub, "DataSetMessages": model.OutputDataSetMessages, "SingleDataSetMessage": model.OutputSingleDataSetMessage,
		"RawDataSets": model.OutputRawDataSets, "SingleRawDataSet": model.OutputSingleRawDataSet,
		"FullNetworkMessages": model.OutputPubSub, "DataSets": model.OutputDataSetMessages, "SingleDataSet": model.OutputSingleDataSetMessage,
		"Samples": model.OutputPubSub, "FullSamples": model.OutputPubSub,
	}
	messageEncodings = map[string]model.OutputEncoding{
		"Json": model.OutputJSON, "JsonGzip": model.OutputJSONGzip, "Uadp": model.OutputUADP,
		"JsonReversible": model.OutputJSON, "JsonReversibleGzip": model.OutputJSONGzip,
	}
)

// output makes an Output of an entry whose transport is MQTT; nil for the others.
func (e *entry) output(broker string, at *place) *model.Output {
	if !strings.EqualFold(e.transport, transportMqtt) {
		if e.transport != "" {
			at.report("WriterGroupTransport", nil, warn(e.transport+" is not to be had; values go to the platform alone",
				"write Mqtt and name a broker in the gateway's configuration, or remove it"))
		} else if e.hasTransportOnlySetting != "" {
			at.report(e.hasTransportOnlySetting, nil, note("has no effect without WriterGroupTransport Mqtt: values go to the platform",
				"write WriterGroupTransport Mqtt for messages to a broker as well"))
		}
		return nil
	}
	if e.transportConfiguration != "" {
		at.report("WriterGroupTransportConfiguration", nil, warn("is left out", "name the broker in the gateway's configuration"))
	}
	o := &model.Output{
		Broker: broker, Topic: cmp.Or(e.queue, e.groupQueue), MetaDataTopic: e.metaDataQueue, Retain: e.groupRetain,
		QoS: qos(cmp.Or(e.qos, e.groupQoS)), TTL: e.ttl.or(e.groupTTL.value), BatchSize: int(e.batchSize), BatchInterval: e.batchInterval.value,
		Mode:     chosen(messagingModes, e.messaging, "MessagingMode", at),
		Encoding: chosen(messageEncodings, e.encoding, "MessageEncoding", at),
	}
	if e.hasRetain {
		o.Retain = e.retain
	}
	if e.routing != "None" {
		o.Routing = model.OutputRouting(e.routing)
	}
	if o.TTL < 0 || o.BatchInterval < 0 {
		at.report("MessageTtlTimespan", nil, wrong("or the batch's interval is negative", "write a timespan from 00:00:00"))
	}
	return o
}

// chosen takes what stands for a name and says so when it is not the same.
func chosen[E ~string](of map[string]E, written, property string, at *place) E {
	if written == "" {
		return ""
	}
	for name, e := range of {
		if !strings.EqualFold(name, written) {
			continue
		}
		if name != string(e) {
			at.report(property, nil, warn(name+" is not to be had, "+string(e)+" takes its place", "adapt what reads the messages, or choose another one"))
		}
		return e
	}
	names := make([]string, 0, len(of))
	for name, e := range of {
		if name == string(e) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	at.report(property, nil, warn(written+" is unknown, the default is taken", "write one of "+strings.Join(names, " ")))
	return ""
}

// qos is the number of a quality of service, AtLeastOnce if it is not given.
func qos(name string) uint8 { return uint8(max(slices.Index(qosNames, cmp.Or(name, qosNames[1])), 0)) }
