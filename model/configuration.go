package model

import (
	"fmt"
	"time"
)

// Configuration is the desired state of one gateway: what it connects to and what it publishes.
type Configuration struct {
	Gateway string
	// Revision counts the transactions of the gateway from 1; 0 for a gateway that was given nothing yet.
	Revision uint64
	// Servers are ordered by id, Writers by group and name.
	Servers []Server
	Writers []DataSetWriter
}

// ConfigurationRevision tells of one transaction on the desired state of a gateway.
type ConfigurationRevision struct {
	Gateway  string    `json:"gateway"`
	Revision uint64    `json:"revision"`
	Time     time.Time `json:"time"`
	// Author and Comment are who made the change and why, as far as it was told.
	Author  string `json:"author,omitempty"`
	Comment string `json:"comment,omitempty"`
	// RolledBackTo is the revision whose state this one brought back; 0 for any other change.
	RolledBackTo uint64 `json:"rolledBackTo,omitempty"`
	// Servers, Writers and Fields count what the gateway is to run.
	Servers int `json:"servers"`
	Writers int `json:"writers"`
	Fields  int `json:"fields"`
	// Summary counts what the transaction changed.
	Summary ConfigurationSummary `json:"summary"`
}

// ConfigurationSummary counts what differs between two revisions. A writer is changed when its fields are, too.
type ConfigurationSummary struct {
	ServersAdded   int `json:"serversAdded,omitempty"`
	ServersRemoved int `json:"serversRemoved,omitempty"`
	ServersChanged int `json:"serversChanged,omitempty"`
	WritersAdded   int `json:"writersAdded,omitempty"`
	WritersRemoved int `json:"writersRemoved,omitempty"`
	WritersChanged int `json:"writersChanged,omitempty"`
	FieldsAdded    int `json:"fieldsAdded,omitempty"`
	FieldsRemoved  int `json:"fieldsRemoved,omitempty"`
	FieldsChanged  int `json:"fieldsChanged,omitempty"`
}

// IsZero tells that nothing differs.
func (s ConfigurationSummary) IsZero() bool { return s == ConfigurationSummary{} }

// ConfigurationChange is a transaction on the desired state of one gateway. Its items are applied in their order, all of them or none.
type ConfigurationChange struct {
	Gateway string
	// Expected is the revision that the change was made for; another one in the meantime is a conflict. Nil takes whatever there is.
	Expected *uint64
	Author   string
	Comment  string
	// DryRun checks the change and tells what it would do.
	DryRun bool
	Items  []ConfigurationItem
}

// ConfigurationItem is one step of a ConfigurationChange: exactly one of its pointers is given.
type ConfigurationItem struct {
	// PutServer adds a server or replaces the one with its id. Its Gateway may be empty.
	PutServer *Server
	// Password goes with PutServer: it is stored encrypted. Nil keeps the stored one.
	Password *string
	// RemoveServer is the id of a server that goes, with its writers.
	RemoveServer *string
	// PutWriter adds a writer or replaces the one of its group and name with all its fields. Its Gateway may be empty; numbers that are 0
	// are those that it has, or free ones.
	PutWriter *DataSetWriter
	// RemoveWriter is a writer that goes. Its Gateway may be empty.
	RemoveWriter *WriterKey
	// ChangeFields changes fields of a writer and leaves the others, whatever their number.
	ChangeFields *FieldsChange
}

// FieldsChange changes single fields of a DataSetWriter that exists.
type FieldsChange struct {
	Writer WriterKey // Gateway may be empty
	// Remove are names of fields that go, before others come.
	Remove []string
	// Put are fields to add behind the others, or to replace in their place when there is one of the name.
	Put []PublishedField
}

// ConfigurationProblem is one reason against a ConfigurationItem.
type ConfigurationProblem struct {
	// Field leads to the part of the item: "writer.fields[3].deadband.value".
	Field string
	// Message has the value and the remedy.
	Message string
}

func (p ConfigurationProblem) String() string { return p.Field + ": " + p.Message }

// ConfigurationOutcome is what became of a ConfigurationChange.
type ConfigurationOutcome struct {
	// Applied tells that the change is the gateway's desired state now. It is false for a dry run, a change that changes nothing, and one with
	// problems.
	Applied bool
	// Revision is the new one; without Applied it is what it would have been, or the current one when nothing would change.
	Revision ConfigurationRevision
	// Problems are those of each item, in the order of the items.
	Problems [][]ConfigurationProblem
}

// Problem returns the first problem of all items; ok is false when there is none.
func (o *ConfigurationOutcome) Problem() (item int, p ConfigurationProblem, ok bool) {
	for i, list := range o.Problems {
		if len(list) > 0 {
			return i, list[0], true
		}
	}
	return 0, p, false
}

// ConfigurationDiff is what differs between two revisions of a gateway's desired state. Each change has the record of both sides; nil
// stands for one that is not there.
type ConfigurationDiff struct {
	From, To ConfigurationRevision
	Summary  ConfigurationSummary
	Servers  []ServerDiff
	Writers  []WriterDiff
}

// ServerDiff is a server that differs.
type ServerDiff struct{ From, To *Server }

// WriterDiff is a writer that differs. Its fields are in Fields, whether the rest differs in Options.
type WriterDiff struct {
	From, To *DataSetWriter
	Options  bool
	Fields   []FieldDiff
}

// FieldDiff is a field that differs.
type FieldDiff struct{ From, To *PublishedField }

// Name is the name of the field.
func (d *FieldDiff) Name() string {
	if d.To != nil {
		return d.To.Name
	}
	return d.From.Name
}

// OutOfSync is a part of the desired state that a gateway does not run as it is wanted.
type OutOfSync struct {
	// Writer is null for a server that cannot be used at all.
	Writer WriterKey `json:"writer"`
	Server string    `json:"server"`
	Reason string    `json:"reason"`
}

// String prints "revision 7 of gateway g1".
func (r *ConfigurationRevision) String() string {
	return fmt.Sprintf("revision %d of gateway %q", r.Revision, r.Gateway)
}
