// Variables H0..H4 with a history of raw values, from which the server also computes aggregates (Part 11, Part 13).
"use strict";

const { DataType, installAggregateConfigurationOptions } = require("node-opcua");

const COUNT = 5;
const PERIOD_MS = 100;
const MAX_VALUES = 100_000;

function addHistory(addressSpace, folder) {
  const namespace = addressSpace.getOwnNamespace();
  const access = "CurrentRead | CurrentWrite | HistoryRead";
  const variables = Array.from({ length: COUNT }, (_, i) => {
    const variable = namespace.addVariable({
      componentOf: folder, browseName: `H${i}`, nodeId: `s=H${i}`, dataType: DataType.Double,
      minimumSamplingInterval: 50, accessLevel: access, userAccessLevel: access,
      value: { dataType: DataType.Double, value: 0 },
    });
    addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: MAX_VALUES });
    installAggregateConfigurationOptions(variable, {
      treatUncertainAsBad: false, useSlopedExtrapolation: false, percentDataBad: 100, percentDataGood: 100, stepped: false,
    });
    return variable;
  });

  let step = 0;
  return setInterval(() => {
    step++;
    variables.forEach((variable, i) => {
      variable.setValueFromSource({ dataType: DataType.Double, value: 100 * Math.sin(step / 10 + i) });
    });
  }, PERIOD_MS);
}

module.exports = { addHistory };
