// What the address space has besides machines: the View s=Overview, which leads to the plant; the types s=MachineType and its subtype s=PressType; and the enumeration s=OldMode, which
// names its values by EnumStrings alone, as servers did before OPC UA 1.04, with the variable s=Mode.
"use strict";

const { DataType, VariantArrayType } = require("node-opcua");

function addModel(addressSpace, plant) {
  const namespace = addressSpace.getOwnNamespace();
  const view = namespace.addView({
    browseName: "Overview", nodeId: "s=Overview", description: "What is shown first", organizedBy: addressSpace.rootFolder.views, containsNoLoops: true,
  });
  view.addReference({ referenceType: "Organizes", nodeId: plant });

  const machine = namespace.addObjectType({ browseName: "MachineType", nodeId: "s=MachineType" });
  namespace.addVariable({
    propertyOf: machine, browseName: "Serial", nodeId: "s=MachineType.Serial", dataType: DataType.String, modellingRule: "Mandatory",
  });
  const press = namespace.addObjectType({ browseName: "PressType", nodeId: "s=PressType", subtypeOf: machine });
  namespace.addVariable({
    componentOf: press, browseName: "Force", nodeId: "s=PressType.Force", dataType: DataType.Double, modellingRule: "Optional",
  });

  const mode = namespace.createDataType({ browseName: "OldMode", nodeId: "s=OldMode", isAbstract: false, subtypeOf: "Enumeration" });
  namespace.addVariable({
    propertyOf: mode, browseName: { name: "EnumStrings", namespaceIndex: 0 }, nodeId: "s=OldMode.EnumStrings", dataType: DataType.LocalizedText, valueRank: 1,
    value: { dataType: DataType.LocalizedText, arrayType: VariantArrayType.Array, value: ["Manual", "Automatic", "Service"].map((text) => ({ text })) },
  });
  namespace.addVariable({
    componentOf: plant, browseName: "Mode", nodeId: "s=Mode", dataType: mode.nodeId, value: { dataType: DataType.Int32, value: 1 },
  });
}

module.exports = { addModel };
