package opcuatest

import (
	"time"

	"github.com/gopcua/opcua/ua"
)

// RawResponse is the body of a response to req, from its type on. It panics when gopcua cannot encode it.
func RawResponse(req ua.Request, response ua.Response) []byte {
	response.SetHeader(&ua.ResponseHeader{
		Timestamp: time.Now(), RequestHandle: req.Header().RequestHandle, ServiceResult: response.Header().ServiceResult,
		ServiceDiagnostics: &ua.DiagnosticInfo{}, StringTable: []string{}, AdditionalHeader: ua.NewExtensionObject(nil),
	})
	b, err := ua.Encode(response)
	if err != nil {
		panic(err)
	}
	id := ua.ServiceTypeID(response)
	return append([]byte{1, 0, byte(id), byte(id >> 8)}, b...)
}

// response is what a good server would say.
func (c *rawConn) response(req ua.Request) ua.Response {
	header := &ua.ResponseHeader{}
	noInfo := []*ua.DiagnosticInfo{}
	switch r := req.(type) {
	case *ua.OpenSecureChannelRequest:
		return &ua.OpenSecureChannelResponse{ResponseHeader: header, ServerNonce: []byte{}, SecurityToken: &ua.ChannelSecurityToken{
			ChannelID: rawChannel, TokenID: 1, CreatedAt: time.Now(), RevisedLifetime: r.RequestedLifetime,
		}}
	case *ua.GetEndpointsRequest:
		return &ua.GetEndpointsResponse{ResponseHeader: header, Endpoints: []*ua.EndpointDescription{{
			EndpointURL: r.EndpointURL, Server: &ua.ApplicationDescription{ApplicationURI: "urn:raw", ApplicationName: &ua.LocalizedText{}},
			SecurityMode: ua.MessageSecurityModeNone, SecurityPolicyURI: ua.SecurityPolicyURINone,
			UserIdentityTokens:  []*ua.UserTokenPolicy{{PolicyID: "anonymous"}},
			TransportProfileURI: "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary",
		}}}
	case *ua.CreateSessionRequest:
		return &ua.CreateSessionResponse{
			ResponseHeader: header, SessionID: ua.NewNumericNodeID(1, 1), AuthenticationToken: ua.NewNumericNodeID(1, 2), RevisedSessionTimeout: r.RequestedSessionTimeout,
			ServerEndpoints: []*ua.EndpointDescription{}, ServerSignature: &ua.SignatureData{},
		}
	case *ua.ActivateSessionRequest:
		return &ua.ActivateSessionResponse{ResponseHeader: header, Results: []ua.StatusCode{}, DiagnosticInfos: noInfo}
	case *ua.ReadRequest:
		results := make([]*ua.DataValue, len(r.NodesToRead))
		for i, n := range r.NodesToRead {
			results[i] = rawValue(n.NodeID)
		}
		return &ua.ReadResponse{ResponseHeader: header, Results: results, DiagnosticInfos: noInfo}
	case *ua.TranslateBrowsePathsToNodeIDsRequest:
		results := make([]*ua.BrowsePathResult, len(r.BrowsePaths))
		for i := range results {
			results[i] = &ua.BrowsePathResult{StatusCode: ua.StatusBadNoMatch, Targets: []*ua.BrowsePathTarget{}}
		}
		return &ua.TranslateBrowsePathsToNodeIDsResponse{ResponseHeader: header, Results: results, DiagnosticInfos: noInfo}
	case *ua.BrowseRequest:
		results := make([]*ua.BrowseResult, len(r.NodesToBrowse))
		for i := range results {
			results[i] = &ua.BrowseResult{References: []*ua.ReferenceDescription{}}
		}
		return &ua.BrowseResponse{ResponseHeader: header, Results: results, DiagnosticInfos: noInfo}
	}
	return c.subscriptionResponse(req)
}

func (c *rawConn) subscriptionResponse(req ua.Request) ua.Response {
	header := &ua.ResponseHeader{}
	noInfo := []*ua.DiagnosticInfo{}
	switch r := req.(type) {
	case *ua.CreateSubscriptionRequest:
		return &ua.CreateSubscriptionResponse{
			ResponseHeader: header, SubscriptionID: 1, RevisedPublishingInterval: r.RequestedPublishingInterval, RevisedLifetimeCount: r.RequestedLifetimeCount,
			RevisedMaxKeepAliveCount: r.RequestedMaxKeepAliveCount,
		}
	case *ua.CreateMonitoredItemsRequest:
		results := make([]*ua.MonitoredItemCreateResult, len(r.ItemsToCreate))
		for i, item := range r.ItemsToCreate {
			c.handles = append(c.handles, item.RequestedParameters.ClientHandle)
			results[i] = &ua.MonitoredItemCreateResult{MonitoredItemID: item.RequestedParameters.ClientHandle, FilterResult: ua.NewExtensionObject(nil)}
		}
		return &ua.CreateMonitoredItemsResponse{ResponseHeader: header, Results: results, DiagnosticInfos: noInfo}
	case *ua.PublishRequest:
		if len(c.handles) == 0 { // a keep-alive, with the number of the next one
			return &ua.PublishResponse{
				ResponseHeader: header, SubscriptionID: 1,
				NotificationMessage: &ua.NotificationMessage{SequenceNumber: c.number + 1, PublishTime: time.Now()},
			}
		}
		c.number++
		change := &ua.DataChangeNotification{MonitoredItems: []*ua.MonitoredItemNotification{}, DiagnosticInfos: noInfo}
		for _, h := range c.handles {
			change.MonitoredItems = append(change.MonitoredItems, &ua.MonitoredItemNotification{ClientHandle: h, Value: &ua.DataValue{
				EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(float64(c.number)), SourceTimestamp: time.Now(),
			}})
		}
		return &ua.PublishResponse{
			ResponseHeader: header, SubscriptionID: 1, AvailableSequenceNumbers: []uint32{}, Results: []ua.StatusCode{}, DiagnosticInfos: noInfo,
			NotificationMessage: &ua.NotificationMessage{SequenceNumber: c.number, PublishTime: time.Now(), NotificationData: []*ua.ExtensionObject{ua.NewExtensionObject(change)}},
		}
	}
	return &ua.ServiceFault{ResponseHeader: &ua.ResponseHeader{ServiceResult: ua.StatusBadServiceUnsupported}}
}

// rawValue is the value of a node: the namespaces of the server where it is asked for them, else a number.
func rawValue(id *ua.NodeID) *ua.DataValue {
	if id.Namespace() == 0 && id.IntID() == 2255 {
		return &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant([]string{"http://opcfoundation.org/UA/", "urn:raw"})}
	}
	if id.Namespace() == 0 {
		return &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(uint32(0))}
	}
	return &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(float64(1))}
}
