// Variables H0..H4 with a history of raw values that grows, and HFixed, HText and HVec with one that is always the same. The server also computes aggregates
// from them (Part 11, Part 13).
"use strict";

const { DataType, DataValue, StatusCodes, Variant, installAggregateConfigurationOptions } = require("node-opcua");
const { dataType } = require("./structures");

const COUNT = 5;
const PERIOD_MS = 100;
const MAX_VALUES = 100_000;
const FIXED_VALUES = 1000;
const FIXED_START = Date.UTC(2026, 0, 2);
const BAD_VALUE = 10;

function addHistory(addressSpace, folder) {
  const variables = Array.from({ length: COUNT }, (_, i) => (
    historian(addressSpace, folder, `H${i}`, DataType.Double, { dataType: DataType.Double, value: 0 })
  ));
  addFixed(addressSpace, folder);
  let step = 0;
  return setInterval(() => {
    step++;
    variables.forEach((variable, i) => {
      variable.setValueFromSource({ dataType: DataType.Double, value: 100 * Math.sin(step / 10 + i) });
    });
  }, PERIOD_MS);
}

// addFixed makes values one second apart from FIXED_START on, the number of the second each: as a Double, as a text, and as the x of a structure. That of
// second BAD_VALUE is Bad in HFixed.
function addFixed(addressSpace, folder) {
  const fixed = historian(addressSpace, folder, "HFixed", DataType.Double);
  const text = historian(addressSpace, folder, "HText", DataType.String);
  const vec3 = historian(addressSpace, folder, "HVec", dataType(addressSpace, "Vec3"));
  const put = (variable, second, value, statusCode = StatusCodes.Good) => {
    const time = new Date(FIXED_START + 1000 * second);
    variable.varHistorian.push(new DataValue({ value: new Variant(value), statusCode, sourceTimestamp: time, serverTimestamp: time }));
  };
  for (let i = 0; i < FIXED_VALUES; i++) {
    put(fixed, i, { dataType: DataType.Double, value: i }, i === BAD_VALUE ? StatusCodes.BadSensorFailure : StatusCodes.Good);
    put(text, i, { dataType: DataType.String, value: `second ${i}` });
  }
  for (let i = 0; i < 3; i++) {
    const value = addressSpace.constructExtensionObject(dataType(addressSpace, "Vec3"), { x: i, y: 0, z: 0 });
    put(vec3, i, { dataType: DataType.ExtensionObject, value });
  }
}

// historian adds a variable with history.
function historian(addressSpace, folder, name, type, value) {
  const access = "CurrentRead | CurrentWrite | HistoryRead";
  const variable = addressSpace.getOwnNamespace().addVariable({
    componentOf: folder, browseName: name, nodeId: `s=${name}`, dataType: type,
    minimumSamplingInterval: 50, accessLevel: access, userAccessLevel: access, value,
  });
  addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: MAX_VALUES });
  installAggregateConfigurationOptions(variable, {
    treatUncertainAsBad: false, useSlopedExtrapolation: false, percentDataBad: 100, percentDataGood: 100, stepped: false,
  });
  return variable;
}

module.exports = { addHistory };
