package publishednodes

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// entry is one element of the file as it is written.
type entry struct {
	endpointURL             string
	useSecurity, hasUse     bool
	mode                    string
	policy                  string
	authentication          string
	userName                string
	password                string
	hasPassword             bool
	encryptedUser           string
	encryptedPassword       string
	reverseConnect          bool
	group, writer           string
	dataSetName             string
	rootNode                string
	publishing, sampling    interval
	keyFrames, keepAlives   uint32
	priority                uint32
	sendKeepAlive           bool
	heartbeat               interval
	heartbeatBehavior       model.HeartbeatBehavior
	watchdog                interval
	watchdogCondition       model.WatchdogCondition
	watchdogBehavior        model.WatchdogBehavior
	extensions, nodes       value
	legacyNode              value
	transport               string
	messaging, encoding     string
	batchSize               uint32
	batchInterval           interval
	groupQueue, queue       string
	metaDataQueue           string
	groupQoS, qos           string
	groupTTL, ttl           interval
	groupRetain, retain     bool
	hasRetain               bool
	routing                 string
	transportConfiguration  string
	hasTransportOnlySetting string // the first property that has an effect with Mqtt only
}

func isSet(v value) bool { return v.doc != nil }

// The values of properties that are names.
const (
	modeNotNone       = "NotNone"
	authAnonymous     = "Anonymous"
	authUser          = "UsernamePassword"
	authCertificate   = "Certificate"
	transportMqtt     = "Mqtt"
	remedySetPassword = "set user name and password of the server in the platform, or write OpcAuthenticationUsername and OpcAuthenticationPassword"
)

// millisecondsDoubt is for DefaultHeartbeatInterval, which counts milliseconds where HeartbeatInterval of a node counts seconds.
func millisecondsDoubt(f float64) *complaint {
	if f <= 0 || f >= 100 {
		return nil
	}
	return warn("counts milliseconds here, unlike HeartbeatInterval of a node, and is taken so", "write DefaultHeartbeatIntervalTimespan to be clear")
}

// secondsDoubt is for HeartbeatInterval, which counts seconds where all other intervals count milliseconds.
func secondsDoubt(f float64) *complaint {
	if f < 500 {
		return nil
	}
	return warn("counts seconds here, unlike the other intervals, and is taken so", "write HeartbeatIntervalTimespan to be clear")
}

var entrySchema = newSchema(map[string]property[entry]{
	"EndpointUrl":                 text(func(e *entry) *string { return &e.endpointURL }),
	"UseSecurity":                 both(boolean(func(e *entry) *bool { return &e.useSecurity }), func(e *entry) { e.hasUse = true }),
	"EndpointSecurityMode":        oneOf(func(e *entry) *string { return &e.mode }, "None", "Sign", "SignAndEncrypt", "Best", modeNotNone),
	"EndpointSecurityPolicy":      text(func(e *entry) *string { return &e.policy }),
	"OpcAuthenticationMode":       oneOf(func(e *entry) *string { return &e.authentication }, authAnonymous, authUser, authCertificate),
	"OpcAuthenticationUsername":   text(func(e *entry) *string { return &e.userName }),
	"OpcAuthenticationPassword":   both(text(func(e *entry) *string { return &e.password }), func(e *entry) { e.hasPassword = true }),
	"EncryptedAuthUsername":       text(func(e *entry) *string { return &e.encryptedUser }),
	"EncryptedAuthPassword":       text(func(e *entry) *string { return &e.encryptedPassword }),
	"UseReverseConnect":           boolean(func(e *entry) *bool { return &e.reverseConnect }),
	"DisableSubscriptionTransfer": without[entry](Info, "has no effect", "subscriptions are transferred where the server can, and made anew otherwise"),
	"RepublishAfterTransfer":      informative[entry](), // always done
	"DumpConnectionDiagnostics":   without[entry](Info, "has no effect", "look at the server's connection in the platform"),
	"Version":                     informative[entry](),
	"LastChangeDateTime":          informative[entry](),
	"LastChangeTimespan":          informative[entry](), // as the documentation calls it
	"NodeId":                      raw('{', func(e *entry) *value { return &e.legacyNode }),
	"OpcNodes":                    raw('[', func(e *entry) *value { return &e.nodes }),

	"DataSetWriterGroup":                text(func(e *entry) *string { return &e.group }),
	"MessagingMode":                     mqttOnly("MessagingMode", text(func(e *entry) *string { return &e.messaging })),
	"MessageEncoding":                   mqttOnly("MessageEncoding", text(func(e *entry) *string { return &e.encoding })),
	"BatchSize":                         mqttOnly("BatchSize", whole(1<<20, func(e *entry) *uint32 { return &e.batchSize })),
	"BatchTriggerInterval":              mqttOnly("BatchTriggerInterval", count(time.Millisecond, nil, func(e *entry) *interval { return &e.batchInterval })),
	"BatchTriggerIntervalTimespan":      mqttOnly("BatchTriggerIntervalTimespan", timespan(func(e *entry) *interval { return &e.batchInterval })),
	"WriterGroupTransport":              text(func(e *entry) *string { return &e.transport }),
	"WriterGroupTransportConfiguration": text(func(e *entry) *string { return &e.transportConfiguration }),
	"WriterGroupQueueName":              mqttOnly("WriterGroupQueueName", text(func(e *entry) *string { return &e.groupQueue })),
	"WriterGroupQualityOfService":       mqttOnly("WriterGroupQualityOfService", qualityOfService(func(e *entry) *string { return &e.groupQoS })),
	"WriterGroupMessageTtlTimepan":      mqttOnly("WriterGroupMessageTtlTimepan", timespan(func(e *entry) *interval { return &e.groupTTL })), // sic
	"WriterGroupMessageTtlTimespan":     mqttOnly("WriterGroupMessageTtlTimespan", timespan(func(e *entry) *interval { return &e.groupTTL })),
	"WriterGroupMessageRetention":       mqttOnly("WriterGroupMessageRetention", boolean(func(e *entry) *bool { return &e.groupRetain })),
	"WriterGroupPartitions":             without[entry](Info, "has no effect", "one connection per broker keeps the order of messages"),
	"PublisherId":                       without[entry](Info, "has no effect", "the gateway's id is the PublisherId of all its groups"),
	"WriterGroupProperties":             informative[entry](),
	"WriterGroupType":                   informative[entry](),
	"WriterGroupRootNodeId":             informative[entry](),
	"DataSetWriterId":                   text(func(e *entry) *string { return &e.writer }),
	"DataSetName":                       text(func(e *entry) *string { return &e.dataSetName }),
	"DataSetDescription":                without[entry](Info, "is not kept", ""),
	"DataSetClassId":                    without[entry](Info, "is not kept", ""),
	"DataSetPublishingInterval":         count(time.Millisecond, nil, func(e *entry) *interval { return &e.publishing }),
	"DataSetPublishingIntervalTimespan": timespan(func(e *entry) *interval { return &e.publishing }),
	"DataSetSamplingInterval":           count(time.Millisecond, nil, func(e *entry) *interval { return &e.sampling }),
	"DataSetSamplingIntervalTimespan":   timespan(func(e *entry) *interval { return &e.sampling }),
	"DataSetKeyFrameCount":              whole(1<<31, func(e *entry) *uint32 { return &e.keyFrames }),
	"DataSetExtensionFields":            raw('{', func(e *entry) *value { return &e.extensions }),
	"DataSetFetchDisplayNames":          without[entry](Info, "has no effect", "fields are named by DataSetFieldId, DisplayName or the node's id"),
	"MetaDataUpdateTime":                without[entry](Info, "has no effect", "metadata is sent when it changes, and retained"),
	"MetaDataUpdateTimeTimespan":        without[entry](Info, "has no effect", "metadata is sent when it changes, and retained"),
	"MetaDataQueueName":                 mqttOnly("MetaDataQueueName", text(func(e *entry) *string { return &e.metaDataQueue })),
	"MetaDataRetention":                 informative[entry](), // always retained
	"MetaDataTtlTimespan":               without[entry](Info, "has no effect", "metadata is sent when it changes, and retained"),
	"SendKeepAliveDataSetMessages":      boolean(func(e *entry) *bool { return &e.sendKeepAlive }),
	"SendKeepAliveAsKeyFrameMessages":   without[entry](Warning, "is not to be had", "use SendKeepAliveDataSetMessages, or DataSetKeyFrameCount for key frames"),
	"MaxKeepAliveCount":                 whole(1<<16, func(e *entry) *uint32 { return &e.keepAlives }),
	"Priority":                          whole(255, func(e *entry) *uint32 { return &e.priority }),
	"DefaultHeartbeatInterval":          count(time.Millisecond, millisecondsDoubt, func(e *entry) *interval { return &e.heartbeat }),
	"DefaultHeartbeatIntervalTimespan":  timespan(func(e *entry) *interval { return &e.heartbeat }),
	"DefaultHeartbeatBehavior":          heartbeatBehavior(func(e *entry) *model.HeartbeatBehavior { return &e.heartbeatBehavior }),
	"OpcNodeWatchdogTimespan":           timespan(func(e *entry) *interval { return &e.watchdog }),
	"OpcNodeWatchdogCondition":          oneOf(func(e *entry) *model.WatchdogCondition { return &e.watchdogCondition }, model.WatchdogAllLate, model.WatchdogAnyLate),
	"DataSetWriterWatchdogBehavior":     watchdogBehavior(),
	"QueueName":                         mqttOnly("QueueName", text(func(e *entry) *string { return &e.queue })),
	"QualityOfService":                  mqttOnly("QualityOfService", qualityOfService(func(e *entry) *string { return &e.qos })),
	"MessageTtlTimespan":                mqttOnly("MessageTtlTimespan", timespan(func(e *entry) *interval { return &e.ttl })),
	"MessageRetention":                  mqttOnly("MessageRetention", both(boolean(func(e *entry) *bool { return &e.retain }), func(e *entry) { e.hasRetain = true })),
	"DataSetRouting":                    mqttOnly("DataSetRouting", oneOf(func(e *entry) *string { return &e.routing }, "None", string(model.RouteBrowsePath), string(model.RouteBrowsePathNamespace))),
	"DataSetType":                       informative[entry](),
	"DataSetRootNodeId":                 text(func(e *entry) *string { return &e.rootNode }),
	"DataSetSourceUri":                  informative[entry](),
	"DataSetSubject":                    informative[entry](),
})

// both reads a property and notes that it was given.
func both[T any](read property[T], then func(*T)) property[T] {
	return func(into *T, v value) *complaint {
		then(into)
		return read(into, v)
	}
}

// mqttOnly notes a property that has an effect only on messages to a broker.
func mqttOnly(name string, read property[entry]) property[entry] {
	return both(read, func(e *entry) {
		if e.hasTransportOnlySetting == "" {
			e.hasTransportOnlySetting = name
		}
	})
}

func qualityOfService[T any](field func(*T) *string) property[T] {
	return oneOf(field, qosNames...)
}

// qosNames are the names of MQTT's QoS 0, 1 and 2.
var qosNames = []string{"AtMostOnce", "AtLeastOnce", "ExactlyOnce"}

func heartbeatBehavior[T any](field func(*T) *model.HeartbeatBehavior) property[T] {
	return oneOf(field, model.HeartbeatWatchdogLKV, model.HeartbeatWatchdogLKG, model.HeartbeatPeriodicLKV, model.HeartbeatPeriodicLKG,
		model.HeartbeatPeriodicLKVDropValue, model.HeartbeatPeriodicLKGDropValue, model.HeartbeatUpdatedTimestamps, model.HeartbeatDiagnosticsOnly)
}

func watchdogBehavior() property[entry] {
	return oneOf(func(e *entry) *model.WatchdogBehavior { return &e.watchdogBehavior },
		model.WatchdogDiagnostic, model.WatchdogReset, model.WatchdogFailFast, model.WatchdogExitProcess)
}
