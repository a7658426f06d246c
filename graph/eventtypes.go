package graph

// standardEventTypes are the types of events that the schema has, each behind its supertype: BaseEventType and its subtypes of Part 5, 6.4, conditions and
// alarms of Part 9. Types that add no fields and that nobody asks for by name are left to their supertype: subtypes says which.
var standardEventTypes = []eventType{
	{name: "BaseEventType", id: idBaseEventType, subtypes: []uint32{2787, 2788, 2789, 3035}},

	{name: "SystemEventType", id: 2130, super: "BaseEventType", subtypes: []uint32{15535, 15548, 15563}, about: "Something of a system, or of the server itself (Part 5)."},
	{name: "DeviceFailureEventType", id: 2131, super: "SystemEventType", about: "A failure of a device (Part 5)."},
	{
		name: "SystemStatusChangeEventType", id: 11446, super: "SystemEventType", about: "The state of a system changed (Part 5).",
		fields: []eventField{{path: "SystemState", kind: "Int", about: "A ServerState: 0 Running, 1 Failed, 2 NoConfiguration, 3 Suspended, 4 Shutdown, 5 Test …"}},
	},
	{name: "BaseModelChangeEventType", id: 2132, super: "BaseEventType", about: "The address space changed (Part 5)."},
	{
		name: "GeneralModelChangeEventType", id: 2133, super: "BaseModelChangeEventType", about: "Nodes or references were added or deleted (Part 5).",
		fields: []eventField{{path: "Changes", kind: "Variant", about: "A list of ModelChangeStructureDataType."}},
	},
	{
		name: "SemanticChangeEventType", id: 2738, super: "BaseEventType", about: "What values mean changed, such as their unit (Part 5).",
		fields: []eventField{{path: "Changes", kind: "Variant", about: "A list of SemanticChangeStructureDataType."}},
	},
	{
		name: "ProgressEventType", id: 11436, super: "BaseEventType", about: "How far an operation is (Part 5).",
		fields: []eventField{{path: "Context", kind: "Variant"}, {path: "Progress", kind: "Int", about: "0 to 100 percent."}},
	},
	{
		name: "TransitionEventType", id: 2311, super: "BaseEventType", about: "A state machine went from one state to another (Part 16).",
		fields: []eventField{{path: "Transition", kind: "StateName"}, {path: "FromState", kind: "StateName"}, {path: "ToState", kind: "StateName"}},
	},
	{
		name: "ProgramTransitionEventType", id: 2378, super: "TransitionEventType", about: "A program went from one state to another (Part 10).",
		fields: []eventField{{path: "IntermediateResult", kind: "Variant"}},
	},

	{
		name: "ConditionType", id: idConditionType, super: "BaseEventType", about: "The state of a condition changed (Part 9).",
		fields: []eventField{
			{path: "ConditionClassId", kind: "NodeId"},
			{path: "ConditionClassName", kind: "LocalizedText"},
			{path: "ConditionName", kind: "String"},
			{path: "EnabledState", kind: "TwoStateVariable"},
			{path: "Quality", kind: "StatusCode", about: "Of the values that the condition goes by."},
			{path: "LastSeverity", kind: "Int"},
			{path: "Comment", kind: "LocalizedText"},
			{path: "ClientUserId", kind: "String", about: "Who commented, acknowledged or confirmed."},
		},
	},
	{
		name: "DialogConditionType", id: 2830, super: "ConditionType", about: "The server asks for an answer (Part 9).",
		fields: []eventField{
			{path: "DialogState", kind: "TwoStateVariable"},
			{path: "Prompt", kind: "LocalizedText"},
			{path: "ResponseOptionSet", kind: "[LocalizedText!]"},
			{path: "DefaultResponse", kind: "Int", about: "An index of responseOptionSet, as those that follow."},
			{path: "OkResponse", kind: "Int"},
			{path: "CancelResponse", kind: "Int"},
			{path: "LastResponse", kind: "Int"},
		},
	},
	{
		name: "AcknowledgeableConditionType", id: 2881, super: "ConditionType",
		about:  "The state of a condition that wants to be acknowledged changed (Part 9).",
		fields: []eventField{{path: "AckedState", kind: "TwoStateVariable"}, {path: "ConfirmedState", kind: "TwoStateVariable"}},
	},
	{
		name: "AlarmConditionType", id: idAlarmConditionType, super: "AcknowledgeableConditionType",
		about: "The state of an alarm changed (Part 9).",
		fields: []eventField{
			{path: "ActiveState", kind: "TwoStateVariable"},
			{path: "InputNode", kind: "NodeId", about: "The variable that the alarm watches."},
			{path: "SuppressedState", kind: "TwoStateVariable"},
			{path: "OutOfServiceState", kind: "TwoStateVariable"},
			{path: "ShelvingState", kind: "ShelvedStateMachine"},
			{path: "SuppressedOrShelved", kind: "Boolean"},
			{path: "MaxTimeShelved", kind: "Duration"},
			{path: "SilenceState", kind: "TwoStateVariable"},
			{path: "LatchedState", kind: "TwoStateVariable"},
		},
	},
	{
		name: "LimitAlarmType", id: 2955, super: "AlarmConditionType", about: "A value is beyond limits (Part 9).",
		fields: []eventField{
			{path: "HighHighLimit", kind: "Float"}, {path: "HighLimit", kind: "Float"}, {path: "LowLimit", kind: "Float"}, {path: "LowLowLimit", kind: "Float"},
		},
	},
	{
		name: "ExclusiveLimitAlarmType", id: 9341, super: "LimitAlarmType",
		about:  "A value is beyond one limit at a time (Part 9).",
		fields: []eventField{{path: "LimitState", kind: "LimitStateMachine"}},
	},
	{name: "ExclusiveLevelAlarmType", id: 9482, super: "ExclusiveLimitAlarmType", about: "A level is beyond a limit (Part 9)."},
	{
		name: "ExclusiveDeviationAlarmType", id: 9764, super: "ExclusiveLimitAlarmType", about: "A value is too far from its setpoint (Part 9).",
		fields: []eventField{{path: "SetpointNode", kind: "NodeId"}},
	},
	{name: "ExclusiveRateOfChangeAlarmType", id: 9623, super: "ExclusiveLimitAlarmType", about: "A value changes too fast or too slowly (Part 9)."},
	{
		name: "NonExclusiveLimitAlarmType", id: 9906, super: "LimitAlarmType",
		about: "A value is beyond several limits at a time (Part 9).",
		fields: []eventField{
			{path: "HighHighState", kind: "TwoStateVariable"},
			{path: "HighState", kind: "TwoStateVariable"},
			{path: "LowState", kind: "TwoStateVariable"},
			{path: "LowLowState", kind: "TwoStateVariable"},
		},
	},
	{name: "NonExclusiveLevelAlarmType", id: 10060, super: "NonExclusiveLimitAlarmType", about: "A level is beyond limits (Part 9)."},
	{
		name: "NonExclusiveDeviationAlarmType", id: 10368, super: "NonExclusiveLimitAlarmType", about: "A value is too far from its setpoint (Part 9).",
		fields: []eventField{{path: "SetpointNode", kind: "NodeId"}},
	},
	{name: "NonExclusiveRateOfChangeAlarmType", id: 10214, super: "NonExclusiveLimitAlarmType", about: "A value changes too fast or too slowly (Part 9)."},
	{name: "DiscreteAlarmType", id: 10523, super: "AlarmConditionType", about: "A value is in a state that it should not be in (Part 9)."},
	{
		name: "OffNormalAlarmType", id: 10637, super: "DiscreteAlarmType", about: "A value is not the normal one (Part 9).",
		fields: []eventField{{path: "NormalState", kind: "NodeId", about: "The variable that has the normal value."}},
	},
	{name: "SystemOffNormalAlarmType", id: 11753, super: "OffNormalAlarmType", subtypes: []uint32{19297}, about: "Something of the system is not normal (Part 9)."},
	{
		name: "CertificateExpirationAlarmType", id: 13225, super: "SystemOffNormalAlarmType", about: "A certificate ends soon (Part 9).",
		fields: []eventField{{path: "ExpirationDate", kind: "DateTime"}, {path: "ExpirationLimit", kind: "Duration"}, {path: "CertificateType", kind: "NodeId"}},
	},
	{name: "TripAlarmType", id: 10751, super: "OffNormalAlarmType", about: "A piece of equipment tripped (Part 9)."},
	{name: "InstrumentDiagnosticAlarmType", id: 18347, super: "OffNormalAlarmType", about: "A fault within a field device (Part 9)."},
	{name: "SystemDiagnosticAlarmType", id: 18496, super: "OffNormalAlarmType", about: "A fault within a system (Part 9)."},
	{
		name: "DiscrepancyAlarmType", id: 17080, super: "AlarmConditionType", about: "A value did not reach its target in time (Part 9).",
		fields: []eventField{{path: "TargetValueNode", kind: "NodeId"}, {path: "ExpectedTime", kind: "Duration"}, {path: "Tolerance", kind: "Float"}},
	},

	{
		name: "AuditEventType", id: 2052, super: "BaseEventType", subtypes: []uint32{23606, 23926, 12561, 12620},
		about: "Somebody did something to the server (Part 5).",
		fields: []eventField{
			{path: "ActionTimeStamp", kind: "DateTime"},
			{path: "Status", kind: "Boolean", about: "Whether it was done."},
			{path: "ServerId", kind: "String"},
			{path: "ClientAuditEntryId", kind: "String"},
			{path: "ClientUserId", kind: "String"},
		},
	},
	{
		name: "AuditSecurityEventType", id: 2058, super: "AuditEventType", about: "Something of security (Part 5).",
		fields: []eventField{{path: "StatusCodeId", kind: "StatusCode"}},
	},
	{
		name: "AuditChannelEventType", id: 2059, super: "AuditSecurityEventType", about: "Something of a secure channel (Part 5).",
		fields: []eventField{{path: "SecureChannelId", kind: "String"}},
	},
	{
		name: "AuditOpenSecureChannelEventType", id: 2060, super: "AuditChannelEventType", about: "A secure channel was opened (Part 5).",
		fields: []eventField{
			{path: "ClientCertificateThumbprint", kind: "String"},
			{path: "SecurityPolicyUri", kind: "String"},
			{path: "SecurityMode", kind: "Int"},
			{path: "RequestedLifetime", kind: "Duration"},
		},
	},
	{
		name: "AuditSessionEventType", id: 2069, super: "AuditSecurityEventType", about: "Something of a session (Part 5).",
		fields: []eventField{{path: "SessionId", kind: "NodeId"}},
	},
	{
		name: "AuditCreateSessionEventType", id: 2071, super: "AuditSessionEventType", subtypes: []uint32{2748}, about: "A session was created (Part 5).",
		fields: []eventField{
			{path: "SecureChannelId", kind: "String"}, {path: "ClientCertificateThumbprint", kind: "String"}, {path: "RevisedSessionTimeout", kind: "Duration"},
		},
	},
	{
		name: "AuditActivateSessionEventType", id: 2075, super: "AuditSessionEventType", about: "A session was activated (Part 5).",
		fields: []eventField{{path: "SecureChannelId", kind: "String"}, {path: "UserIdentityToken", kind: "Variant"}},
	},
	{
		name: "AuditCancelEventType", id: 2078, super: "AuditSessionEventType", about: "A request was cancelled (Part 5).",
		fields: []eventField{{path: "RequestHandle", kind: "Float"}},
	},
	{
		name: "AuditCertificateEventType", id: 2080, super: "AuditSecurityEventType", subtypes: []uint32{2082, 2085, 2086, 2087, 2088, 2089},
		about: "A certificate was refused (Part 5).", fields: []eventField{{path: "Certificate", kind: "Variant"}},
	},
	{
		name: "AuditNodeManagementEventType", id: 2090, super: "AuditEventType", subtypes: []uint32{2091, 2093, 2095, 2097},
		about: "Nodes or references were added or deleted (Part 5).",
	},
	{name: "AuditUpdateEventType", id: 2099, super: "AuditEventType", about: "Something was written (Part 5)."},
	{
		name: "AuditWriteUpdateEventType", id: 2100, super: "AuditUpdateEventType", about: "An attribute was written (Part 5).",
		fields: []eventField{
			{path: "AttributeId", kind: "Int"}, {path: "IndexRange", kind: "String"}, {path: "OldValue", kind: "Variant"}, {path: "NewValue", kind: "Variant"},
		},
	},
	{
		name: "AuditHistoryUpdateEventType", id: 2104, super: "AuditUpdateEventType", subtypes: []uint32{2999, 3006, 19095, 3012, 3014, 3019, 3022},
		about: "History was changed (Part 5).", fields: []eventField{{path: "ParameterDataTypeId", kind: "NodeId"}},
	},
	{
		name: "AuditUpdateMethodEventType", id: 2127, super: "AuditEventType", subtypes: []uint32{17641, 32260, 32306, 18011, 18029, 18047},
		about:  "A method was called (Part 5).",
		fields: []eventField{{path: "MethodId", kind: "NodeId"}, {path: "StatusCodeId", kind: "StatusCode"}, {path: "InputArguments", kind: "Variant"}, {path: "OutputArguments", kind: "Variant"}},
	},
	{
		name: "AuditUpdateStateEventType", id: 2315, super: "AuditUpdateMethodEventType", subtypes: []uint32{11856, 3806},
		about:  "A method changed the state of a state machine (Part 16).",
		fields: []eventField{{path: "OldStateId", kind: "Variant"}, {path: "NewStateId", kind: "Variant"}},
	},
	{
		name: "AuditConditionEventType", id: 2790, super: "AuditUpdateMethodEventType", subtypes: []uint32{15013},
		about: "A method of a condition was called (Part 9).",
	},
	{name: "AuditConditionEnableEventType", id: 2803, super: "AuditConditionEventType", about: "A condition was enabled or disabled (Part 9)."},
	{name: "AuditConditionCommentEventType", id: 2829, super: "AuditConditionEventType", about: "A condition was commented (Part 9).", fields: commentedEvent},
	{
		name: "AuditConditionRespondEventType", id: 8927, super: "AuditConditionEventType", about: "A dialog was answered (Part 9).",
		fields: []eventField{{path: "SelectedResponse", kind: "Int"}},
	},
	{name: "AuditConditionAcknowledgeEventType", id: 8944, super: "AuditConditionEventType", about: "A condition was acknowledged (Part 9).", fields: commentedEvent},
	{name: "AuditConditionConfirmEventType", id: 8961, super: "AuditConditionEventType", about: "A condition was confirmed (Part 9).", fields: commentedEvent},
	{
		name: "AuditConditionShelvingEventType", id: 11093, super: "AuditConditionEventType", about: "An alarm was shelved, or unshelved (Part 9).",
		fields: []eventField{{path: "ShelvingTime", kind: "Duration"}},
	},
	{name: "AuditConditionSuppressionEventType", id: 17225, super: "AuditConditionEventType", about: "An alarm was suppressed, or not any more (Part 9)."},
	{name: "AuditConditionSilenceEventType", id: 17242, super: "AuditConditionEventType", about: "An alarm was silenced (Part 9)."},
	{name: "AuditConditionOutOfServiceEventType", id: 17259, super: "AuditConditionEventType", about: "An alarm was taken out of service, or put into it (Part 9)."},
}

// commentedEvent is what a comment adds.
var commentedEvent = []eventField{{path: "ConditionEventId", kind: "Variant"}, {path: "Comment", kind: "LocalizedText"}}

// eventObjects are the types of fields of events that have fields of their own: what stands below a variable or an object of the event, "" for itself.
// The node is the VariableType or ObjectType that they show.
var eventObjects = []eventType{
	{name: "TwoStateVariable", id: 8995, about: "A variable that tells which of two states holds (Part 9).", fields: []eventField{
		{name: "text", path: "", kind: "LocalizedText", about: "The name of the state."},
		{path: "Id", kind: "Boolean", about: "Whether it is the state that the variable is named after."},
		{path: "EffectiveDisplayName", kind: "LocalizedText", about: "With the names of substates."},
		{path: "TransitionTime", kind: "DateTime", about: "Since when."},
		{path: "EffectiveTransitionTime", kind: "DateTime", about: "Since when, substates considered."},
	}},
	{name: "StateName", id: 2755, subtypes: []uint32{2762}, about: "A state or a transition of a state machine (Part 16).", fields: []eventField{
		{name: "text", path: "", kind: "LocalizedText"},
		{path: "Id", kind: "Variant"},
		{path: "Number", kind: "Int"},
		{path: "TransitionTime", kind: "DateTime"},
		{path: "EffectiveDisplayName", kind: "LocalizedText"},
	}},
	{name: "ShelvedStateMachine", id: 2929, about: "Whether an alarm is shelved: kept from operators for a while (Part 9).", fields: []eventField{
		{path: "CurrentState", kind: "StateName"},
		{path: "LastTransition", kind: "StateName"},
		{path: "UnshelveTime", kind: "Duration", about: "Until it is unshelved by itself."},
	}},
	{name: "LimitStateMachine", id: 9318, about: "Which limit a value is beyond (Part 9).", fields: []eventField{
		{path: "CurrentState", kind: "StateName"}, {path: "LastTransition", kind: "StateName"},
	}},
}
