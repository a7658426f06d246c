package graph

import (
	"errors"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// errorRemedy tells what to do about an error of a field: by the status that a server gave, else by the code of its kind.
func errorRemedy(err error, code string) string {
	if status, ok := errors.AsType[*statusError](err); ok {
		if remedy := remedyOf(status.status); remedy != "" {
			return remedy
		}
		return status.status.Remedy()
	}
	switch code {
	case "NOT_FOUND":
		return "Name one that there is: the queries servers, gateways, writers and series list them."
	case "BAD_USER_INPUT":
		return "Correct the argument that the message names."
	case "CONFLICT":
		return "Look at what there is now, and decide anew."
	case "UNAVAILABLE":
		return "Try again later. server { connection { error } } tells why a server is not connected, and the mutation testConnection where it fails."
	case "UNEXPECTED_VALUE":
		return "Read the node by the field node, which shows the value as it is; the server's types may have changed."
	}
	return ""
}

// withRemedies tells what to do about the errors for which an operation is not executed.
func withRemedies(list gqlerror.List) gqlerror.List {
	for _, e := range list {
		remedy := ""
		switch e.Extensions["code"] {
		case "GRAPHQL_PARSE_FAILED":
			remedy = "Correct the text of the query at the place that locations names."
		case "GRAPHQL_VALIDATION_FAILED":
			remedy = "Compare the query and its variables with the schema: /playground shows it, and shopfloor schema prints it."
		case "COMPLEXITY_LIMIT_EXCEEDED":
			remedy = "Ask for less: fewer fields, smaller pages (first), or several requests."
		}
		if remedy != "" && e.Extensions["remedy"] == nil {
			e.Extensions["remedy"] = remedy
		}
	}
	return list
}

// remedyOf tells what to do about the Bad status of a service that was asked for; "" where nothing general can be said. Published nodes have
// remedies of their own, see model.StatusCode.Remedy.
func remedyOf(status model.StatusCode) string {
	switch status {
	case model.StatusBadNotFound:
		return "Name a server that there is: the query servers lists them."
	case model.StatusBadNodeIdUnknown:
		return "The server has no node of this id. Browse the server for it: after an update of the machine's program the id or the namespace URI may be another."
	case model.StatusBadNodeIdInvalid:
		return "The node id is malformed for this server. Take it anew from the server's address space."
	case model.StatusBadViewIdUnknown:
		return "The server has no such view, or browses within none. Leave view out, or follow the references of the view's own node."
	case model.StatusBadNoMatch:
		return "No node has this browse path. Browse from Objects for the names along it."
	case model.StatusBadAttributeIdInvalid:
		return "Nodes of this class, or this node, lack the attribute. Values are attributes of variables: ask a variable below the node."
	case model.StatusBadIndexRangeInvalid, model.StatusBadIndexRangeNoData:
		return "The index range does not fit the value. Read valueRank and arrayDimensions, or leave it out."
	case model.StatusBadNotReadable:
		return "The server does not let this variable be read. Have the read access of its tag enabled in the controller."
	case model.StatusBadNotWritable:
		return "The server does not let this be written. accessLevel and writeMask of the node tell what may be; have it enabled in the controller."
	case model.StatusBadWriteNotSupported:
		return "The server does not write this attribute, or no status, timestamp or index range with the value. Write the value alone."
	case model.StatusBadTypeMismatch:
		return "Give a value of the node's dataType and valueRank; the message says what is wanted."
	case model.StatusBadOutOfRange:
		return "Give a value within the range of the node: its EURange, or that of its type."
	case model.StatusBadUserAccessDenied:
		return "The gateway's user may not do this. Give the user the right at the server, or connect as another user."
	case model.StatusBadNotSupported, model.StatusBadServiceUnsupported:
		return "The server cannot do this. Its capabilities and historyCapabilities tell what it can."
	case model.StatusBadMethodInvalid:
		return "The object has no such method. Name the object that the method is a component of, or the object's type."
	case model.StatusBadNotExecutable:
		return "The method cannot be called now. Its field executable tells when; the machine may have to be in another state."
	case model.StatusBadArgumentsMissing, model.StatusBadTooManyArguments, model.StatusBadInvalidArgument:
		return "Correct the argument that the message or inputArgumentResults name; the method's inputArguments describe what it takes."
	case model.StatusBadServerNotConnected:
		return "The gateway has no connection to the server. server { connection { error } } tells why, and the mutation testConnection where it fails."
	case model.StatusBadTimeout, model.StatusBadRequestTimeout:
		return "The server, or the gateway, answers too slowly. Ask for less at once, or look after its load and the network."
	case model.StatusBadTooManyOperations, model.StatusBadResponseTooLarge, model.StatusBadEncodingLimitsExceeded, model.StatusBadRequestTooLarge:
		return "That is more than the server takes. Ask for a part of the value by an index range."
	case model.StatusBadOutOfService, model.StatusBadNoCommunication, model.StatusBadDeviceFailure, model.StatusBadSensorFailure, model.StatusBadNotConnected,
		model.StatusBadConfigurationError, model.StatusBadWaitingForInitialData, model.StatusBadDataTypeIdUnknown, model.StatusBadDataEncodingUnsupported:
		return status.Remedy()
	}
	return ""
}
