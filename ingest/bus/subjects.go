package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Streams.
const (
	StreamData  = "UA_DATA"  // frames: published to ua.data.<gateway>.<group>.<writer>, see Partitions
	StreamMeta  = "UA_META"  // DataSetMetaData: ua.meta.<gateway>.<group>.<writer>
	StreamDead  = "UA_DEAD"  // frames that did not decode: ua.dead.<gateway>.<group>.<writer>
	StreamEvent = "UA_EVENT" // OPC UA events: ua.event.<gateway>.<server>.<month>.<day>.<hour>
	StreamText  = "UA_TEXT"  // values that are no numbers: ua.text.<series>
	StreamAudit = "AUDIT"    // who did what: audit.<gateway>.<verb>
)

// Buckets that EnsureStreams makes.
const (
	BucketGateway       = "gateway"
	BucketConfiguration = "configuration"
)

const (
	prefixData  = "ua.data."
	prefixMeta  = "ua.meta."
	prefixDead  = "ua.dead."
	prefixEvent = "ua.event."
	prefixText  = "ua.text."
	prefixAudit = "audit."
	prefixCmd   = "ua.cmd."
	prefixRep   = "ua.rep."
	prefixLocal = "loc."
	tokenLive   = "live."
)

// Data returns the subject of a writer's frames in the core's stream. Names hold any characters (see Escape); all builders
// return ErrName for a name that is too long.
func Data(gateway, group, writer string) (string, error) {
	return join(prefixData, gateway, group, writer)
}

// ParseData is the inverse of Data.
func ParseData(subject string) (gateway, group, writer string, err error) {
	return parseWriter(prefixData, subject)
}

// Meta returns the subject of a writer's DataSetMetaData.
func Meta(gateway, group, writer string) (string, error) {
	return join(prefixMeta, gateway, group, writer)
}

// ParseMeta is the inverse of Meta.
func ParseMeta(subject string) (gateway, group, writer string, err error) {
	return parseWriter(prefixMeta, subject)
}

// Dead returns the subject of a writer's frames that did not decode.
func Dead(gateway, group, writer string) (string, error) {
	return join(prefixDead, gateway, group, writer)
}

// ParseDead is the inverse of Dead.
func ParseDead(subject string) (gateway, group, writer string, err error) {
	return parseWriter(prefixDead, subject)
}

// Local returns the subject of a writer's frames in the gateway's own buffer stream. It has a prefix of its own that never
// crosses the link: a subject with interest on both sides would be stored twice.
func Local(gateway, group, writer string) (string, error) {
	return join(prefixLocal, gateway, group, writer)
}

// ParseLocal is the inverse of Local.
func ParseLocal(subject string) (gateway, group, writer string, err error) {
	return parseWriter(prefixLocal, subject)
}

// Event returns the subject of a server's events and conditions of one hour: that of their own time, whenever they arrived. So the
// events of a time are found without a look at the others.
func Event(gateway, server string, at time.Time) string {
	return prefixEvent + anyName(gateway) + "." + anyName(server) + at.UTC().Format("."+eventMonthForm+"."+eventDayForm+"."+eventHourForm)
}

// The forms of the last three tokens of the subject of an event.
const (
	eventMonthForm = "2006-01"
	eventDayForm   = "02"
	eventHourForm  = "15"
)

// Text returns the subject of the history of a series whose values are no numbers.
func Text(series string) string { return prefixText + anyName(series) }

// anyName is Escape for names of any length: one of more than 200 bytes becomes its hash, behind "=-", which no escaped name begins with.
func anyName(name string) string {
	if token, err := Escape(name); err == nil {
		return token
	}
	sum := sha256.Sum256([]byte(name))
	return "=-" + hex.EncodeToString(sum[:])
}

// Audit returns the subject of the record of a command.
func Audit(gateway, verb string) (string, error) { return join(prefixAudit, gateway, verb) }

// Cmd returns the subject of a command to a gateway: browse, read, write …
func Cmd(gateway, verb string) (string, error) { return join(prefixCmd, gateway, verb) }

// ParseCmd is the inverse of Cmd.
func ParseCmd(subject string) (gateway, verb string, err error) {
	var names [2]string
	if err := split(prefixCmd, subject, names[:]); err != nil {
		return "", "", err
	}
	return names[0], names[1], nil
}

// Rep returns the subject of the reply to a command. It names the gateway, and is no inbox, so that a gateway's permissions
// let it answer and do nothing else.
func Rep(gateway, id string) (string, error) { return join(prefixRep, gateway, id) }

// Live returns the subject of a one-way stream of messages from a gateway to the core.
func Live(gateway, id string) (string, error) {
	token, err := Escape(gateway)
	if err != nil {
		return "", err
	}
	return join(prefixRep+token+"."+tokenLive, id)
}

// wildcard returns the subjects of everything below a gateway: "ua.cmd.g1.>".
func wildcard(prefix, gateway string) (string, error) {
	s, err := join(prefix, gateway)
	return s + ".>", err
}

func parseWriter(prefix, subject string) (gateway, group, writer string, err error) {
	var names [3]string
	if err := split(prefix, subject, names[:]); err != nil {
		return "", "", "", err
	}
	return names[0], names[1], names[2], nil
}

// writerPrefix returns the prefix of a subject that ends with gateway, group and writer.
func writerPrefix(subject string) string {
	if p := partPrefix(subject); p != "" {
		return p
	}
	for _, p := range [...]string{prefixData, prefixMeta, prefixDead, prefixLocal} {
		if strings.HasPrefix(subject, p) {
			return p
		}
	}
	return ""
}
