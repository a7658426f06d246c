package model

// The status codes of the standard (Part 6, A.2, as published by the OPC Foundation in StatusCode.csv).
const (
	StatusGood                                                            StatusCode = 0x00000000
	StatusGoodSubscriptionTransferred                                     StatusCode = 0x002D0000
	StatusGoodCompletesAsynchronously                                     StatusCode = 0x002E0000
	StatusGoodOverload                                                    StatusCode = 0x002F0000
	StatusGoodClamped                                                     StatusCode = 0x00300000
	StatusGoodLocalOverride                                               StatusCode = 0x00960000
	StatusGoodEntryInserted                                               StatusCode = 0x00A20000
	StatusGoodEntryReplaced                                               StatusCode = 0x00A30000
	StatusGoodNoData                                                      StatusCode = 0x00A50000
	StatusGoodMoreData                                                    StatusCode = 0x00A60000
	StatusGoodCommunicationEvent                                          StatusCode = 0x00A70000
	StatusGoodShutdownEvent                                               StatusCode = 0x00A80000
	StatusGoodCallAgain                                                   StatusCode = 0x00A90000
	StatusGoodNonCriticalTimeout                                          StatusCode = 0x00AA0000
	StatusGoodResultsMayBeIncomplete                                      StatusCode = 0x00BA0000
	StatusGoodDataIgnored                                                 StatusCode = 0x00D90000
	StatusGoodEdited                                                      StatusCode = 0x00DC0000
	StatusGoodPostActionFailed                                            StatusCode = 0x00DD0000
	StatusGoodRetransmissionQueueNotSupported                             StatusCode = 0x00DF0000
	StatusGoodDependentValueChanged                                       StatusCode = 0x00E00000
	StatusGoodEdited_DependentValueChanged                                StatusCode = 0x01160000
	StatusGoodEdited_DominantValueChanged                                 StatusCode = 0x01170000
	StatusGoodEdited_DominantValueChanged_DependentValueChanged           StatusCode = 0x01180000
	StatusGoodCascadeInitializationAcknowledged                           StatusCode = 0x04010000
	StatusGoodCascadeInitializationRequest                                StatusCode = 0x04020000
	StatusGoodCascadeNotInvited                                           StatusCode = 0x04030000
	StatusGoodCascadeNotSelected                                          StatusCode = 0x04040000
	StatusGoodFaultStateActive                                            StatusCode = 0x04070000
	StatusGoodInitiateFaultState                                          StatusCode = 0x04080000
	StatusGoodCascade                                                     StatusCode = 0x04090000
	StatusUncertain                                                       StatusCode = 0x40000000
	StatusUncertainReferenceOutOfServer                                   StatusCode = 0x406C0000
	StatusUncertainNoCommunicationLastUsableValue                         StatusCode = 0x408F0000
	StatusUncertainLastUsableValue                                        StatusCode = 0x40900000
	StatusUncertainSubstituteValue                                        StatusCode = 0x40910000
	StatusUncertainInitialValue                                           StatusCode = 0x40920000
	StatusUncertainSensorNotAccurate                                      StatusCode = 0x40930000
	StatusUncertainEngineeringUnitsExceeded                               StatusCode = 0x40940000
	StatusUncertainSubNormal                                              StatusCode = 0x40950000
	StatusUncertainDataSubNormal                                          StatusCode = 0x40A40000
	StatusUncertainReferenceNotDeleted                                    StatusCode = 0x40BC0000
	StatusUncertainNotAllNodesAvailable                                   StatusCode = 0x40C00000
	StatusUncertainDominantValueChanged                                   StatusCode = 0x40DE0000
	StatusUncertainDependentValueChanged                                  StatusCode = 0x40E20000
	StatusUncertainTransducerInManual                                     StatusCode = 0x42080000
	StatusUncertainSimulatedValue                                         StatusCode = 0x42090000
	StatusUncertainSensorCalibration                                      StatusCode = 0x420A0000
	StatusUncertainConfigurationError                                     StatusCode = 0x420F0000
	StatusBad                                                             StatusCode = 0x80000000
	StatusBadUnexpectedError                                              StatusCode = 0x80010000
	StatusBadInternalError                                                StatusCode = 0x80020000
	StatusBadOutOfMemory                                                  StatusCode = 0x80030000
	StatusBadResourceUnavailable                                          StatusCode = 0x80040000
	StatusBadCommunicationError                                           StatusCode = 0x80050000
	StatusBadEncodingError                                                StatusCode = 0x80060000
	StatusBadDecodingError                                                StatusCode = 0x80070000
	StatusBadEncodingLimitsExceeded                                       StatusCode = 0x80080000
	StatusBadUnknownResponse                                              StatusCode = 0x80090000
	StatusBadTimeout                                                      StatusCode = 0x800A0000
	StatusBadServiceUnsupported                                           StatusCode = 0x800B0000
	StatusBadShutdown                                                     StatusCode = 0x800C0000
	StatusBadServerNotConnected                                           StatusCode = 0x800D0000
	StatusBadServerHalted                                                 StatusCode = 0x800E0000
	StatusBadNothingToDo                                                  StatusCode = 0x800F0000
	StatusBadTooManyOperations                                            StatusCode = 0x80100000
	StatusBadDataTypeIdUnknown                                            StatusCode = 0x80110000
	StatusBadCertificateInvalid                                           StatusCode = 0x80120000
	StatusBadSecurityChecksFailed                                         StatusCode = 0x80130000
	StatusBadCertificateTimeInvalid                                       StatusCode = 0x80140000
	StatusBadCertificateIssuerTimeInvalid                                 StatusCode = 0x80150000
	StatusBadCertificateHostNameInvalid                                   StatusCode = 0x80160000
	StatusBadCertificateUriInvalid                                        StatusCode = 0x80170000
	StatusBadCertificateUseNotAllowed                                     StatusCode = 0x80180000
	StatusBadCertificateIssuerUseNotAllowed                               StatusCode = 0x80190000
	StatusBadCertificateUntrusted                                         StatusCode = 0x801A0000
	StatusBadCertificateRevocationUnknown                                 StatusCode = 0x801B0000
	StatusBadCertificateIssuerRevocationUnknown                           StatusCode = 0x801C0000
	StatusBadCertificateRevoked                                           StatusCode = 0x801D0000
	StatusBadCertificateIssuerRevoked                                     StatusCode = 0x801E0000
	StatusBadUserAccessDenied                                             StatusCode = 0x801F0000
	StatusBadIdentityTokenInvalid                                         StatusCode = 0x80200000
	StatusBadIdentityTokenRejected                                        StatusCode = 0x80210000
	StatusBadSecureChannelIdInvalid                                       StatusCode = 0x80220000
	StatusBadInvalidTimestamp                                             StatusCode = 0x80230000
	StatusBadNonceInvalid                                                 StatusCode = 0x80240000
	StatusBadSessionIdInvalid                                             StatusCode = 0x80250000
	StatusBadSessionClosed                                                StatusCode = 0x80260000
	StatusBadSessionNotActivated                                          StatusCode = 0x80270000
	StatusBadSubscriptionIdInvalid                                        StatusCode = 0x80280000
	StatusBadRequestHeaderInvalid                                         StatusCode = 0x802A0000
	StatusBadTimestampsToReturnInvalid                                    StatusCode = 0x802B0000
	StatusBadRequestCancelledByClient                                     StatusCode = 0x802C0000
	StatusBadNoCommunication                                              StatusCode = 0x80310000
	StatusBadWaitingForInitialData                                        StatusCode = 0x80320000
	StatusBadNodeIdInvalid                                                StatusCode = 0x80330000
	StatusBadNodeIdUnknown                                                StatusCode = 0x80340000
	StatusBadAttributeIdInvalid                                           StatusCode = 0x80350000
	StatusBadIndexRangeInvalid                                            StatusCode = 0x80360000
	StatusBadIndexRangeNoData                                             StatusCode = 0x80370000
	StatusBadDataEncodingInvalid                                          StatusCode = 0x80380000
	StatusBadDataEncodingUnsupported                                      StatusCode = 0x80390000
	StatusBadNotReadable                                                  StatusCode = 0x803A0000
	StatusBadNotWritable                                                  StatusCode = 0x803B0000
	StatusBadOutOfRange                                                   StatusCode = 0x803C0000
	StatusBadNotSupported                                                 StatusCode = 0x803D0000
	StatusBadNotFound                                                     StatusCode = 0x803E0000
	StatusBadObjectDeleted                                                StatusCode = 0x803F0000
	StatusBadNotImplemented                                               StatusCode = 0x80400000
	StatusBadMonitoringModeInvalid                                        StatusCode = 0x80410000
	StatusBadMonitoredItemIdInvalid                                       StatusCode = 0x80420000
	StatusBadMonitoredItemFilterInvalid                                   StatusCode = 0x80430000
	StatusBadMonitoredItemFilterUnsupported                               StatusCode = 0x80440000
	StatusBadFilterNotAllowed                                             StatusCode = 0x80450000
	StatusBadStructureMissing                                             StatusCode = 0x80460000
	StatusBadEventFilterInvalid                                           StatusCode = 0x80470000
	StatusBadContentFilterInvalid                                         StatusCode = 0x80480000
	StatusBadFilterOperandInvalid                                         StatusCode = 0x80490000
	StatusBadContinuationPointInvalid                                     StatusCode = 0x804A0000
	StatusBadNoContinuationPoints                                         StatusCode = 0x804B0000
	StatusBadReferenceTypeIdInvalid                                       StatusCode = 0x804C0000
	StatusBadBrowseDirectionInvalid                                       StatusCode = 0x804D0000
	StatusBadNodeNotInView                                                StatusCode = 0x804E0000
	StatusBadServerUriInvalid                                             StatusCode = 0x804F0000
	StatusBadServerNameMissing                                            StatusCode = 0x80500000
	StatusBadDiscoveryUrlMissing                                          StatusCode = 0x80510000
	StatusBadSempahoreFileMissing                                         StatusCode = 0x80520000
	StatusBadRequestTypeInvalid                                           StatusCode = 0x80530000
	StatusBadSecurityModeRejected                                         StatusCode = 0x80540000
	StatusBadSecurityPolicyRejected                                       StatusCode = 0x80550000
	StatusBadTooManySessions                                              StatusCode = 0x80560000
	StatusBadUserSignatureInvalid                                         StatusCode = 0x80570000
	StatusBadApplicationSignatureInvalid                                  StatusCode = 0x80580000
	StatusBadNoValidCertificates                                          StatusCode = 0x80590000
	StatusBadRequestCancelledByRequest                                    StatusCode = 0x805A0000
	StatusBadParentNodeIdInvalid                                          StatusCode = 0x805B0000
	StatusBadReferenceNotAllowed                                          StatusCode = 0x805C0000
	StatusBadNodeIdRejected                                               StatusCode = 0x805D0000
	StatusBadNodeIdExists                                                 StatusCode = 0x805E0000
	StatusBadNodeClassInvalid                                             StatusCode = 0x805F0000
	StatusBadBrowseNameInvalid                                            StatusCode = 0x80600000
	StatusBadBrowseNameDuplicated                                         StatusCode = 0x80610000
	StatusBadNodeAttributesInvalid                                        StatusCode = 0x80620000
	StatusBadTypeDefinitionInvalid                                        StatusCode = 0x80630000
	StatusBadSourceNodeIdInvalid                                          StatusCode = 0x80640000
	StatusBadTargetNodeIdInvalid                                          StatusCode = 0x80650000
	StatusBadDuplicateReferenceNotAllowed                                 StatusCode = 0x80660000
	StatusBadInvalidSelfReference                                         StatusCode = 0x80670000
	StatusBadReferenceLocalOnly                                           StatusCode = 0x80680000
	StatusBadNoDeleteRights                                               StatusCode = 0x80690000
	StatusBadServerIndexInvalid                                           StatusCode = 0x806A0000
	StatusBadViewIdUnknown                                                StatusCode = 0x806B0000
	StatusBadTooManyMatches                                               StatusCode = 0x806D0000
	StatusBadQueryTooComplex                                              StatusCode = 0x806E0000
	StatusBadNoMatch                                                      StatusCode = 0x806F0000
	StatusBadMaxAgeInvalid                                                StatusCode = 0x80700000
	StatusBadHistoryOperationInvalid                                      StatusCode = 0x80710000
	StatusBadHistoryOperationUnsupported                                  StatusCode = 0x80720000
	StatusBadWriteNotSupported                                            StatusCode = 0x80730000
	StatusBadTypeMismatch                                                 StatusCode = 0x80740000
	StatusBadMethodInvalid                                                StatusCode = 0x80750000
	StatusBadArgumentsMissing                                             StatusCode = 0x80760000
	StatusBadTooManySubscriptions                                         StatusCode = 0x80770000
	StatusBadTooManyPublishRequests                                       StatusCode = 0x80780000
	StatusBadNoSubscription                                               StatusCode = 0x80790000
	StatusBadSequenceNumberUnknown                                        StatusCode = 0x807A0000
	StatusBadMessageNotAvailable                                          StatusCode = 0x807B0000
	StatusBadInsufficientClientProfile                                    StatusCode = 0x807C0000
	StatusBadTcpServerTooBusy                                             StatusCode = 0x807D0000
	StatusBadTcpMessageTypeInvalid                                        StatusCode = 0x807E0000
	StatusBadTcpSecureChannelUnknown                                      StatusCode = 0x807F0000
	StatusBadTcpMessageTooLarge                                           StatusCode = 0x80800000
	StatusBadTcpNotEnoughResources                                        StatusCode = 0x80810000
	StatusBadTcpInternalError                                             StatusCode = 0x80820000
	StatusBadTcpEndpointUrlInvalid                                        StatusCode = 0x80830000
	StatusBadRequestInterrupted                                           StatusCode = 0x80840000
	StatusBadRequestTimeout                                               StatusCode = 0x80850000
	StatusBadSecureChannelClosed                                          StatusCode = 0x80860000
	StatusBadSecureChannelTokenUnknown                                    StatusCode = 0x80870000
	StatusBadSequenceNumberInvalid                                        StatusCode = 0x80880000
	StatusBadConfigurationError                                           StatusCode = 0x80890000
	StatusBadNotConnected                                                 StatusCode = 0x808A0000
	StatusBadDeviceFailure                                                StatusCode = 0x808B0000
	StatusBadSensorFailure                                                StatusCode = 0x808C0000
	StatusBadOutOfService                                                 StatusCode = 0x808D0000
	StatusBadDeadbandFilterInvalid                                        StatusCode = 0x808E0000
	StatusBadRefreshInProgress                                            StatusCode = 0x80970000
	StatusBadConditionAlreadyDisabled                                     StatusCode = 0x80980000
	StatusBadConditionDisabled                                            StatusCode = 0x80990000
	StatusBadEventIdUnknown                                               StatusCode = 0x809A0000
	StatusBadNoData                                                       StatusCode = 0x809B0000
	StatusBadDataLost                                                     StatusCode = 0x809D0000
	StatusBadDataUnavailable                                              StatusCode = 0x809E0000
	StatusBadEntryExists                                                  StatusCode = 0x809F0000
	StatusBadNoEntryExists                                                StatusCode = 0x80A00000
	StatusBadTimestampNotSupported                                        StatusCode = 0x80A10000
	StatusBadInvalidArgument                                              StatusCode = 0x80AB0000
	StatusBadConnectionRejected                                           StatusCode = 0x80AC0000
	StatusBadDisconnect                                                   StatusCode = 0x80AD0000
	StatusBadConnectionClosed                                             StatusCode = 0x80AE0000
	StatusBadInvalidState                                                 StatusCode = 0x80AF0000
	StatusBadEndOfStream                                                  StatusCode = 0x80B00000
	StatusBadNoDataAvailable                                              StatusCode = 0x80B10000
	StatusBadWaitingForResponse                                           StatusCode = 0x80B20000
	StatusBadOperationAbandoned                                           StatusCode = 0x80B30000
	StatusBadExpectedStreamToBlock                                        StatusCode = 0x80B40000
	StatusBadWouldBlock                                                   StatusCode = 0x80B50000
	StatusBadSyntaxError                                                  StatusCode = 0x80B60000
	StatusBadMaxConnectionsReached                                        StatusCode = 0x80B70000
	StatusBadRequestTooLarge                                              StatusCode = 0x80B80000
	StatusBadResponseTooLarge                                             StatusCode = 0x80B90000
	StatusBadEventNotAcknowledgeable                                      StatusCode = 0x80BB0000
	StatusBadInvalidTimestampArgument                                     StatusCode = 0x80BD0000
	StatusBadProtocolVersionUnsupported                                   StatusCode = 0x80BE0000
	StatusBadStateNotActive                                               StatusCode = 0x80BF0000
	StatusBadFilterOperatorInvalid                                        StatusCode = 0x80C10000
	StatusBadFilterOperatorUnsupported                                    StatusCode = 0x80C20000
	StatusBadFilterOperandCountMismatch                                   StatusCode = 0x80C30000
	StatusBadFilterElementInvalid                                         StatusCode = 0x80C40000
	StatusBadFilterLiteralInvalid                                         StatusCode = 0x80C50000
	StatusBadIdentityChangeNotSupported                                   StatusCode = 0x80C60000
	StatusBadNotTypeDefinition                                            StatusCode = 0x80C80000
	StatusBadViewTimestampInvalid                                         StatusCode = 0x80C90000
	StatusBadViewParameterMismatch                                        StatusCode = 0x80CA0000
	StatusBadViewVersionInvalid                                           StatusCode = 0x80CB0000
	StatusBadConditionAlreadyEnabled                                      StatusCode = 0x80CC0000
	StatusBadDialogNotActive                                              StatusCode = 0x80CD0000
	StatusBadDialogResponseInvalid                                        StatusCode = 0x80CE0000
	StatusBadConditionBranchAlreadyAcked                                  StatusCode = 0x80CF0000
	StatusBadConditionBranchAlreadyConfirmed                              StatusCode = 0x80D00000
	StatusBadConditionAlreadyShelved                                      StatusCode = 0x80D10000
	StatusBadConditionNotShelved                                          StatusCode = 0x80D20000
	StatusBadShelvingTimeOutOfRange                                       StatusCode = 0x80D30000
	StatusBadAggregateListMismatch                                        StatusCode = 0x80D40000
	StatusBadAggregateNotSupported                                        StatusCode = 0x80D50000
	StatusBadAggregateInvalidInputs                                       StatusCode = 0x80D60000
	StatusBadBoundNotFound                                                StatusCode = 0x80D70000
	StatusBadBoundNotSupported                                            StatusCode = 0x80D80000
	StatusBadAggregateConfigurationRejected                               StatusCode = 0x80DA0000
	StatusBadTooManyMonitoredItems                                        StatusCode = 0x80DB0000
	StatusBadDominantValueChanged                                         StatusCode = 0x80E10000
	StatusBadDependentValueChanged                                        StatusCode = 0x80E30000
	StatusBadRequestNotAllowed                                            StatusCode = 0x80E40000
	StatusBadTooManyArguments                                             StatusCode = 0x80E50000
	StatusBadSecurityModeInsufficient                                     StatusCode = 0x80E60000
	StatusBadDataSetIdInvalid                                             StatusCode = 0x80E70000
	StatusBadTransactionPending                                           StatusCode = 0x80E80000
	StatusBadLocked                                                       StatusCode = 0x80E90000
	StatusBadCertificateChainIncomplete                                   StatusCode = 0x810D0000
	StatusBadLicenseExpired                                               StatusCode = 0x810E0000
	StatusBadLicenseLimitsExceeded                                        StatusCode = 0x810F0000
	StatusBadLicenseNotAvailable                                          StatusCode = 0x81100000
	StatusBadNotExecutable                                                StatusCode = 0x81110000
	StatusBadNumericOverflow                                              StatusCode = 0x81120000
	StatusBadRequestNotComplete                                           StatusCode = 0x81130000
	StatusBadCertificatePolicyCheckFailed                                 StatusCode = 0x81140000
	StatusBadAlreadyExists                                                StatusCode = 0x81150000
	StatusBadEdited_OutOfRange                                            StatusCode = 0x81190000
	StatusBadInitialValue_OutOfRange                                      StatusCode = 0x811A0000
	StatusBadOutOfRange_DominantValueChanged                              StatusCode = 0x811B0000
	StatusBadEdited_OutOfRange_DominantValueChanged                       StatusCode = 0x811C0000
	StatusBadOutOfRange_DominantValueChanged_DependentValueChanged        StatusCode = 0x811D0000
	StatusBadEdited_OutOfRange_DominantValueChanged_DependentValueChanged StatusCode = 0x811E0000
	StatusBadTicketRequired                                               StatusCode = 0x811F0000
	StatusBadTicketInvalid                                                StatusCode = 0x81200000
)

// statusCodes names the codes, in order of their numbers.
var statusCodes = [...]struct {
	code uint32
	name string
}{
	{0x00000000, "Good"},
	{0x002D0000, "GoodSubscriptionTransferred"},
	{0x002E0000, "GoodCompletesAsynchronously"},
	{0x002F0000, "GoodOverload"},
	{0x00300000, "GoodClamped"},
	{0x00960000, "GoodLocalOverride"},
	{0x00A20000, "GoodEntryInserted"},
	{0x00A30000, "GoodEntryReplaced"},
	{0x00A50000, "GoodNoData"},
	{0x00A60000, "GoodMoreData"},
	{0x00A70000, "GoodCommunicationEvent"},
	{0x00A80000, "GoodShutdownEvent"},
	{0x00A90000, "GoodCallAgain"},
	{0x00AA0000, "GoodNonCriticalTimeout"},
	{0x00BA0000, "GoodResultsMayBeIncomplete"},
	{0x00D90000, "GoodDataIgnored"},
	{0x00DC0000, "GoodEdited"},
	{0x00DD0000, "GoodPostActionFailed"},
	{0x00DF0000, "GoodRetransmissionQueueNotSupported"},
	{0x00E00000, "GoodDependentValueChanged"},
	{0x01160000, "GoodEdited_DependentValueChanged"},
	{0x01170000, "GoodEdited_DominantValueChanged"},
	{0x01180000, "GoodEdited_DominantValueChanged_DependentValueChanged"},
	{0x04010000, "GoodCascadeInitializationAcknowledged"},
	{0x04020000, "GoodCascadeInitializationRequest"},
	{0x04030000, "GoodCascadeNotInvited"},
	{0x04040000, "GoodCascadeNotSelected"},
	{0x04070000, "GoodFaultStateActive"},
	{0x04080000, "GoodInitiateFaultState"},
	{0x04090000, "GoodCascade"},
	{0x40000000, "Uncertain"},
	{0x406C0000, "UncertainReferenceOutOfServer"},
	{0x408F0000, "UncertainNoCommunicationLastUsableValue"},
	{0x40900000, "UncertainLastUsableValue"},
	{0x40910000, "UncertainSubstituteValue"},
	{0x40920000, "UncertainInitialValue"},
	{0x40930000, "UncertainSensorNotAccurate"},
	{0x40940000, "UncertainEngineeringUnitsExceeded"},
	{0x40950000, "UncertainSubNormal"},
	{0x40A40000, "UncertainDataSubNormal"},
	{0x40BC0000, "UncertainReferenceNotDeleted"},
	{0x40C00000, "UncertainNotAllNodesAvailable"},
	{0x40DE0000, "UncertainDominantValueChanged"},
	{0x40E20000, "UncertainDependentValueChanged"},
	{0x42080000, "UncertainTransducerInManual"},
	{0x42090000, "UncertainSimulatedValue"},
	{0x420A0000, "UncertainSensorCalibration"},
	{0x420F0000, "UncertainConfigurationError"},
	{0x80000000, "Bad"},
	{0x80010000, "BadUnexpectedError"},
	{0x80020000, "BadInternalError"},
	{0x80030000, "BadOutOfMemory"},
	{0x80040000, "BadResourceUnavailable"},
	{0x80050000, "BadCommunicationError"},
	{0x80060000, "BadEncodingError"},
	{0x80070000, "BadDecodingError"},
	{0x80080000, "BadEncodingLimitsExceeded"},
	{0x80090000, "BadUnknownResponse"},
	{0x800A0000, "BadTimeout"},
	{0x800B0000, "BadServiceUnsupported"},
	{0x800C0000, "BadShutdown"},
	{0x800D0000, "BadServerNotConnected"},
	{0x800E0000, "BadServerHalted"},
	{0x800F0000, "BadNothingToDo"},
	{0x80100000, "BadTooManyOperations"},
	{0x80110000, "BadDataTypeIdUnknown"},
	{0x80120000, "BadCertificateInvalid"},
	{0x80130000, "BadSecurityChecksFailed"},
	{0x80140000, "BadCertificateTimeInvalid"},
	{0x80150000, "BadCertificateIssuerTimeInvalid"},
	{0x80160000, "BadCertificateHostNameInvalid"},
	{0x80170000, "BadCertificateUriInvalid"},
	{0x80180000, "BadCertificateUseNotAllowed"},
	{0x80190000, "BadCertificateIssuerUseNotAllowed"},
	{0x801A0000, "BadCertificateUntrusted"},
	{0x801B0000, "BadCertificateRevocationUnknown"},
	{0x801C0000, "BadCertificateIssuerRevocationUnknown"},
	{0x801D0000, "BadCertificateRevoked"},
	{0x801E0000, "BadCertificateIssuerRevoked"},
	{0x801F0000, "BadUserAccessDenied"},
	{0x80200000, "BadIdentityTokenInvalid"},
	{0x80210000, "BadIdentityTokenRejected"},
	{0x80220000, "BadSecureChannelIdInvalid"},
	{0x80230000, "BadInvalidTimestamp"},
	{0x80240000, "BadNonceInvalid"},
	{0x80250000, "BadSessionIdInvalid"},
	{0x80260000, "BadSessionClosed"},
	{0x80270000, "BadSessionNotActivated"},
	{0x80280000, "BadSubscriptionIdInvalid"},
	{0x802A0000, "BadRequestHeaderInvalid"},
	{0x802B0000, "BadTimestampsToReturnInvalid"},
	{0x802C0000, "BadRequestCancelledByClient"},
	{0x80310000, "BadNoCommunication"},
	{0x80320000, "BadWaitingForInitialData"},
	{0x80330000, "BadNodeIdInvalid"},
	{0x80340000, "BadNodeIdUnknown"},
	{0x80350000, "BadAttributeIdInvalid"},
	{0x80360000, "BadIndexRangeInvalid"},
	{0x80370000, "BadIndexRangeNoData"},
	{0x80380000, "BadDataEncodingInvalid"},
	{0x80390000, "BadDataEncodingUnsupported"},
	{0x803A0000, "BadNotReadable"},
	{0x803B0000, "BadNotWritable"},
	{0x803C0000, "BadOutOfRange"},
	{0x803D0000, "BadNotSupported"},
	{0x803E0000, "BadNotFound"},
	{0x803F0000, "BadObjectDeleted"},
	{0x80400000, "BadNotImplemented"},
	{0x80410000, "BadMonitoringModeInvalid"},
	{0x80420000, "BadMonitoredItemIdInvalid"},
	{0x80430000, "BadMonitoredItemFilterInvalid"},
	{0x80440000, "BadMonitoredItemFilterUnsupported"},
	{0x80450000, "BadFilterNotAllowed"},
	{0x80460000, "BadStructureMissing"},
	{0x80470000, "BadEventFilterInvalid"},
	{0x80480000, "BadContentFilterInvalid"},
	{0x80490000, "BadFilterOperandInvalid"},
	{0x804A0000, "BadContinuationPointInvalid"},
	{0x804B0000, "BadNoContinuationPoints"},
	{0x804C0000, "BadReferenceTypeIdInvalid"},
	{0x804D0000, "BadBrowseDirectionInvalid"},
	{0x804E0000, "BadNodeNotInView"},
	{0x804F0000, "BadServerUriInvalid"},
	{0x80500000, "BadServerNameMissing"},
	{0x80510000, "BadDiscoveryUrlMissing"},
	{0x80520000, "BadSempahoreFileMissing"},
	{0x80530000, "BadRequestTypeInvalid"},
	{0x80540000, "BadSecurityModeRejected"},
	{0x80550000, "BadSecurityPolicyRejected"},
	{0x80560000, "BadTooManySessions"},
	{0x80570000, "BadUserSignatureInvalid"},
	{0x80580000, "BadApplicationSignatureInvalid"},
	{0x80590000, "BadNoValidCertificates"},
	{0x805A0000, "BadRequestCancelledByRequest"},
	{0x805B0000, "BadParentNodeIdInvalid"},
	{0x805C0000, "BadReferenceNotAllowed"},
	{0x805D0000, "BadNodeIdRejected"},
	{0x805E0000, "BadNodeIdExists"},
	{0x805F0000, "BadNodeClassInvalid"},
	{0x80600000, "BadBrowseNameInvalid"},
	{0x80610000, "BadBrowseNameDuplicated"},
	{0x80620000, "BadNodeAttributesInvalid"},
	{0x80630000, "BadTypeDefinitionInvalid"},
	{0x80640000, "BadSourceNodeIdInvalid"},
	{0x80650000, "BadTargetNodeIdInvalid"},
	{0x80660000, "BadDuplicateReferenceNotAllowed"},
	{0x80670000, "BadInvalidSelfReference"},
	{0x80680000, "BadReferenceLocalOnly"},
	{0x80690000, "BadNoDeleteRights"},
	{0x806A0000, "BadServerIndexInvalid"},
	{0x806B0000, "BadViewIdUnknown"},
	{0x806D0000, "BadTooManyMatches"},
	{0x806E0000, "BadQueryTooComplex"},
	{0x806F0000, "BadNoMatch"},
	{0x80700000, "BadMaxAgeInvalid"},
	{0x80710000, "BadHistoryOperationInvalid"},
	{0x80720000, "BadHistoryOperationUnsupported"},
	{0x80730000, "BadWriteNotSupported"},
	{0x80740000, "BadTypeMismatch"},
	{0x80750000, "BadMethodInvalid"},
	{0x80760000, "BadArgumentsMissing"},
	{0x80770000, "BadTooManySubscriptions"},
	{0x80780000, "BadTooManyPublishRequests"},
	{0x80790000, "BadNoSubscription"},
	{0x807A0000, "BadSequenceNumberUnknown"},
	{0x807B0000, "BadMessageNotAvailable"},
	{0x807C0000, "BadInsufficientClientProfile"},
	{0x807D0000, "BadTcpServerTooBusy"},
	{0x807E0000, "BadTcpMessageTypeInvalid"},
	{0x807F0000, "BadTcpSecureChannelUnknown"},
	{0x80800000, "BadTcpMessageTooLarge"},
	{0x80810000, "BadTcpNotEnoughResources"},
	{0x80820000, "BadTcpInternalError"},
	{0x80830000, "BadTcpEndpointUrlInvalid"},
	{0x80840000, "BadRequestInterrupted"},
	{0x80850000, "BadRequestTimeout"},
	{0x80860000, "BadSecureChannelClosed"},
	{0x80870000, "BadSecureChannelTokenUnknown"},
	{0x80880000, "BadSequenceNumberInvalid"},
	{0x80890000, "BadConfigurationError"},
	{0x808A0000, "BadNotConnected"},
	{0x808B0000, "BadDeviceFailure"},
	{0x808C0000, "BadSensorFailure"},
	{0x808D0000, "BadOutOfService"},
	{0x808E0000, "BadDeadbandFilterInvalid"},
	{0x80970000, "BadRefreshInProgress"},
	{0x80980000, "BadConditionAlreadyDisabled"},
	{0x80990000, "BadConditionDisabled"},
	{0x809A0000, "BadEventIdUnknown"},
	{0x809B0000, "BadNoData"},
	{0x809D0000, "BadDataLost"},
	{0x809E0000, "BadDataUnavailable"},
	{0x809F0000, "BadEntryExists"},
	{0x80A00000, "BadNoEntryExists"},
	{0x80A10000, "BadTimestampNotSupported"},
	{0x80AB0000, "BadInvalidArgument"},
	{0x80AC0000, "BadConnectionRejected"},
	{0x80AD0000, "BadDisconnect"},
	{0x80AE0000, "BadConnectionClosed"},
	{0x80AF0000, "BadInvalidState"},
	{0x80B00000, "BadEndOfStream"},
	{0x80B10000, "BadNoDataAvailable"},
	{0x80B20000, "BadWaitingForResponse"},
	{0x80B30000, "BadOperationAbandoned"},
	{0x80B40000, "BadExpectedStreamToBlock"},
	{0x80B50000, "BadWouldBlock"},
	{0x80B60000, "BadSyntaxError"},
	{0x80B70000, "BadMaxConnectionsReached"},
	{0x80B80000, "BadRequestTooLarge"},
	{0x80B90000, "BadResponseTooLarge"},
	{0x80BB0000, "BadEventNotAcknowledgeable"},
	{0x80BD0000, "BadInvalidTimestampArgument"},
	{0x80BE0000, "BadProtocolVersionUnsupported"},
	{0x80BF0000, "BadStateNotActive"},
	{0x80C10000, "BadFilterOperatorInvalid"},
	{0x80C20000, "BadFilterOperatorUnsupported"},
	{0x80C30000, "BadFilterOperandCountMismatch"},
	{0x80C40000, "BadFilterElementInvalid"},
	{0x80C50000, "BadFilterLiteralInvalid"},
	{0x80C60000, "BadIdentityChangeNotSupported"},
	{0x80C80000, "BadNotTypeDefinition"},
	{0x80C90000, "BadViewTimestampInvalid"},
	{0x80CA0000, "BadViewParameterMismatch"},
	{0x80CB0000, "BadViewVersionInvalid"},
	{0x80CC0000, "BadConditionAlreadyEnabled"},
	{0x80CD0000, "BadDialogNotActive"},
	{0x80CE0000, "BadDialogResponseInvalid"},
	{0x80CF0000, "BadConditionBranchAlreadyAcked"},
	{0x80D00000, "BadConditionBranchAlreadyConfirmed"},
	{0x80D10000, "BadConditionAlreadyShelved"},
	{0x80D20000, "BadConditionNotShelved"},
	{0x80D30000, "BadShelvingTimeOutOfRange"},
	{0x80D40000, "BadAggregateListMismatch"},
	{0x80D50000, "BadAggregateNotSupported"},
	{0x80D60000, "BadAggregateInvalidInputs"},
	{0x80D70000, "BadBoundNotFound"},
	{0x80D80000, "BadBoundNotSupported"},
	{0x80DA0000, "BadAggregateConfigurationRejected"},
	{0x80DB0000, "BadTooManyMonitoredItems"},
	{0x80E10000, "BadDominantValueChanged"},
	{0x80E30000, "BadDependentValueChanged"},
	{0x80E40000, "BadRequestNotAllowed"},
	{0x80E50000, "BadTooManyArguments"},
	{0x80E60000, "BadSecurityModeInsufficient"},
	{0x80E70000, "BadDataSetIdInvalid"},
	{0x80E80000, "BadTransactionPending"},
	{0x80E90000, "BadLocked"},
	{0x810D0000, "BadCertificateChainIncomplete"},
	{0x810E0000, "BadLicenseExpired"},
	{0x810F0000, "BadLicenseLimitsExceeded"},
	{0x81100000, "BadLicenseNotAvailable"},
	{0x81110000, "BadNotExecutable"},
	{0x81120000, "BadNumericOverflow"},
	{0x81130000, "BadRequestNotComplete"},
	{0x81140000, "BadCertificatePolicyCheckFailed"},
	{0x81150000, "BadAlreadyExists"},
	{0x81190000, "BadEdited_OutOfRange"},
	{0x811A0000, "BadInitialValue_OutOfRange"},
	{0x811B0000, "BadOutOfRange_DominantValueChanged"},
	{0x811C0000, "BadEdited_OutOfRange_DominantValueChanged"},
	{0x811D0000, "BadOutOfRange_DominantValueChanged_DependentValueChanged"},
	{0x811E0000, "BadEdited_OutOfRange_DominantValueChanged_DependentValueChanged"},
	{0x811F0000, "BadTicketRequired"},
	{0x81200000, "BadTicketInvalid"},
}
