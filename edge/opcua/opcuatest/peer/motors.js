// MOTORS instances of the object type MotorType in the folder Plant/Motors. Motor<i> has Speed = 1000 + i 1/min, Power = i / 2 kW, Temperature = 20 + i % 50 °C,
// which can be written, and Running, true for an even i. The server keeps the history of Temperature.
"use strict";

const { DataType, makeAccessLevelFlag, standardUnits } = require("node-opcua");

const ANALOG = [
  { name: "Speed", unit: standardUnits.revolutions_per_minute, high: 3000, value: (i) => 1000 + i },
  { name: "Power", unit: standardUnits.kilowatt, high: 1000, value: (i) => i / 2 },
  { name: "Temperature", unit: standardUnits.degree_celsius, high: 200, value: (i) => 20 + (i % 50) },
];

function addMotors(addressSpace, plant, count) {
  if (count === 0) {
    return;
  }
  const namespace = addressSpace.getOwnNamespace();
  const type = motorType(namespace);
  const motors = namespace.addObject({ browseName: "Motors", nodeId: "s=Motors", organizedBy: plant, typeDefinition: "FolderType" });
  for (let i = 0; i < count; i++) {
    const motor = type.instantiate({ browseName: `Motor${i}`, nodeId: `s=Motor${i}`, componentOf: motors, namespace });
    keepHistory(addressSpace, motor.getChildByName("Temperature"));
    for (const { name, value } of ANALOG) {
      motor.getChildByName(name).setValueFromSource({ dataType: DataType.Double, value: value(i) });
    }
    motor.getChildByName("Running").setValueFromSource({ dataType: DataType.Boolean, value: i % 2 === 0 });
  }
}

function keepHistory(addressSpace, variable) {
  variable.accessLevel = makeAccessLevelFlag("CurrentRead | CurrentWrite | HistoryRead");
  variable.userAccessLevel = variable.accessLevel;
  addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 1000 });
}

function motorType(namespace) {
  const type = namespace.addObjectType({ browseName: "MotorType", nodeId: "s=MotorType" });
  for (const { name, unit, high } of ANALOG) {
    namespace.addAnalogDataItem({
      browseName: name, nodeId: `s=MotorType.${name}`, componentOf: type, modellingRule: "Mandatory", dataType: DataType.Double,
      accessLevel: "CurrentRead | CurrentWrite", userAccessLevel: "CurrentRead | CurrentWrite", minimumSamplingInterval: 0,
      engineeringUnitsRange: { low: 0, high }, engineeringUnits: unit, value: { dataType: DataType.Double, value: 0 },
    });
  }
  namespace.addVariable({
    browseName: "Running", nodeId: "s=MotorType.Running", componentOf: type, modellingRule: "Mandatory", dataType: DataType.Boolean,
    minimumSamplingInterval: 0, value: { dataType: DataType.Boolean, value: false },
  });
  return type;
}

module.exports = { addMotors };
