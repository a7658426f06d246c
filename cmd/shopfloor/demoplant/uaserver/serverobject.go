package uaserver

import (
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// bindServerObject gives the variables of the Server object (Part 5, 8.3.2) their values.
func (s *Server) bindServerObject() {
	constants := map[uint32]any{
		id.Server_NamespaceArray:                                                              s.space.namespaces,
		id.Server_ServerArray:                                                                 []string{s.cfg.ApplicationURI},
		id.Server_ServiceLevel:                                                                byte(255),
		id.Server_Auditing:                                                                    false,
		id.Server_ServerStatus_StartTime:                                                      s.started,
		id.Server_ServerStatus_State:                                                          int32(ua.ServerStateRunning),
		id.Server_ServerStatus_SecondsTillShutdown:                                            uint32(0),
		id.Server_ServerStatus_ShutdownReason:                                                 &ua.LocalizedText{},
		id.Server_ServerStatus_BuildInfo:                                                      ua.NewExtensionObject(s.buildInfo()),
		id.Server_ServerStatus_BuildInfo_ProductURI:                                           s.cfg.ProductURI,
		id.Server_ServerStatus_BuildInfo_ProductName:                                          s.cfg.ApplicationName,
		id.Server_ServerStatus_BuildInfo_ManufacturerName:                                     s.buildInfo().ManufacturerName,
		id.Server_ServerStatus_BuildInfo_SoftwareVersion:                                      "",
		id.Server_ServerStatus_BuildInfo_BuildNumber:                                          "",
		id.Server_ServerStatus_BuildInfo_BuildDate:                                            s.started,
		id.Server_ServerRedundancy_RedundancySupport:                                          int32(0),
		id.Server_ServerDiagnostics_EnabledFlag:                                               false,
		id.Server_ServerCapabilities_ServerProfileArray:                                       []string{"http://opcfoundation.org/UA-Profile/Server/EmbeddedUA2017"},
		id.Server_ServerCapabilities_LocaleIDArray:                                            []string{"en"},
		id.Server_ServerCapabilities_MinSupportedSampleRate:                                   float64(minSampling / time.Millisecond),
		id.Server_ServerCapabilities_MaxBrowseContinuationPoints:                              uint16(maxContinuationPoints),
		id.Server_ServerCapabilities_MaxQueryContinuationPoints:                               uint16(0),
		id.Server_ServerCapabilities_MaxHistoryContinuationPoints:                             uint16(0xffff),
		id.Server_ServerCapabilities_MaxArrayLength:                                           uint32(ua.MaxVariantArrayLength),
		id.Server_ServerCapabilities_MaxStringLength:                                          uint32(maxMessageSize),
		id.Server_ServerCapabilities_MaxByteStringLength:                                      uint32(maxMessageSize),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead:                          uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerWrite:                         uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse:                        uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerMethodCall:                    uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData:               uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerRegisterNodes:                 uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall:                 uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIDs: uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerNodeManagement:                uint32(0),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadEvents:             uint32(0),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryUpdateData:             uint32(maxOperations),
		id.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryUpdateEvents:           uint32(0),
		id.HistoryServerCapabilities_AccessHistoryDataCapability:                              true,
		id.HistoryServerCapabilities_AccessHistoryEventsCapability:                            false,
		id.HistoryServerCapabilities_InsertDataCapability:                                     true,
		id.HistoryServerCapabilities_ReplaceDataCapability:                                    true,
		id.HistoryServerCapabilities_UpdateDataCapability:                                     true,
		id.HistoryServerCapabilities_DeleteRawCapability:                                      true,
		id.HistoryServerCapabilities_DeleteAtTimeCapability:                                   true,
		id.HistoryServerCapabilities_InsertEventCapability:                                    false,
		id.HistoryServerCapabilities_ReplaceEventCapability:                                   false,
		id.HistoryServerCapabilities_UpdateEventCapability:                                    false,
		id.HistoryServerCapabilities_DeleteEventCapability:                                    false,
		id.HistoryServerCapabilities_InsertAnnotationCapability:                               false,
		id.HistoryServerCapabilities_MaxReturnDataValues:                                      uint32(maxHistoryValues),
	}
	for number, v := range constants {
		if n := s.space.Standard(number); n != nil && n.Variable != nil {
			n.Variable.Read = Constant(v)
		}
	}
	s.listAggregates()
	if n := s.space.Standard(id.Server_ServerStatus); n != nil {
		n.Variable.Read = s.status
	}
	if n := s.space.Standard(id.Server_ServerStatus_CurrentTime); n != nil {
		n.Variable.Read = func() *ua.DataValue { return valueAt(time.Now(), time.Now()) }
	}
}

func (s *Server) status() *ua.DataValue {
	now := time.Now()
	return valueAt(ua.NewExtensionObject(&ua.ServerStatusDataType{
		StartTime: s.started, CurrentTime: now, State: ua.ServerStateRunning, BuildInfo: s.buildInfo(), ShutdownReason: &ua.LocalizedText{},
	}), now)
}

func (s *Server) buildInfo() *ua.BuildInfo {
	return &ua.BuildInfo{ProductURI: s.cfg.ProductURI, ManufacturerName: "Shopfloor", ProductName: s.cfg.ApplicationName, BuildDate: s.started}
}

func valueAt(v any, t time.Time) *ua.DataValue {
	return &ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(v), SourceTimestamp: t}
}
