// Package opcuatest starts a real OPC UA server, node-opcua, for the tests of the OPC UA client, and breaks the network between the two.
//
// The server is in the folder peer and runs under Node 20 or newer. Start installs it (Install), gives it a free port and an own
// certificate, and ends it with the test. NewProxy puts a TCP proxy in front of it that cuts, refuses and swallows.
//
// # Address space
//
// All nodes are in namespace 1 and below the object s=Plant:
//
//	s=V0, s=V1, …                    Double, counting: V<i> = tick + i, tick goes up by 1 a period, SourceTimestamp = time of the tick;
//	                                 with Options.Continuing, V<i> = i + SourceTimestamp / period
//	s=Scalar_<T>, s=Array_<T>        writable, T = Boolean SByte Byte Int16 UInt16 Int32 UInt32 Int64 UInt64 Float Double String DateTime
//	                                 Guid ByteString XmlElement NodeId ExpandedNodeId StatusCode QualifiedName LocalizedText
//	s=Matrix_Double                  2 x 3
//	s=EmptyArray s=EmptyString s=NullString s=EmptyByteString s=MaxDate s=OldDate s=NaN s=Inf s=VariantArray
//	s=BigArray s=BigByteString       70,000 Doubles; 3,000,000 bytes
//	s=BadQuality s=ReadOnly          BadSensorFailure; AccessLevel CurrentRead
//	s=OperatorOnlyWrite              writable for the roles Operator and Engineer
//	s=Level                          analog item, writable, EURange 0..100
//	s=State                          enumeration PumpState
//	s=Struct_Vec3 s=Struct_Array s=Struct_Batch s=Struct_Optional s=Struct_Union
//	                                 structures of namespace 2, urn:shopfloor:plant:types (peer/plant-types.NodeSet2.xml)
//	s=H0 … s=H4                      Double with history, a value each 100 ms
//	s=HFixed s=HText s=HVec          Double, String, Vec3 with a history that stays: value k of 1000 (HVec: of 3) at 2026-01-02T00:00:00Z + k s
//	s=Add s=EchoBatch s=Slow s=Fail  methods of s=Plant: (a, b Double) → sum; (BatchRecord, Int32[]) → BatchRecord, UInt32;
//	                                 (milliseconds UInt32); BadInvalidState
//	s=Tank s=TankLevel s=TankAlarm   exclusive limit alarm whose state changes each 2 s, or with TANK_MS=0 when TankLevel is written; s=Plant
//	                                 sends a PlantEventType (Machine String, Number UInt32 from 1) each second, or EVENT_MS
//	s=RaiseEvent                     (text String, severity UInt16): sends a PlantEventType
//	s=Kettle s=TripKettle            (reason Int32, temperature Double): sends a KettleTripEventType, a PlantEventType with TripReason (PumpState),
//	                                 Place (Vec3) and Temperature, which has the property Sensor
//	s=KettleAlarm                    exclusive limit alarm of the type KettleAlarmType, with Batch (String) and Stage (PumpState), that goes by
//	                                 s=KettleTemperature, which is written
//	s=Machines                       folder with a NodeVersion; s=AddMachine and s=RemoveMachine (name String) put s=<name> with the
//	                                 variable s=<name>.Speed into it and take it out, and send a GeneralModelChangeEvent
//	s=Motor0 s=Motor1 …              with MOTORS=<count> in Options.Env: instances of MotorType with Speed, Power, Temperature and Running (peer/motors.js)
//	s=Overview                       View that leads to s=Plant; s=MachineType with the subtype s=PressType; s=Mode of the enumeration s=OldMode, which has
//	                                 EnumStrings and no DataTypeDefinition
//	s=Firmware                       with COMPANION=di in Options.Env: an instance of DI's SoftwareType, with a Lock whose InitLock works
//	s=Mill                           with COMPANION=di,ia,machinery,machineryResult: a machine of OPC 40001-1 in its folder Machines (peer/mill.js)
//
// # Users and security
//
// Users: op/op-pass (role Operator), eng/eng-pass (Engineer, ConfigureAdmin), view/view-pass (Observer); anonymous unless
// Options.NoAnonymous. All permissions but those of OperatorOnlyWrite are the same for everybody. Policies: None, and Basic256Sha256, Aes128_Sha256_RsaOaep, Aes256_Sha256_RsaPss with Sign and with SignAndEncrypt.
//
// # Another implementation
//
// StartAsyncua starts a server on asyncua, for the interoperability tests (make interop). It has V<i>, Scalar_<T> and Array_<T> but for
// XmlElement, NodeId, ExpandedNodeId and StatusCode, Matrix_Double, BigArray, ReadOnly, Struct_Vec3, HFixed, HText, Add, RaiseEvent
// (from the Server object), Overview, MachineType, PressType and Mode of the above, a history of 20
// events of s=Plant at the times of HFixed, s=TripMixer (reason Int32, temperature Double), which sends a MixerTripEventType with TripReason and Temperature, the users op and view without roles, None, and SignAndEncrypt in all policies. It trusts every client, has no limits, and its counters begin at 0 again.
//
// StartOpen62541 starts one on open62541, for the same tests and for what the other two refuse. It has V<i>, Scalar_<T> and Array_<T>, Matrix_Double, BigArray, ReadOnly,
// Struct_Vec3, HFixed, HText, Add, PlantEventType with RaiseEvent, Tank and TankLevel of the above, the users op and view without roles, all policies in both modes and a trust list, and besides
//
//	s=HEdited                        Double with an empty history; it, HFixed and HText take HistoryUpdate but for DeleteAtTime
//	s=Configurable s=Machine         a variable and an object with attributes that may be written, as their WriteMask says
//	s=Maintenance                    a View with s=Machine
//	s=TankAlarm                      an AlarmConditionType, active while TankLevel is above 80, with all methods of alarms but those of shelving
//	s=Question                       a DialogConditionType that waits for an answer, 0 or 1
//
// Its namespace 0 is that of the standard in full.
//
// The package runs on Unix systems.
package opcuatest
