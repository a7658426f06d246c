// Events of the type PlantEventType with a field of its own, and a tank whose level runs through all the states of an
// exclusive limit alarm (Part 9, 5.8.19): Acknowledge, Confirm and ConditionRefresh work.
"use strict";

const { DataType } = require("node-opcua");

const LEVELS = [50, 85, 97, 85, 50, 10, 2, 10]; // %: normal, High, HighHigh, High, normal, Low, LowLow, Low
const LEVEL_MS = 2000;

function addEvents(addressSpace, plant, { eventMs }) {
  const generators = [addTank(addressSpace, plant)];
  const namespace = addressSpace.getOwnNamespace();
  const eventType = namespace.addEventType({ browseName: "PlantEventType", subtypeOf: "BaseEventType" });
  namespace.addVariable({
    propertyOf: eventType, browseName: "Machine", dataType: DataType.String, modellingRule: "Mandatory",
  });
  if (eventMs > 0) {
    generators.push(setInterval(() => {
      plant.raiseEvent(eventType, {
        sourceNode: { dataType: DataType.NodeId, value: plant.nodeId },
        sourceName: { dataType: DataType.String, value: "Plant" },
        message: { dataType: DataType.LocalizedText, value: { text: "part finished", locale: "en" } },
        severity: { dataType: DataType.UInt16, value: 300 },
        machine: { dataType: DataType.String, value: "press-1" },
      });
    }, eventMs));
  }
  return generators;
}

function addTank(addressSpace, plant) {
  const namespace = addressSpace.getOwnNamespace();
  // An alarm's condition source must be an event source itself, or its events reach nobody.
  const tank = namespace.addObject({
    browseName: "Tank", nodeId: "s=Tank", componentOf: plant, eventNotifier: 1, eventSourceOf: plant,
  });
  const level = namespace.addVariable({
    browseName: "TankLevel", nodeId: "s=TankLevel", propertyOf: tank, dataType: DataType.Double,
    minimumSamplingInterval: 50, eventSourceOf: tank, value: { dataType: DataType.Double, value: LEVELS[0] },
  });
  namespace.instantiateExclusiveLimitAlarm("ExclusiveLimitAlarmType", {
    browseName: "TankAlarm", nodeId: "s=TankAlarm", conditionSource: tank, componentOf: tank, inputNode: level,
    highHighLimit: 95, highLimit: 80, lowLimit: 20, lowLowLimit: 5,
    optionals: ["ConfirmedState", "Confirm"],
  });

  let step = 0;
  return setInterval(() => {
    step = (step + 1) % LEVELS.length;
    level.setValueFromSource({ dataType: DataType.Double, value: LEVELS[step] });
  }, LEVEL_MS);
}

module.exports = { addEvents };
