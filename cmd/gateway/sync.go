package gateway

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Verbs of a gateway of its own process, besides those for frames.
const (
	verbDesired = "desired" // desiredRequest → desiredPart
	verbReport  = "report"  // a gateway's Report → nothing
)

// desiredRequest asks for a part of the desired state. A gateway that knows the state with a digest gets no data if that is still the one.
// With List it gets the list of parts of another one instead of the first data, and asks for those that it Wants of the one with the digest.
type desiredRequest struct {
	Known  string `json:"known,omitempty"`
	Digest string `json:"digest,omitempty"`
	Offset int    `json:"offset,omitempty"`
	List   bool   `json:"list,omitempty"`
	Want   []int  `json:"want,omitempty"`
}

// desiredPart is a part of the desired state with a digest: of the gzipped JSON of an edge.Desired. When the digest is another one than was asked
// for, the parts that came before are void, and this is the first.
//
// List is a partList of the JSON without gzip, whose SHA-256 is Sum. As the answer to Want, Data are the first Count of the parts that were asked for.
type desiredPart struct {
	Digest string `json:"digest"`
	Size   int    `json:"size"`
	Data   []byte `json:"data,omitempty"`
	List   []byte `json:"list,omitempty"`
	Sum    []byte `json:"sum,omitempty"`
	Count  int    `json:"count,omitempty"`
}

// Report is what a gateway reports at a time.
type Report struct {
	Servers []model.ServerStatus `json:"servers,omitempty"`
	Writers []model.WriterStatus `json:"writers,omitempty"`
	Gateway *model.GatewayStatus `json:"gateway,omitempty"`
}

const (
	// maxPart bounds the data of a desiredPart, which grow by a third in its JSON.
	maxPart = 512 << 10
	// maxDesired bounds the desired state, gzipped, and maxUnpacked as it is: with room for 32 bits on small gateways.
	maxDesired  = 256 << 20
	maxUnpacked = 1 << 30
	// syncInterval is how often a gateway asks whether its desired state is another one, should no wake-up have reached it.
	syncInterval = 10 * time.Second
	// syncRetry is how often it asks while there is no answer.
	syncRetry = time.Second
	syncWait  = 30 * time.Second
)

var _ edge.State = (*RemoteState)(nil)
