// Methods of the object Plant: Add, EchoBatch, Slow, Fail.
"use strict";

const { DataType, StatusCodes } = require("node-opcua");
const { dataType } = require("./structures");

const MAX_SLOW_MS = 60_000;

function addMethods(addressSpace, plant) {
  const namespace = addressSpace.getOwnNamespace();
  const add = (browseName, inputArguments, outputArguments, body) => {
    namespace.addMethod(plant, { browseName, nodeId: `s=${browseName}`, inputArguments, outputArguments })
      .bindMethod((inputs, _context, callback) => body(inputs, (statusCode, ...outputs) => {
        callback(null, { statusCode, outputArguments: outputs });
      }));
  };
  const batch = dataType(addressSpace, "BatchRecord").nodeId;

  add("Add",
    [
      { name: "a", dataType: DataType.Double, description: { text: "first addend" } },
      { name: "b", dataType: DataType.Double, description: { text: "second addend" } },
    ],
    [{ name: "sum", dataType: DataType.Double, description: { text: "a + b" } }],
    ([a, b], done) => done(StatusCodes.Good, { dataType: DataType.Double, value: a.value + b.value }));

  add("EchoBatch",
    [
      { name: "record", dataType: batch },
      { name: "numbers", dataType: DataType.Int32, valueRank: 1, arrayDimensions: [0] },
    ],
    [{ name: "record", dataType: batch }, { name: "count", dataType: DataType.UInt32 }],
    ([record, numbers], done) => {
      done(StatusCodes.Good, record, { dataType: DataType.UInt32, value: numbers.value.length });
    });

  add("Slow", [{ name: "milliseconds", dataType: DataType.UInt32 }], [],
    ([milliseconds], done) => {
      if (milliseconds.value > MAX_SLOW_MS) {
        done(StatusCodes.BadOutOfRange);
        return;
      }
      setTimeout(done, milliseconds.value, StatusCodes.Good);
    });

  add("Fail", [], [], (_inputs, done) => done(StatusCodes.BadInvalidState));
}

module.exports = { addMethods };
