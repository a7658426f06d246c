// A kettle whose types of events are the plant's own, with fields of all sorts: the method TripKettle sends a KettleTripEventType, a subtype of
// PlantEventType with an enumeration, a structure and a variable that has a property; KettleAlarm is a KettleAlarmType, an exclusive limit alarm with
// fields of its own, and goes by KettleTemperature, which clients write.
"use strict";

const { DataType, StatusCodes } = require("node-opcua");
const { dataType } = require("./structures");

function addKettle(addressSpace, plant, plantEventType) {
  const namespace = addressSpace.getOwnNamespace();
  const kettle = namespace.addObject({
    browseName: "Kettle", nodeId: "s=Kettle", componentOf: plant, eventNotifier: 1, eventSourceOf: plant,
  });
  addTrip(addressSpace, kettle, plantEventType);
  addAlarm(addressSpace, kettle);
}

// declare makes an instance declaration of a type.
function declare(namespace, where, browseName, nodeId, type, extra) {
  return namespace.addVariable({ ...where, browseName, nodeId, dataType: type, modellingRule: "Mandatory", ...extra });
}

function addTrip(addressSpace, kettle, plantEventType) {
  const namespace = addressSpace.getOwnNamespace();
  const type = namespace.addEventType({ browseName: "KettleTripEventType", nodeId: "s=KettleTripEventType", subtypeOf: plantEventType });
  const property = { propertyOf: type };
  declare(namespace, property, "TripReason", "s=KettleTripEventType.TripReason", dataType(addressSpace, "PumpState"));
  declare(namespace, property, "Place", "s=KettleTripEventType.Place", dataType(addressSpace, "Vec3"));
  const temperature = declare(namespace, { componentOf: type }, "Temperature", "s=KettleTripEventType.Temperature", DataType.Double);
  declare(namespace, { propertyOf: temperature }, "Sensor", "s=KettleTripEventType.Temperature.Sensor", DataType.String);

  namespace.addMethod(kettle, {
    browseName: "TripKettle", nodeId: "s=TripKettle", outputArguments: [],
    inputArguments: [{ name: "reason", dataType: DataType.Int32 }, { name: "temperature", dataType: DataType.Double }],
  }).bindMethod(([reason, temperature], _context, callback) => {
    kettle.raiseEvent(type, {
      sourceNode: { dataType: DataType.NodeId, value: kettle.nodeId },
      sourceName: { dataType: DataType.String, value: "Kettle" },
      message: { dataType: DataType.LocalizedText, value: { text: "kettle tripped", locale: "en" } },
      severity: { dataType: DataType.UInt16, value: 700 },
      machine: { dataType: DataType.String, value: "kettle-1" },
      number: { dataType: DataType.UInt32, value: 1 },
      tripReason: { dataType: DataType.Int32, value: reason.value },
      place: { dataType: DataType.ExtensionObject, value: addressSpace.constructExtensionObject(dataType(addressSpace, "Vec3"), { x: 1, y: 2, z: 3 }) },
      temperature: { dataType: DataType.Double, value: temperature.value },
      "temperature.sensor": { dataType: DataType.String, value: "TI-7" },
    });
    callback(null, { statusCode: StatusCodes.Good });
  });
}

function addAlarm(addressSpace, kettle) {
  const namespace = addressSpace.getOwnNamespace();
  const type = namespace.addEventType({ browseName: "KettleAlarmType", nodeId: "s=KettleAlarmType", subtypeOf: "ExclusiveLimitAlarmType", isAbstract: false });
  declare(namespace, { propertyOf: type }, "Batch", "s=KettleAlarmType.Batch", DataType.String);
  declare(namespace, { propertyOf: type }, "Stage", "s=KettleAlarmType.Stage", dataType(addressSpace, "PumpState"));
  const level = namespace.addVariable({
    browseName: "KettleTemperature", nodeId: "s=KettleTemperature", propertyOf: kettle, dataType: DataType.Double, minimumSamplingInterval: 50,
    eventSourceOf: kettle, accessLevel: "CurrentRead | CurrentWrite", value: { dataType: DataType.Double, value: 60 },
  });
  const alarm = namespace.instantiateExclusiveLimitAlarm(type, {
    browseName: "KettleAlarm", nodeId: "s=KettleAlarm", conditionSource: kettle, componentOf: kettle, inputNode: level,
    highHighLimit: 110, highLimit: 95, lowLimit: 20, lowLowLimit: 5,
  });
  alarm.batch.setValueFromSource({ dataType: DataType.String, value: "B-17" });
  alarm.stage.setValueFromSource({ dataType: DataType.Int32, value: 3 });
}

module.exports = { addKettle };
