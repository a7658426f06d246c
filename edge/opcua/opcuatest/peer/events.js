// Events of the type PlantEventType with fields of its own, and a tank whose level runs through all the states of an
// exclusive limit alarm (Part 9, 5.8.19): Acknowledge, Confirm and ConditionRefresh work. The method RaiseEvent has the
// plant send one event.
"use strict";

const { DataType, StatusCodes } = require("node-opcua");
const { addKettle } = require("./kettle");

const LEVELS = [50, 85, 97, 85, 50, 10, 2, 10]; // %: normal, High, HighHigh, High, normal, Low, LowLow, Low

function addEvents(addressSpace, plant, { eventMs, tankMs }) {
  const generators = [addTank(addressSpace, plant, tankMs)];
  const namespace = addressSpace.getOwnNamespace();
  const eventType = namespace.addEventType({ browseName: "PlantEventType", subtypeOf: "BaseEventType" });
  namespace.addVariable({
    propertyOf: eventType, browseName: "Machine", dataType: DataType.String, modellingRule: "Mandatory",
  });
  namespace.addVariable({
    propertyOf: eventType, browseName: "Number", dataType: DataType.UInt32, modellingRule: "Mandatory",
  });
  let number = 0;
  const raise = (text, severity) => {
    number += 1;
    plant.raiseEvent(eventType, {
      sourceNode: { dataType: DataType.NodeId, value: plant.nodeId },
      sourceName: { dataType: DataType.String, value: "Plant" },
      message: { dataType: DataType.LocalizedText, value: { text, locale: "en" } },
      severity: { dataType: DataType.UInt16, value: severity },
      machine: { dataType: DataType.String, value: "press-1" },
      number: { dataType: DataType.UInt32, value: number },
    });
  };
  if (eventMs > 0) {
    generators.push(setInterval(raise, eventMs, "part finished", 300));
  }
  namespace.addMethod(plant, {
    browseName: "RaiseEvent", nodeId: "s=RaiseEvent", outputArguments: [],
    inputArguments: [{ name: "text", dataType: DataType.String }, { name: "severity", dataType: DataType.UInt16 }],
  }).bindMethod(([text, severity], _context, callback) => {
    raise(text.value, severity.value);
    callback(null, { statusCode: StatusCodes.Good });
  });
  addKettle(addressSpace, plant, eventType);
  return generators;
}

// addTank makes the tank; with a period of 0 its level stands still until a client writes it.
function addTank(addressSpace, plant, tankMs) {
  const namespace = addressSpace.getOwnNamespace();
  // An alarm's condition source must be an event source itself, or its events reach nobody.
  const tank = namespace.addObject({
    browseName: "Tank", nodeId: "s=Tank", componentOf: plant, eventNotifier: 1, eventSourceOf: plant,
  });
  const level = namespace.addVariable({
    browseName: "TankLevel", nodeId: "s=TankLevel", propertyOf: tank, dataType: DataType.Double,
    minimumSamplingInterval: 50, eventSourceOf: tank, accessLevel: "CurrentRead | CurrentWrite", value: { dataType: DataType.Double, value: LEVELS[0] },
  });
  const alarm = namespace.instantiateExclusiveLimitAlarm("ExclusiveLimitAlarmType", {
    browseName: "TankAlarm", nodeId: "s=TankAlarm", conditionSource: tank, componentOf: tank, inputNode: level,
    highHighLimit: 95, highLimit: 80, lowLimit: 20, lowLowLimit: 5,
    optionals: ["ConfirmedState", "Confirm", "ShelvingState"],
  });

  alarm.shelvingState.setState("Unshelved");

  if (tankMs === 0) return undefined;
  let step = 0;
  return setInterval(() => {
    step = (step + 1) % LEVELS.length;
    level.setValueFromSource({ dataType: DataType.Double, value: LEVELS[step] });
  }, tankMs);
}

module.exports = { addEvents };
