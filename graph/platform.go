// Package graph serves the platform as one GraphQL endpoint. Its resolvers call the small interfaces of this file; what is
// behind them is not its concern.
//
// Fragments with @defer are answered with the rest, in one response, as GraphQL lets a service do. Delivering them later (multipart/mixed) is left out:
// what a query asks of nodes is read ahead in one go for all of its fragments, so a deferred one has its values when the others have theirs, and reading
// it on its own would cost requests at the machine; and the types of the plant are run by an executor of their own, which has no deferred groups.
package graph

import (
	"context"
	"errors"
	"time"

	"github.com/shopfloor-iiot/shopfloor/graph/addressspace"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

// Errors that an implementation returns, wrapped with what it was about. They go out as extensions.code.
var (
	// ErrNotFound: there is nothing of that name. Code NOT_FOUND.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: the input cannot be taken. Code BAD_USER_INPUT.
	ErrInvalid = errors.New("invalid input")
	// ErrConflict: it exists already, or somebody changed it in between. Code CONFLICT.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: the gateway or the server is not connected. Code UNAVAILABLE.
	ErrUnavailable = errors.New("unavailable")
)

// Registry is the desired and the reported state of gateways, servers and writers. Lists come from memory, ordered by id.
type Registry interface {
	Servers() []model.Server
	Server(id string) (model.Server, error)
	ServerStatus(id string) model.ServerStatus
	Gateways() []model.GatewayStatus
	Gateway(id string) (model.GatewayStatus, error)
	Writers() []model.DataSetWriter
	Writer(key model.WriterKey) (model.DataSetWriter, error)
	WriterStatus(key model.WriterKey) model.WriterStatus

	// AddServer makes an id from the name if s.ID is empty.
	AddServer(ctx context.Context, s model.Server, password string) (model.Server, error)
	// UpdateServer changes what change changes in the stored record; password nil keeps the stored one.
	UpdateServer(ctx context.Context, id string, change func(*model.Server), password *string) (model.Server, error)
	// RemoveServer removes its writers as well.
	RemoveServer(ctx context.Context, id string) error
	// Publish answers one result per node; only nodes with a Good result are added.
	Publish(ctx context.Context, r model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error)
	// Unpublish removes the nodes, or with nodes nil the whole writer, and then also when the last node goes. removed tells
	// whether the writer is gone.
	Unpublish(ctx context.Context, key model.WriterKey, nodes []model.ExpandedNodeID) (w model.DataSetWriter, removed bool, results []model.PublishResult, err error)

	// Configuration is the desired state of a gateway at a revision, 0 for the newest; a gateway that was given nothing has an empty one.
	Configuration(ctx context.Context, gateway string, revision uint64) (model.Configuration, error)
	// ConfigurationHistory returns the revisions that are kept, newest first.
	ConfigurationHistory(ctx context.Context, gateway string) ([]model.ConfigurationRevision, error)
	// ConfigurationDiff compares two revisions, 0 for the newest.
	ConfigurationDiff(ctx context.Context, gateway string, from, to uint64) (model.ConfigurationDiff, error)
	// Apply makes a transaction: all items or none. What is wrong with an item is in the outcome.
	Apply(ctx context.Context, c model.ConfigurationChange) (model.ConfigurationOutcome, error)
	// RollBack makes the state of an earlier revision the desired one again.
	RollBack(ctx context.Context, gateway string, revision uint64, author, comment string) (model.ConfigurationOutcome, error)
}

// PublishedNodes takes and gives the desired state of a gateway as the configuration file of OPC Publisher.
type PublishedNodes interface {
	// ImportPublishedNodes reports what cannot be taken in the result and takes the rest; a text that is no such file at all is ErrInvalid.
	ImportPublishedNodes(ctx context.Context, gateway string, text []byte, dryRun, replace bool) (*publishednodes.ImportResult, error)
	// ExportPublishedNodes has no passwords in the text; the issues tell what such a file has no words for.
	ExportPublishedNodes(ctx context.Context, gateway string) ([]byte, *publishednodes.Issues, error)
}

// Commands are the services of a server, reached through its gateway. An error says that the batch was not tried.
type Commands interface {
	ServerHistory
	Browse(ctx context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error)
	Translate(ctx context.Context, server string, paths []model.BrowsePath) ([]model.TranslateResult, error)
	Read(ctx context.Context, server string, nodes []model.ReadValueID) ([]model.ReadResult, error)
	Write(ctx context.Context, server string, values []model.WriteValue) ([]model.WriteResult, error)
	// RegisterNodes has the server prepare nodes until they are unregistered; RegisteredNodes are those for which that was asked.
	RegisterNodes(ctx context.Context, server string, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error)
	UnregisterNodes(ctx context.Context, server string, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error)
	RegisteredNodes(ctx context.Context, server string) ([]model.ExpandedNodeID, error)
	// Nodes asks the gateway how the nodes that it publishes from the server stand.
	Nodes(ctx context.Context, server string, queries []model.NodeQuery) ([]model.NodePage, error)
	Call(ctx context.Context, server string, calls []model.CallRequest) ([]model.CallResult, error)
	// DescribeMethods tells what methods take and give.
	DescribeMethods(ctx context.Context, server string, methods []model.ExpandedNodeID) ([]model.MethodDescription, error)
	// SendKeyFrames has the gateway send key frames of writers of the server.
	SendKeyFrames(ctx context.Context, server string, writers []model.KeyFrameRequest) ([]model.KeyFrameResult, error)
	// Expand tells what selections would publish.
	Expand(ctx context.Context, server string, selections []model.Selection) ([]model.Expansion, error)
	// Trace delivers every notification of a published node until its time is over, which the last delivery says, or ctx ends; then, or when the
	// gateway goes away, the channel is closed.
	Trace(ctx context.Context, server string, r model.TraceRequest) (<-chan model.TraceEvents, error)
	// ModelChanges delivers changes of the server's address space until ctx ends; then, or when the gateway goes away, the channel is closed. It goes
	// on while the server is away.
	ModelChanges(ctx context.Context, server string, r model.ModelMonitorRequest) (<-chan model.ModelChanges, error)
	// Monitor delivers changes until ctx ends; then, or when the gateway goes away, the channel is closed.
	Monitor(ctx context.Context, server string, r model.MonitorRequest) (<-chan model.ValueChanges, error)
}

// AddressSpaces are the address spaces of the servers as they are kept in memory.
type AddressSpaces interface {
	// Status of a server that is not known says that nothing is.
	Status(server string) addressspace.Status
	// Refresh has the address space browsed again, and does not wait for it. addressspace.ErrUnknown: there is no such server.
	Refresh(server string) error
	// Search finds nodes on the servers that are named, or on all when there is none, in the order of their rank, the ids of their servers and their
	// numbers.
	Search(ctx context.Context, servers []string, q *addressspace.Query) ([]addressspace.Found, error)
}

var _ AddressSpaces = (*addressspace.Cache)(nil)

// History is what is stored.
type History interface {
	// Series returns at most limit series in the order of their ids, those after the given one; after may be zero.
	Series(ctx context.Context, f model.SeriesFilter, after model.SeriesID, limit int) ([]model.Series, error)
	// History returns points in order of time, at most q.Limit, and whether there are more.
	History(ctx context.Context, q model.HistoryQuery) (points []model.HistoryPoint, more bool, err error)
	// NodeHistory returns what is stored of variables, in the order of q.Nodes, asking the store for all of them together.
	NodeHistory(ctx context.Context, q model.NodeHistoryQuery) ([]model.NodeHistory, error)
}

// DeadLetters are the frames that could not be processed.
type DeadLetters interface {
	// DeadLetters returns at most limit of those that f selects, the newest first: those with an id below before, or the newest
	// of all when before is 0.
	DeadLetters(ctx context.Context, f model.DeadLetterFilter, before uint64, limit int) ([]model.DeadLetter, error)
}

// Events are the events of the servers.
type Events interface {
	// Events returns stored events, the newest first.
	Events(ctx context.Context, q model.EventQuery) (model.EventPage, error)
	// Watch delivers the events that f selects and that are stored from now on, until ctx ends; then the channel is closed. It does not
	// wait for a slow receiver: an event of its own says how many others were left out.
	Watch(ctx context.Context, f model.EventFilter) <-chan model.Event
}

// Gateways lets gateways in processes of their own join. id is not checked before.
type Gateways interface {
	Link(gateway string) model.GatewayLink
	CreateToken(ctx context.Context, gateway string, validFor time.Duration) (model.GatewayToken, error)
	Enrol(ctx context.Context, gateway, publicKey string) error
	Revoke(ctx context.Context, gateway string) error
}

// Limits are the bounds of the platform and what is wrong with it now.
type Limits interface {
	// Limits returns all limits in an order that stays.
	Limits(ctx context.Context) ([]model.Limit, error)
	// Alarms returns those that are active.
	Alarms(ctx context.Context) ([]model.Alarm, error)
}

// Live is what the ingest core sees now.
type Live interface {
	// Latest returns the newest value of a series.
	Latest(id model.SeriesID) (model.DataValue, bool)
	// Telemetry delivers the newest value of each matching series that changed, not more often than every interval, until ctx
	// ends; then the channel is closed.
	Telemetry(ctx context.Context, f model.SeriesFilter, interval time.Duration) (<-chan model.TelemetryBatch, error)
	// Statistics of the whole core, ServerRate and WriterRate in values per second.
	Statistics() model.IngestStatistics
	ServerRate(server string) float64
	WriterRate(key model.WriterKey) float64
}
