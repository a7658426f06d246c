package publishednodes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// writtenEntry is an entry of the 2.9 form, as it is written: one for each writer.
type writtenEntry struct {
	EndpointURL                       string            `json:"EndpointUrl"`
	EndpointSecurityMode              string            `json:"EndpointSecurityMode,omitempty"`
	EndpointSecurityPolicy            string            `json:"EndpointSecurityPolicy,omitempty"`
	UseReverseConnect                 bool              `json:"UseReverseConnect,omitempty"`
	OpcAuthenticationMode             string            `json:"OpcAuthenticationMode,omitempty"`
	OpcAuthenticationUsername         string            `json:"OpcAuthenticationUsername,omitempty"`
	DataSetWriterGroup                string            `json:"DataSetWriterGroup,omitempty"`
	WriterGroupTransport              string            `json:"WriterGroupTransport,omitempty"`
	MessagingMode                     string            `json:"MessagingMode,omitempty"`
	MessageEncoding                   string            `json:"MessageEncoding,omitempty"`
	BatchSize                         int               `json:"BatchSize,omitempty"`
	BatchTriggerIntervalTimespan      string            `json:"BatchTriggerIntervalTimespan,omitempty"`
	DataSetWriterID                   string            `json:"DataSetWriterId,omitempty"`
	DataSetName                       string            `json:"DataSetName,omitempty"`
	QueueName                         string            `json:"QueueName,omitempty"`
	MetaDataQueueName                 string            `json:"MetaDataQueueName,omitempty"`
	QualityOfService                  string            `json:"QualityOfService,omitempty"`
	MessageTTLTimespan                string            `json:"MessageTtlTimespan,omitempty"`
	MessageRetention                  bool              `json:"MessageRetention,omitempty"`
	DataSetRouting                    string            `json:"DataSetRouting,omitempty"`
	DataSetPublishingIntervalTimespan string            `json:"DataSetPublishingIntervalTimespan,omitempty"`
	DataSetSamplingIntervalTimespan   string            `json:"DataSetSamplingIntervalTimespan,omitempty"`
	DataSetKeyFrameCount              uint32            `json:"DataSetKeyFrameCount,omitempty"`
	DataSetExtensionFields            map[string]string `json:"DataSetExtensionFields,omitempty"`
	SendKeepAliveDataSetMessages      bool              `json:"SendKeepAliveDataSetMessages,omitempty"`
	MaxKeepAliveCount                 uint32            `json:"MaxKeepAliveCount,omitempty"`
	Priority                          uint8             `json:"Priority,omitempty"`
	DefaultHeartbeatIntervalTimespan  string            `json:"DefaultHeartbeatIntervalTimespan,omitempty"`
	DefaultHeartbeatBehavior          string            `json:"DefaultHeartbeatBehavior,omitempty"`
	OpcNodeWatchdogTimespan           string            `json:"OpcNodeWatchdogTimespan,omitempty"`
	OpcNodeWatchdogCondition          string            `json:"OpcNodeWatchdogCondition,omitempty"`
	DataSetWriterWatchdogBehavior     string            `json:"DataSetWriterWatchdogBehavior,omitempty"`
	OpcNodes                          []*writtenNode    `json:"OpcNodes"`
}

// Format writes servers and writers as published nodes JSON in the form of version 2.9, one entry for each writer, with timespans for all intervals.
// A server without writers gets an entry without nodes. Passwords are not written. What the form has no words for is in the issues, whose
// Entry is that of the text. Parse of the text, with the servers known, gives servers and writers again.
func Format(servers []model.Server, writers []model.DataSetWriter) ([]byte, *Issues, error) {
	byID := make(map[string]*model.Server, len(servers))
	for i := range servers {
		byID[servers[i].ID] = &servers[i]
	}
	issues := &Issues{}
	entries, used := make([]*writtenEntry, 0, len(writers)), map[string]bool{}
	for i := range writers {
		w := &writers[i]
		at := &place{issues: issues, entry: len(entries), node: -1}
		s := byID[w.Server]
		if s == nil {
			at.entry = -1
			at.report("DataSetWriterId", nil, wrong(fmt.Sprintf("writer %s is of server %q, which does not exist, and is left out", w.Key(), w.Server), "remove it, or add the server"))
			continue
		}
		used[s.ID] = true
		entries = append(entries, formatWriter(s, w, at))
	}
	for i := range servers {
		if !used[servers[i].ID] {
			e := formatServer(&servers[i])
			e.OpcNodes = []*writtenNode{}
			entries = append(entries, e)
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(entries); err != nil {
		return nil, nil, fmt.Errorf("write published nodes: %w", err)
	}
	return b.Bytes(), issues, nil
}

func formatServer(s *model.Server) *writtenEntry {
	e := &writtenEntry{
		EndpointURL: s.EndpointURL, EndpointSecurityMode: string(cmp.Or(s.SecurityMode, model.SecurityBest)), EndpointSecurityPolicy: s.SecurityPolicy,
		UseReverseConnect: s.ReverseConnect, OpcAuthenticationMode: authAnonymous,
	}
	if s.UserName != "" {
		e.OpcAuthenticationMode, e.OpcAuthenticationUsername = authUser, s.UserName
	}
	return e
}

func formatWriter(s *model.Server, w *model.DataSetWriter, at *place) *writtenEntry {
	e := formatServer(s)
	e.DataSetWriterGroup, e.DataSetWriterID, e.DataSetName = w.Group, w.Name, w.DataSetName
	e.DataSetPublishingIntervalTimespan = formatTimespan(w.PublishingInterval)
	e.DataSetSamplingIntervalTimespan = formatTimespan(w.SamplingInterval)
	e.DataSetKeyFrameCount, e.DataSetExtensionFields, e.Priority = w.KeyFrameCount, w.ExtensionFields, w.Priority
	if h := w.Heartbeat; h != nil {
		e.DefaultHeartbeatIntervalTimespan, e.DefaultHeartbeatBehavior = formatTimespan(h.Interval), string(h.Behavior)
	}
	if d := w.Watchdog; d != nil {
		e.OpcNodeWatchdogTimespan, e.OpcNodeWatchdogCondition, e.DataSetWriterWatchdogBehavior = formatTimespan(d.Timeout), string(d.Condition), string(d.Behavior)
	}
	e.keepAlive(w, at)
	if w.Output != nil {
		e.output(w.Output, at)
	}
	for i := range w.Selections {
		at.report("", nil, warn(fmt.Sprintf("selection %d of writer %s has no form in this file and is left out", i, w.Key()), "copy it by hand where the file is used"))
	}
	e.OpcNodes = formatNodes(w, at)
	return e
}

// keepAlive writes the time without values as a number of publishing intervals.
func (e *writtenEntry) keepAlive(w *model.DataSetWriter, at *place) {
	if w.KeepAlive <= 0 {
		return
	}
	n := math.Max(1, math.Min(math.Round(float64(w.KeepAlive)/math.Max(float64(w.PublishingInterval), 1)), 1<<16))
	e.SendKeepAliveDataSetMessages, e.MaxKeepAliveCount = true, uint32(n)
	if time.Duration(n)*w.PublishingInterval != w.KeepAlive && w.KeepAlive != longest {
		at.report("MaxKeepAliveCount", nil, note(fmt.Sprintf("keep-alives after %s are written as %g publishing intervals", w.KeepAlive, n), ""))
	}
}

func (e *writtenEntry) output(o *model.Output, at *place) {
	e.WriterGroupTransport, e.MessagingMode, e.MessageEncoding = transportMqtt, string(o.Mode), string(o.Encoding)
	e.QueueName, e.MetaDataQueueName, e.DataSetRouting = o.Topic, o.MetaDataTopic, string(o.Routing)
	e.QualityOfService, e.MessageRetention, e.BatchSize = qosNames[min(int(o.QoS), 2)], o.Retain, o.BatchSize
	if o.TTL > 0 {
		e.MessageTTLTimespan = formatTimespan(o.TTL)
	}
	if o.BatchInterval > 0 {
		e.BatchTriggerIntervalTimespan = formatTimespan(o.BatchInterval)
	}
	if o.Broker != "" && o.Broker != defaultBroker {
		at.report("WriterGroupTransport", nil, note(fmt.Sprintf("the broker's name %q has no form in this file", o.Broker), "name the broker when the file is imported"))
	}
}
