package model

// Remedy tells somebody at the plant what to do when a node has a Bad status. It is empty for a status that needs nothing or of which nothing
// general can be said.
func (c StatusCode) Remedy() string {
	switch c & statusCodeMask {
	case StatusBadNodeIdUnknown:
		return "The server has no node of this id. Compare it with the server's address space: after an update of the machine's program the id or the namespace URI may be another."
	case StatusBadNodeIdInvalid:
		return "The node id is malformed for this server. Take it anew from the server's address space."
	case StatusBadAttributeIdInvalid:
		return "The node has no value to monitor: it is an object or a method. Publish the variables below it."
	case StatusBadIndexRangeInvalid, StatusBadIndexRangeNoData:
		return "The index range does not fit the array. Correct it, or publish the whole value."
	case StatusBadNotReadable:
		return "The server does not let this variable be read. Have the read access of its tag enabled in the controller."
	case StatusBadUserAccessDenied:
		return "The gateway's user may not read this node. Give the user the right at the server, or connect as another user."
	case StatusBadTooManyMonitoredItems:
		return "The server monitors no more nodes. Publish fewer, raise its limit, or split the nodes over servers; the gateway tries again by itself."
	case StatusBadTooManySubscriptions:
		return "The server takes no more subscriptions. Use fewer different publishing intervals, or end other clients' subscriptions."
	case StatusBadMonitoredItemFilterInvalid, StatusBadMonitoredItemFilterUnsupported, StatusBadFilterNotAllowed:
		return "The server cannot filter this node so. Leave out the deadband or the trigger."
	case StatusBadDeadbandFilterInvalid:
		return "The deadband does not fit the node: a percentage needs an EURange, and only numbers can have one."
	case StatusBadOutOfService:
		return "The source of the value is switched off. Switch the device or its driver channel on at the server."
	case StatusBadNoCommunication, StatusBadDeviceFailure, StatusBadSensorFailure:
		return "The server has no good value from the device behind it. Check the device, its cable and the server's driver."
	case StatusBadNotConnected:
		return "The server has never reached the device behind this node. Check the server's driver configuration."
	case StatusBadConfigurationError:
		return "The server's own configuration of this tag is wrong. Correct it there."
	case StatusBadWaitingForInitialData:
		return "The server has no value yet. If it stays so, the device behind it does not deliver."
	case StatusBadNotSupported, StatusBadServiceUnsupported:
		return "The server cannot do this. Have the node read cyclically instead of monitoring it."
	case StatusBadOutOfMemory, StatusBadResourceUnavailable:
		return "The server has run out of memory or another resource. Publish fewer nodes or larger sampling intervals, and look after the server."
	case StatusBadDataEncodingUnsupported, StatusBadDataEncodingInvalid, StatusBadDataTypeIdUnknown:
		return "The server does not describe the type of this value as it should. An update of the server may help."
	case StatusBadDecodingError, StatusBadEncodingLimitsExceeded, StatusBadResponseTooLarge:
		return "The value is too large or does not follow the specification. Publish a part of it by an index range."
	case StatusBadServerNotConnected:
		return "The gateway has no connection to the server. The server's connection tells why."
	case StatusBadUnexpectedError, StatusBadInternalError:
		return "The server failed by itself. Its own log may tell more; the gateway tries again by itself."
	case StatusBadTimeout:
		return "The server answers too slowly. Publish larger sampling intervals, or look after its load and the network."
	}
	return ""
}
