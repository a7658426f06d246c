package opcua

import "github.com/gopcua/opcua/ua"

// Nodes of namespace 0 (Part 6, A.3) that this package asks for.
const (
	idNumber                      = 26
	idEnumeration                 = 29
	idReferences                  = 31
	idHierarchicalReferences      = 33
	idOrganizes                   = 35
	idHasEventSource              = 36
	idAggregates                  = 44
	idHasSubtype                  = 45
	idHasProperty                 = 46
	idHasComponent                = 47
	idHasNotifier                 = 48
	idHasOrderedComponent         = 49
	idRootFolder                  = 84
	idObjectsFolder               = 85
	idTypesFolder                 = 86
	idViewsFolder                 = 87
	idBaseEventType               = 2041
	idMaxBrowseContinuationPoints = 2735
	idNamespaceArray              = 2255
	idServer                      = 2253
	idServerStatusStartTime       = 2257
	idServerStatusState           = 2259
	idConditionType               = 2782
	idEventQueueOverflow          = 3035
	idGetMonitoredItems           = 11492
	idMaxNodesPerRead             = 11705
	idMaxNodesPerWrite            = 11707
	idMaxNodesPerMethodCall       = 11709
	idMaxNodesPerBrowse           = 11710
	idMaxNodesPerRegisterNodes    = 11711
	idMaxNodesPerTranslate        = 11712
	idMaxMonitoredItemsPerCall    = 11714

	idHasHistoricalConfiguration     = 56
	idHistoryServerCapabilities      = 11192
	idMaxHistoryContinuationPoints   = 2737
	idAggregateFunctions             = 2997  // of ServerCapabilities
	idHistoryAggregateFunctions      = 11201 // of HistoryServerCapabilities
	idMaxNodesPerHistoryReadData     = 12165
	idMaxNodesPerHistoryReadEvents   = 12166
	idMaxNodesPerHistoryUpdateData   = 12167
	idMaxNodesPerHistoryUpdateEvents = 12168
)

func ns0(id uint32) *ua.NodeID { return ua.NewNumericNodeID(0, id) }
