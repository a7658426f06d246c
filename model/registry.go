package model

import "time"

// SecurityMode is the MessageSecurityMode of a connection (Part 4, 7.20).
type SecurityMode string

// The security modes. SecurityBest takes the most secure endpoint that the server offers and that both sides can.
const (
	SecurityBest           SecurityMode = "Best"
	SecurityNone           SecurityMode = "None"
	SecuritySign           SecurityMode = "Sign"
	SecuritySignAndEncrypt SecurityMode = "SignAndEncrypt"
)

// Server is the desired state of one connected server: how a gateway reaches it and as whom.
type Server struct {
	// ID is the name in the API and in series: lower-case letters, digits, '-', '_' and '.', at most 64 characters.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Gateway is the id of the gateway that connects to it.
	Gateway string `json:"gateway"`
	// EndpointURL is the address, "opc.tcp://10.0.0.5:4840".
	EndpointURL string `json:"endpointUrl"`
	// SecurityMode and SecurityPolicy choose the endpoint. An empty policy takes the best that the mode offers. A policy is given
	// by its short name, "Basic256Sha256" for example.
	SecurityMode   SecurityMode `json:"securityMode"`
	SecurityPolicy string       `json:"securityPolicy,omitempty"`
	// UserName is empty for an anonymous session.
	UserName string `json:"userName,omitempty"`
	// SealedPassword is the password, encrypted. Only the gateway opens it.
	SealedPassword []byte `json:"sealedPassword,omitempty"`
	// TrustedThumbprints are the SHA-1 thumbprints (Part 6, 6.2.6), in lower-case hexadecimal, of server certificates that an operator trusted
	// for this server, beside the gateway's trust list.
	TrustedThumbprints []string `json:"trustedThumbprints,omitempty"`
	// ReverseConnect has the gateway wait for the server to connect to it (Part 6, 7.1.2.6), at the address that the gateway's configuration file names.
	ReverseConnect bool `json:"reverseConnect,omitempty"`
	// Revision is the version of this record; 0 when it is not stored yet.
	Revision uint64 `json:"-"`
}

// ServerStatus is what a gateway reports of one server.
type ServerStatus struct {
	// Gateway is filled in by the gateway; a Source leaves it empty.
	Gateway string          `json:"gateway,omitempty"`
	Server  string          `json:"server"`
	State   ConnectionState `json:"state"`
	// Since is the time of the last change of State.
	Since time.Time `json:"since"`
	// Reason is the kind of Error; empty when there is none.
	Reason ConnectionReason `json:"reason,omitempty"`
	// Error tells why the state is not Connected, and what to do; empty otherwise.
	Error string `json:"error,omitempty"`
	// Thumbprint is that of the server's certificate, if it has shown one.
	Thumbprint     string `json:"thumbprint,omitempty"`
	ApplicationURI string `json:"applicationUri,omitempty"`
	ProductURI     string `json:"productUri,omitempty"`
	// SecurityMode and SecurityPolicy are those of the connection.
	SecurityMode   SecurityMode `json:"securityMode,omitempty"`
	SecurityPolicy string       `json:"securityPolicy,omitempty"`
	// MonitoredItems counts the items that the server accepted for publishing, BadItems those it refused or reports Bad.
	MonitoredItems int `json:"monitoredItems"`
	BadItems       int `json:"badItems"`
	// Reconnects counts since the gateway started.
	Reconnects uint64 `json:"reconnects"`
	// LostNotifications sums up the losses in Figures since the gateway started: Overflows, MissingMessages, CrowdedValues and UndecodableValues.
	LostNotifications uint64 `json:"lostNotifications"`
	// Figures are reported at each heartbeat of the gateway, the rest when it changes.
	Figures ServerFigures `json:"figures"`
}

// WriterStatus is what a gateway reports of one DataSetWriter.
type WriterStatus struct {
	Writer WriterKey `json:"writer"`
	// Active counts the fields whose nodes the server monitors.
	Active int `json:"active"`
	// Bad are the fields that are not active, at most 100 of them; BadCount is how many there are.
	Bad      []ItemState `json:"bad,omitempty"`
	BadCount int         `json:"badCount"`
	// Error tells why the whole writer does not run.
	Error string `json:"error,omitempty"`
	// Unsupported tells what of the writer's record this gateway does not do, while the rest of it runs.
	Unsupported string `json:"unsupported,omitempty"`
	// Late counts the fields without a value for the timeout of the writer's Watchdog, WatchdogEvents how often it acted since the gateway started.
	Late           int    `json:"late,omitempty"`
	WatchdogEvents uint64 `json:"watchdogEvents,omitempty"`
	// Conditions counts the conditions that the server retains, of a writer with ConditionSnapshots.
	Conditions int `json:"conditions,omitempty"`
}

// GatewayStatus is what a gateway reports of itself.
type GatewayStatus struct {
	Gateway string    `json:"gateway"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	// Frames, Values and Bytes count what was published since it started; Pending is what is not stored yet.
	Frames  uint64 `json:"frames"`
	Values  uint64 `json:"values"`
	Bytes   uint64 `json:"bytes"`
	Pending int    `json:"pending"`
	// Reported is the time of this report, by the gateway's clock. A gateway reports every 10 s.
	Reported time.Time `json:"reported,omitzero"`
	// DroppedValues came for a field or a writer that was just removed; RefusedValues cannot be encoded; UnstoredFrames were handed over when the
	// connection to the store ended, and it is not known whether they are stored; LostDeliveries are those to live subscribers.
	DroppedValues  uint64 `json:"droppedValues,omitempty"`
	RefusedValues  uint64 `json:"refusedValues,omitempty"`
	UnstoredFrames uint64 `json:"unstoredFrames,omitempty"`
	LostDeliveries uint64 `json:"lostDeliveries,omitempty"`
	// Brokers are the names of the MQTT brokers in the gateway's configuration file.
	Brokers []string `json:"brokers,omitempty"`
	// Outputs are how they stand.
	Outputs []OutputStatus `json:"outputs,omitempty"`
	// ConfigurationRevision is the revision of its desired state that it runs; 0 when it was given none yet.
	ConfigurationRevision uint64 `json:"configurationRevision"`
	// OutOfSync are the parts of it that do not run as wanted, at most 100 of them; OutOfSyncCount is how many there are.
	OutOfSync      []OutOfSync `json:"outOfSync,omitempty"`
	OutOfSyncCount int         `json:"outOfSyncCount"`
	// Gaps are the newest times for which values are missing that cannot be delivered any more, the oldest first; GapCount is how many there were
	// since the gateway was set up.
	Gaps     []Gap  `json:"gaps,omitempty"`
	GapCount uint64 `json:"gapCount,omitempty"`
	// Buffer is how its buffer stands; nil for a gateway in the core's own process, which has none.
	Buffer *BufferStatus `json:"buffer,omitempty"`
}

// PublishRequest asks to add nodes of a server to a DataSetWriter, which is made when it does not exist.
type PublishRequest struct {
	Server        string
	Group, Writer string
	Nodes         []PublishedField
	// SamplingInterval, PublishingInterval and ExtensionFields change the writer's when they are not nil.
	SamplingInterval, PublishingInterval *time.Duration
	ExtensionFields                      map[string]string
}

// PublishResult is the outcome for one node of a PublishRequest.
type PublishResult struct {
	NodeID ExpandedNodeID
	// Field is the name in the writer; empty when the node was not added.
	Field   string
	Status  StatusCode
	Message string
}
