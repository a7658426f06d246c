// Counting variables V0, V1, ...: a test that gets every value can tell each lost, doubled or mixed-up one.
//
// V<i> is tick + i, where tick goes up by exactly 1 a period, and its SourceTimestamp is the time of that tick to the
// millisecond, not the time at which a late timer came round to it. When the process was held up it makes up for the
// ticks it owes, one value each. With COUNTER=clock, tick = SourceTimestamp / period.
"use strict";

const { DataType, StatusCodes } = require("node-opcua");

function addCounters(addressSpace, folder, { vars, firstVar, periodMs, counter }) {
  const namespace = addressSpace.getOwnNamespace();
  const variables = [];
  for (let i = firstVar; i < vars; i++) {
    const node = namespace.addVariable({
      componentOf: folder, browseName: `V${i}`, nodeId: `s=V${i}`, dataType: DataType.Double,
      minimumSamplingInterval: 0, // changes are told when they happen, without a sampling timer a variable
    });
    variables.push({ node, offset: i });
  }

  const set = (tick, time) => {
    const sourceTimestamp = new Date(time);
    for (const { node, offset } of variables) {
      node.setValueFromSource({ dataType: DataType.Double, value: tick + offset }, StatusCodes.Good, sourceTimestamp);
    }
  };
  if (periodMs === 0) {
    set(0, Date.now());
    return undefined;
  }

  const ticksUntilNow = () => Math.floor(Date.now() / periodMs);
  const origin = counter === "clock" ? 0 : ticksUntilNow();
  let due = ticksUntilNow();
  const catchUp = () => {
    for (const now = ticksUntilNow(); due <= now; due++) {
      set(due - origin, due * periodMs);
    }
  };
  catchUp();
  return setInterval(catchUp, periodMs);
}

module.exports = { addCounters };
