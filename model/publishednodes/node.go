package publishednodes

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// node is one OpcNode as it is written.
type node struct {
	id, expandedID       string
	browsePath           value
	attribute            model.AttributeID
	indexRange           string
	fieldID, displayName string
	sampling, publishing interval
	queueSize            uint32
	discardNew           bool
	trigger              model.DataChangeTrigger
	deadbandType         string
	deadbandValue        *float64
	skipFirst            bool
	heartbeat            interval
	heartbeatBehavior    model.HeartbeatBehavior
	cyclicRead           bool
	maxAge               interval
	register             bool
	topic, qos           string
	eventFilter          value
	conditions           value
	modelChange          value
	triggered            value
	method               bool
}

var nodeSchema = newSchema(map[string]property[node]{
	"Id":                          text(func(n *node) *string { return &n.id }),
	"ExpandedNodeId":              text(func(n *node) *string { return &n.expandedID }),
	"BrowsePath":                  raw('[', func(n *node) *value { return &n.browsePath }),
	"AttributeId":                 attribute(func(n *node) *model.AttributeID { return &n.attribute }),
	"IndexRange":                  text(func(n *node) *string { return &n.indexRange }),
	"DataSetFieldId":              text(func(n *node) *string { return &n.fieldID }),
	"DisplayName":                 text(func(n *node) *string { return &n.displayName }),
	"FetchDisplayName":            without[node](Info, "has no effect", "the field is named by DataSetFieldId, DisplayName or the node's id"),
	"DataSetClassFieldId":         informative[node](),
	"OpcSamplingInterval":         count(time.Millisecond, nil, func(n *node) *interval { return &n.sampling }),
	"OpcSamplingIntervalTimespan": timespan(func(n *node) *interval { return &n.sampling }),
	"OpcPublishingInterval":       count(time.Millisecond, nil, func(n *node) *interval { return &n.publishing }),
	"OpcPublishingIntervalTimespan": timespan(
		func(n *node) *interval { return &n.publishing }),
	"QueueSize":                 whole(1<<32-1, func(n *node) *uint32 { return &n.queueSize }),
	"DiscardNew":                boolean(func(n *node) *bool { return &n.discardNew }),
	"DataChangeTrigger":         oneOf(func(n *node) *model.DataChangeTrigger { return &n.trigger }, model.TriggerStatus, model.TriggerStatusValue, model.TriggerStatusValueTimestamp),
	"DeadbandType":              oneOf(func(n *node) *string { return &n.deadbandType }, "None", string(model.DeadbandAbsolute), string(model.DeadbandPercent)),
	"DeadbandValue":             float(func(n *node) **float64 { return &n.deadbandValue }),
	"SkipFirst":                 boolean(func(n *node) *bool { return &n.skipFirst }),
	"HeartbeatInterval":         count(time.Second, secondsDoubt, func(n *node) *interval { return &n.heartbeat }),
	"HeartbeatIntervalTimespan": timespan(func(n *node) *interval { return &n.heartbeat }),
	"HeartbeatBehavior":         heartbeatBehavior(func(n *node) *model.HeartbeatBehavior { return &n.heartbeatBehavior }),
	"UseCyclicRead":             boolean(func(n *node) *bool { return &n.cyclicRead }),
	"CyclicReadMaxAge":          count(time.Millisecond, nil, func(n *node) *interval { return &n.maxAge }),
	"CyclicReadMaxAgeTimespan":  timespan(func(n *node) *interval { return &n.maxAge }),
	"RegisterNode":              boolean(func(n *node) *bool { return &n.register }),
	"Topic":                     text(func(n *node) *string { return &n.topic }),
	"QualityOfService":          qualityOfService(func(n *node) *string { return &n.qos }),
	"EventFilter":               raw('{', func(n *node) *value { return &n.eventFilter }),
	"ConditionHandling":         raw('{', func(n *node) *value { return &n.conditions }),
	"ModelChangeHandling":       raw('{', func(n *node) *value { return &n.modelChange }),
	"TriggeredNodes":            raw('[', func(n *node) *value { return &n.triggered }),
	"MethodMetadata":            func(n *node, _ value) *complaint { n.method = true; return nil },
	"TypeDefinitionId":          informative[node](),
})

// attributeNames are the standard's names (Part 6, A.1), by their numbers.
var attributeNames = [...]string{
	1: "NodeId", "NodeClass", "BrowseName", "DisplayName", "Description", "WriteMask", "UserWriteMask", "IsAbstract", "Symmetric", "InverseName",
	"ContainsNoLoops", "EventNotifier", "Value", "DataType", "ValueRank", "ArrayDimensions", "AccessLevel", "UserAccessLevel",
	"MinimumSamplingInterval", "Historizing", "Executable", "UserExecutable", "DataTypeDefinition", "RolePermissions", "UserRolePermissions",
	"AccessRestrictions", "AccessLevelEx",
}

// attribute reads the name or the number of an attribute. Value, the default, becomes 0.
func attribute[T any](field func(*T) *model.AttributeID) property[T] {
	byName := oneOf(func(s *string) *string { return s }, attributeNames[1:]...)
	byNumber := whole(uint32(len(attributeNames)-1), func(n *uint32) *uint32 { return n })
	return func(into *T, v value) *complaint {
		var name string
		var id uint32
		if v.kind() != '"' {
			if c := byNumber(&id, v); c != nil {
				return c
			}
		} else if c := byName(&name, v); c != nil {
			return c
		}
		for i, n := range attributeNames {
			if n == name && name != "" {
				id = uint32(i)
			}
		}
		if *field(into) = model.AttributeID(id); id == uint32(model.AttributeValue) {
			*field(into) = 0
		}
		return nil
	}
}
