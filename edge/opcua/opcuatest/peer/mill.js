// With the companion node sets "di,ia,machinery,machineryResult": the machine Mill in the folder Machines of OPC 40001-1, made of building blocks of that specification and
// of OPC 40001-101: its Identification (MachineIdentificationType), of which AssetId and Location can be written; MachineryItemState, a state machine that follows
// the variable s=Mill.Blocked; and ResultManagement, whose methods GetLatestResult and AcknowledgeResults work.
"use strict";

const { DataType, StatusCodes, Variant, VariantArrayType } = require("node-opcua");

const DI = "http://opcfoundation.org/UA/DI/";
const MACHINERY = "http://opcfoundation.org/UA/Machinery/";
const RESULT = "http://opcfoundation.org/UA/Machinery/Result/";
const RESULT_ID = "result-1";

function addMill(addressSpace) {
  const di = addressSpace.getNamespaceIndex(DI);
  const machinery = addressSpace.getNamespaceIndex(MACHINERY);
  const result = addressSpace.getNamespaceIndex(RESULT);
  if (result < 0) {
    return;
  }
  const namespace = addressSpace.getOwnNamespace();
  const machines = addressSpace.findNode(`ns=${machinery};i=1001`);
  const mill = namespace.addObject({ browseName: "Mill", nodeId: "s=Mill", organizedBy: machines });
  const block = (type, name, of, optionals) => {
    const object = type.instantiate({ browseName: { name, namespaceIndex: of }, nodeId: `s=Mill.${name}`, namespace, optionals });
    mill.addReference({ referenceType: "HasAddIn", nodeId: object });
    return object;
  };

  const identification = block(addressSpace.findObjectType("MachineIdentificationType", machinery), "Identification", di, ["AssetId", "Location", "YearOfConstruction"]);
  const set = (name, of, dataType, value) => identification.getChildByName(name, of).setValueFromSource({ dataType, value });
  set("ProductInstanceUri", di, DataType.String, "urn:acme:mill:4711");
  set("SerialNumber", di, DataType.String, "4711");
  set("Manufacturer", di, DataType.LocalizedText, { locale: "en", text: "Acme" });
  set("YearOfConstruction", machinery, DataType.UInt16, 2024);
  set("AssetId", di, DataType.String, "A-1");
  set("Location", machinery, DataType.String, "Hall 1");

  const states = addressSpace.findObjectType("MachineryItemState_StateMachineType", machinery);
  addState(namespace, mill, block(states, "MachineryItemState", machinery, []), (name) => states.getChildByName(name, machinery));
  addResults(addressSpace, block(addressSpace.findObjectType("ResultManagementType", result), "ResultManagement", result, ["GetLatestResult", "AcknowledgeResults"]), result);
}

// addState has the state machine be in OutOfService while s=Mill.Blocked is true, else in Executing.
function addState(namespace, mill, machine, state) {
  const current = machine.getChildByName("CurrentState");
  const show = (blocked) => {
    const text = blocked ? "OutOfService" : "Executing";
    current.getChildByName("Id").setValueFromSource({ dataType: DataType.NodeId, value: state(text).nodeId });
    current.setValueFromSource({ dataType: DataType.LocalizedText, value: { locale: "en", text } });
  };
  show(false);
  namespace.addVariable({
    browseName: "Blocked", nodeId: "s=Mill.Blocked", componentOf: mill, dataType: DataType.Boolean, accessLevel: "CurrentRead | CurrentWrite",
    userAccessLevel: "CurrentRead | CurrentWrite", minimumSamplingInterval: 0, value: { dataType: DataType.Boolean, value: false },
  }).on("value_changed", (value) => show(value.value.value));
}

function addResults(addressSpace, management, namespaceIndex) {
  const type = (name) => addressSpace.findDataType(name, namespaceIndex);
  const metaData = addressSpace.constructExtensionObject(type("ResultMetaDataType"), {
    resultId: RESULT_ID, isPartial: false, partId: "part-7", resultState: 1, resultEvaluation: 1, creationTime: new Date(Date.UTC(2026, 0, 2)),
  });
  const latest = addressSpace.constructExtensionObject(type("ResultDataType"), {
    resultMetaData: metaData, resultContent: [new Variant({ dataType: DataType.Double, value: 12.5 })],
  });
  management.getMethodByName("GetLatestResult", namespaceIndex).bindMethod(([timeout], _context, callback) => {
    callback(null, timeout.value > 60_000 ? { statusCode: StatusCodes.BadInvalidArgument, inputArgumentResults: [StatusCodes.BadOutOfRange] } : {
      statusCode: StatusCodes.Good, outputArguments: [
        { dataType: DataType.UInt32, value: 1 }, { dataType: DataType.ExtensionObject, value: latest }, { dataType: DataType.Int32, value: 0 },
      ],
    });
  });
  management.getMethodByName("AcknowledgeResults", namespaceIndex).bindMethod(([ids], _context, callback) => {
    const errors = ids.value.map((id) => (id === RESULT_ID ? 0 : 1));
    callback(null, {
      statusCode: StatusCodes.Good, outputArguments: [
        { dataType: DataType.Int32, arrayType: VariantArrayType.Array, value: errors }, { dataType: DataType.Int32, value: Math.max(...errors) },
      ],
    });
  });
}

module.exports = { addMill };
