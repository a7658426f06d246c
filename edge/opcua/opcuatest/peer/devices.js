// With the companion node set "di": Plant/Pump, an instance of a type of the plant's own that is derived from DI's ComponentType and has a set
// point that can be written in its ParameterSet; the object Plant/Firmware, an instance of DI's SoftwareType with a lock whose method InitLock works, and as many
// further instances in the folder Plant/Devices as the settings say.
"use strict";

const { DataType, StatusCodes, standardUnits } = require("node-opcua");

const DI = "http://opcfoundation.org/UA/DI/";

function addDevices(addressSpace, plant, further) {
  const di = addressSpace.getNamespaceIndex(DI);
  if (di < 0) {
    return;
  }
  const softwareType = addressSpace.findObjectType("SoftwareType", di);
  addFurther(addressSpace, plant, softwareType, further);
  addPump(addressSpace, plant, di);
  const firmware = softwareType.instantiate({
    browseName: "Firmware", nodeId: "s=Firmware", componentOf: plant, optionals: ["Lock", "SerialNumber"], namespace: addressSpace.getOwnNamespace(),
  });
  const set = (name, dataType, value) => firmware.getChildByName(name, di).setValueFromSource({ dataType, value });
  set("SerialNumber", DataType.String, "SN-1");
  set("Manufacturer", DataType.LocalizedText, { locale: "en", text: "Acme" });
  set("SoftwareRevision", DataType.String, "1.2.3");

  let owner = "";
  const lock = firmware.getChildByName("Lock", di);
  lock.getMethodByName("InitLock", di).bindMethod(([context], _session, callback) => {
    const free = owner === "";
    owner = free ? context.value : owner;
    callback(null, { statusCode: StatusCodes.Good, outputArguments: [{ dataType: DataType.Int32, value: free ? 0 : -1 }] });
  });
}

function addPump(addressSpace, plant, di) {
  const namespace = addressSpace.getOwnNamespace();
  const type = namespace.addObjectType({ browseName: "PumpType", nodeId: "s=PumpType", subtypeOf: addressSpace.findObjectType("ComponentType", di) });
  const parameters = namespace.addObject({
    browseName: { name: "ParameterSet", namespaceIndex: di }, nodeId: "s=PumpType.ParameterSet", componentOf: type, modellingRule: "Mandatory", typeDefinition: "BaseObjectType",
  });
  namespace.addAnalogDataItem({
    browseName: "SetPoint", nodeId: "s=PumpType.SetPoint", componentOf: parameters, modellingRule: "Mandatory", dataType: DataType.Double, accessLevel: "CurrentRead | CurrentWrite",
    userAccessLevel: "CurrentRead | CurrentWrite", engineeringUnitsRange: { low: 0, high: 200 }, engineeringUnits: standardUnits.degree_celsius,
    value: { dataType: DataType.Double, value: 20 },
  });
  const pump = type.instantiate({ browseName: "Pump", nodeId: "s=Pump", componentOf: plant, namespace });
  pump.getChildByName("ParameterSet", di).getChildByName("SetPoint").setValueFromSource({ dataType: DataType.Double, value: 20 });
}

function addFurther(addressSpace, plant, softwareType, count) {
  if (count === 0) {
    return;
  }
  const namespace = addressSpace.getOwnNamespace();
  const devices = namespace.addObject({ browseName: "Devices", nodeId: "s=Devices", organizedBy: plant, typeDefinition: "FolderType" });
  for (let i = 0; i < count; i++) {
    const device = softwareType.instantiate({ browseName: `Device${i}`, nodeId: `s=Device${i}`, componentOf: devices, namespace });
    device.getChildByName("SoftwareRevision").setValueFromSource({ dataType: DataType.String, value: `1.${i}` });
  }
}

module.exports = { addDevices };
