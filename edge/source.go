// Package edge is what runs at the shop floor: it turns the values of devices into OPC UA PubSub frames and serves commands
// on them. Each protocol has a sub-package with a Source.
package edge

import (
	"context"
	"errors"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Source is one connected server. A Source for another protocol shows its device as an OPC UA server would.
type Source interface {
	// Run connects, publishes and reconnects until ctx ends, and cleans up before it returns. Faults of the network or the
	// server are no reason to return: they are in Status. Called once.
	Run(ctx context.Context) error

	// Configure replaces the DataSetWriters that are to be published from this server. It does not wait for them to be
	// active and may be called at any time, before Run as well.
	Configure(writers []model.DataSetWriter)

	// Status tells how the connection stands.
	Status() model.ServerStatus

	// Writers tells how each configured writer stands.
	Writers() []model.WriterStatus
}

// The abilities of a Source beyond publishing, found by type assertion. All may be called from several goroutines. An error
// says that the whole batch was not tried (model.StatusCode errors where one fits, BadServerNotConnected above all); what is
// wrong with one item is in its result. Results are in the order of the requests.
type (
	// Browser follows references.
	Browser interface {
		Browse(ctx context.Context, nodes []model.BrowseDescription) ([]model.BrowseResult, error)
	}
	// Translator finds nodes by their browse paths: see model.ParseBrowsePath.
	Translator interface {
		Translate(ctx context.Context, paths []model.BrowsePath) ([]model.TranslateResult, error)
	}
	// Reader reads attributes.
	Reader interface {
		Read(ctx context.Context, nodes []model.ReadValueID) ([]model.ReadResult, error)
	}
	// Writer writes attributes.
	Writer interface {
		Write(ctx context.Context, values []model.WriteValue) ([]model.WriteResult, error)
	}
	// Caller calls methods.
	Caller interface {
		Call(ctx context.Context, calls []model.CallRequest) ([]model.CallResult, error)
	}
	// HistoryReader reads what the server keeps of its variables and events.
	HistoryReader interface {
		HistoryRead(ctx context.Context, items []model.HistoryRead) ([]model.HistoryReadResult, error)
	}
	// HistoryUpdater changes it.
	HistoryUpdater interface {
		HistoryUpdate(ctx context.Context, items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error)
	}
	// HistoryDescriber tells what the server can do with history, and how it keeps that of nodes.
	HistoryDescriber interface {
		HistoryCapabilities(ctx context.Context, queries []model.HistoryCapabilitiesQuery) ([]model.HistoryCapabilities, error)
		HistoryConfiguration(ctx context.Context, nodes []model.ExpandedNodeID) ([]model.HistoryConfiguration, error)
	}
	// MethodDescriber tells what methods take and give.
	MethodDescriber interface {
		DescribeMethods(ctx context.Context, methods []model.ExpandedNodeID) ([]model.MethodDescription, error)
	}
	// NodeRegistrar has the server prepare nodes that are asked for again and again (Part 4, 5.9.5). What is registered stays so over reconnects, until it is taken back
	// or the Source ends; at most 10,000 nodes.
	NodeRegistrar interface {
		RegisterNodes(ctx context.Context, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error)
		UnregisterNodes(ctx context.Context, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error)
		RegisteredNodes(ctx context.Context, queries []model.RegisteredQuery) ([]model.RegisteredNodes, error)
	}
	// NodeReporter tells how each published node stands. It asks the server nothing and works without a connection.
	NodeReporter interface {
		Nodes(ctx context.Context, queries []model.NodeQuery) ([]model.NodePage, error)
	}
	// Expander tells what selections would publish now.
	Expander interface {
		Expand(ctx context.Context, selections []model.Selection) ([]model.Expansion, error)
	}
	// Tracer tells of every notification of a published node. The error says that it is not published; else trace delivers them until the request's
	// time is over or ctx ends, then a last delivery. deliver is called by one goroutine at a time and must not block for long.
	Tracer interface {
		Trace(r model.TraceRequest) (trace func(ctx context.Context, deliver func(model.TraceEvents)), err error)
	}
	// Monitor delivers values as they change, until ctx ends. deliver is called by one goroutine at a time and must not block for
	// long; the changes belong to it.
	Monitor interface {
		Monitor(ctx context.Context, r model.MonitorRequest, deliver func(model.ValueChanges)) error
	}
	// ModelMonitor delivers changes of the address space, until ctx ends. It goes on while the server is away. deliver is as that of a Monitor.
	ModelMonitor interface {
		MonitorModel(ctx context.Context, r model.ModelMonitorRequest, deliver func(model.ModelChanges)) error
	}
	// ConditionServer has conditions and alarms (Part 9). MonitorConditions delivers all that the filter selects, then what changes, until ctx ends.
	ConditionServer interface {
		Conditions(ctx context.Context, queries []model.ConditionQuery) ([]model.ConditionPage, error)
		CallConditions(ctx context.Context, calls []model.ConditionCall) ([]model.ConditionResult, error)
		MonitorConditions(ctx context.Context, r model.ConditionMonitorRequest, deliver func(model.ConditionChanges)) error
	}
	// EventMonitor delivers events as they come, until ctx ends. deliver is as that of a Monitor.
	EventMonitor interface {
		MonitorEvents(ctx context.Context, r model.EventMonitorRequest, deliver func(model.MonitoredEvents)) error
	}
)

// DataSets is where a Source hands over its values. *Publisher implements it.
type DataSets interface {
	// Open declares the fields of a writer, in the order of their indices, and returns where their values go. Opening a writer
	// again replaces the earlier one, whose open frame is closed first; values that still come for that go on to the new one, if the
	// field is there with the same name and node. types describes the data types of the fields beyond the built-in ones, nil for
	// none. It blocks until the metadata is stored.
	Open(ctx context.Context, writer model.DataSetWriter, fields []model.FieldMetaData, types *model.DataTypeSchema) (DataSet, error)
}

// DataSet takes the values of one writer.
type DataSet interface {
	// Put appends one value of the field with that index to the writer's open frame. It copies v, does not allocate, and blocks
	// only while the publisher's limit of unstored frames is reached. It may be called from several goroutines; values of one
	// field keep their order if they come from one. Values of a writer or a field that is no more are dropped and counted.
	Put(field int, v *model.DataValue)
}

// Telling is the ability of a DataSet to tell what became of a value. *Publisher's DataSets of values have it.
type Telling interface {
	// PutTold is DataSet.Put.
	PutTold(field int, v *model.DataValue) model.Fate
}

var _ Telling = (*dataSet)(nil)

// ErrRemoved is the cause of the end of a Source's ctx when its server is not wanted any more: nothing of it is to be kept for the next start.
var ErrRemoved = errors.New("the server was removed")
