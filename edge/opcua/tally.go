package opcua

import (
	"context"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// tally counts a request for whoever asked for it.
func tally(ctx context.Context, req ua.Request, response uint32) {
	if t := model.TallyOf(ctx); t != nil {
		t.Add(serviceName(response), operations(req))
	}
}

// serviceName is the name of a service in Part 4, by the encoding of its response.
func serviceName(response uint32) string {
	switch response {
	case id.GetEndpointsResponse_Encoding_DefaultBinary:
		return "GetEndpoints"
	case id.FindServersResponse_Encoding_DefaultBinary:
		return "FindServers"
	case id.CreateSessionResponse_Encoding_DefaultBinary:
		return "CreateSession"
	case id.ActivateSessionResponse_Encoding_DefaultBinary:
		return "ActivateSession"
	case id.CloseSessionResponse_Encoding_DefaultBinary:
		return "CloseSession"
	case id.ReadResponse_Encoding_DefaultBinary:
		return "Read"
	case id.WriteResponse_Encoding_DefaultBinary:
		return "Write"
	case id.CallResponse_Encoding_DefaultBinary:
		return "Call"
	case id.BrowseResponse_Encoding_DefaultBinary:
		return "Browse"
	case id.BrowseNextResponse_Encoding_DefaultBinary:
		return "BrowseNext"
	case id.TranslateBrowsePathsToNodeIDsResponse_Encoding_DefaultBinary:
		return "TranslateBrowsePathsToNodeIds"
	case id.RegisterNodesResponse_Encoding_DefaultBinary:
		return "RegisterNodes"
	case id.UnregisterNodesResponse_Encoding_DefaultBinary:
		return "UnregisterNodes"
	case id.HistoryReadResponse_Encoding_DefaultBinary:
		return "HistoryRead"
	case id.HistoryUpdateResponse_Encoding_DefaultBinary:
		return "HistoryUpdate"
	case id.CreateSubscriptionResponse_Encoding_DefaultBinary:
		return "CreateSubscription"
	case id.CreateMonitoredItemsResponse_Encoding_DefaultBinary:
		return "CreateMonitoredItems"
	}
	return "Other"
}

// operations is how many there are in a request.
func operations(req ua.Request) int {
	switch r := req.(type) {
	case *ua.ReadRequest:
		return len(r.NodesToRead)
	case *writeRequest:
		return len(r.NodesToWrite)
	case *callRequest:
		return len(r.MethodsToCall)
	case *ua.CallRequest:
		return len(r.MethodsToCall)
	case *ua.BrowseRequest:
		return len(r.NodesToBrowse)
	case *ua.BrowseNextRequest:
		return len(r.ContinuationPoints)
	case *ua.TranslateBrowsePathsToNodeIDsRequest:
		return len(r.BrowsePaths)
	case *ua.RegisterNodesRequest:
		return len(r.NodesToRegister)
	case *ua.UnregisterNodesRequest:
		return len(r.NodesToUnregister)
	case *ua.HistoryReadRequest:
		return len(r.NodesToRead)
	case *ua.HistoryUpdateRequest:
		return len(r.HistoryUpdateDetails)
	case *ua.CreateMonitoredItemsRequest:
		return len(r.ItemsToCreate)
	}
	return 0
}
