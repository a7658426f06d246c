// Variables of every built-in type, scalar and array, values at the edge of what a client expects, and variables with
// access rights (Part 6, 5.1.2; Part 3, 8.55).
"use strict";

const opcua = require("node-opcua");
const { DataType, StatusCodes, Variant, VariantArrayType } = opcua;

const READ_WRITE = "CurrentRead | CurrentWrite";
const MIN_SAMPLING_MS = 50;

const SCALARS = {
  Boolean: true,
  SByte: -5,
  Byte: 200,
  Int16: -30000,
  UInt16: 60000,
  Int32: -2000000000,
  UInt32: 4000000000,
  Int64: opcua.coerceInt64("-9007199254740993"), // -(2^53 + 1): no double holds it
  UInt64: [0xfffffff0, 0x0000000f], // high and low word: 18446744004990074895
  Float: 1.5,
  Double: Math.PI,
  String: "høj ✓ test",
  DateTime: new Date("2026-01-02T03:04:05.678Z"),
  Guid: "72962B91-FA75-4AE6-8D28-B404DC7DAF63",
  ByteString: Buffer.from([0, 1, 2, 255]),
  XmlElement: "<a><b>1</b></a>",
  NodeId: opcua.coerceNodeId("ns=1;s=Plant"),
  ExpandedNodeId: new opcua.ExpandedNodeId(opcua.NodeIdType.NUMERIC, 2258, 0, "http://x/", 0),
  StatusCode: StatusCodes.BadNodeIdUnknown,
  QualifiedName: { namespaceIndex: 1, name: "Q" },
  LocalizedText: { text: "Pumpe läuft", locale: "de" },
};

// writable adds the variable ns=1;s=<name>, which everybody may read and write.
function writable(addressSpace, folder, name, dataType, value, extra = {}) {
  return addressSpace.getOwnNamespace().addVariable({
    componentOf: folder, browseName: name, nodeId: `s=${name}`, dataType, value,
    minimumSamplingInterval: MIN_SAMPLING_MS, accessLevel: READ_WRITE, userAccessLevel: READ_WRITE,
    ...extra,
  });
}

function addValues(addressSpace, folder) {
  addBuiltInTypes(addressSpace, folder);
  addOddValues(addressSpace, folder);
  addAnalogItem(addressSpace, folder);
  addRestricted(addressSpace, folder);
}

function addBuiltInTypes(addressSpace, folder) {
  for (const [name, value] of Object.entries(SCALARS)) {
    const dataType = DataType[name];
    // Said outright: a 64-bit integer is a pair of words here, which would be taken for an array.
    writable(addressSpace, folder, `Scalar_${name}`, dataType,
      new Variant({ dataType, arrayType: VariantArrayType.Scalar, value }));
    writable(addressSpace, folder, `Array_${name}`, dataType,
      new Variant({ dataType, arrayType: VariantArrayType.Array, value: [value, value, value] }),
      { valueRank: 1, arrayDimensions: [0] });
  }
}

function addOddValues(addressSpace, folder) {
  const scalar = (name, dataType, value) => {
    writable(addressSpace, folder, name, dataType, new Variant({ dataType, arrayType: VariantArrayType.Scalar, value }));
  };
  const array = (name, dataType, value, elementType = dataType) => {
    writable(addressSpace, folder, name, dataType,
      new Variant({ dataType: elementType, arrayType: VariantArrayType.Array, value }),
      { valueRank: 1, arrayDimensions: [0] });
  };
  scalar("EmptyString", DataType.String, "");
  scalar("NullString", DataType.String, null);
  scalar("EmptyByteString", DataType.ByteString, Buffer.alloc(0));
  scalar("BigByteString", DataType.ByteString, Buffer.alloc(3_000_000, 7));
  scalar("MaxDate", DataType.DateTime, new Date("9999-12-31T23:59:59Z"));
  scalar("OldDate", DataType.DateTime, new Date("1650-01-01T00:00:00Z"));
  scalar("NaN", DataType.Double, NaN);
  scalar("Inf", DataType.Double, -Infinity);
  array("EmptyArray", DataType.Double, new Float64Array(0));
  array("BigArray", DataType.Double, new Float64Array(70_000).fill(1)); // more elements than gopcua's default limit of 65,535
  array("VariantArray", opcua.resolveNodeId("BaseDataType"), [
    new Variant({ dataType: DataType.Int32, value: 1 }),
    new Variant({ dataType: DataType.String, value: "two" }),
  ], DataType.Variant);
  writable(addressSpace, folder, "Matrix_Double", DataType.Double, new Variant({
    dataType: DataType.Double, arrayType: VariantArrayType.Matrix, dimensions: [2, 3],
    value: new Float64Array([1, 2, 3, 4, 5, 6]),
  }), { valueRank: 2, arrayDimensions: [2, 3] });

  const bad = addressSpace.getOwnNamespace().addVariable({
    componentOf: folder, browseName: "BadQuality", nodeId: "s=BadQuality", dataType: DataType.Double,
    minimumSamplingInterval: MIN_SAMPLING_MS,
  });
  bad.setValueFromSource({ dataType: DataType.Double, value: 0 }, StatusCodes.BadSensorFailure);
}

// Level has an EURange, which a percent deadband needs (Part 8, 5.3.2.3).
function addAnalogItem(addressSpace, folder) {
  addressSpace.getOwnNamespace().addAnalogDataItem({
    componentOf: folder, browseName: "Level", nodeId: "s=Level", definition: "tank", valuePrecision: 0.1,
    engineeringUnitsRange: { low: 0, high: 100 }, instrumentRange: { low: -100, high: 200 },
    engineeringUnits: opcua.standardUnits.percent, dataType: "Double", minimumSamplingInterval: 20,
    value: { dataType: DataType.Double, value: 50 }, accessLevel: READ_WRITE, userAccessLevel: READ_WRITE,
  });
}

function addRestricted(addressSpace, folder) {
  const value = { dataType: DataType.Double, value: 1 };
  writable(addressSpace, folder, "ReadOnly", DataType.Double, value,
    { accessLevel: "CurrentRead", userAccessLevel: "CurrentRead" });

  const permit = (role, permissions) => ({
    roleId: opcua.WellKnownRoles[role], permissions: opcua.makePermissionFlag(permissions),
  });
  // A setpoint that the machine bounds: what is written over 100 is 100.
  let setpoint = 50;
  addressSpace.getOwnNamespace().addVariable({
    componentOf: folder, browseName: "Clamped", nodeId: "s=Clamped", dataType: DataType.Double, minimumSamplingInterval: MIN_SAMPLING_MS,
    value: {
      get: () => new Variant({ dataType: DataType.Double, value: setpoint }),
      set: (variant) => {
        setpoint = Math.min(variant.value, 100);
        return StatusCodes.Good;
      },
    },
  });
  addressSpace.getOwnNamespace().addVariable({
    componentOf: folder, browseName: "WriteOnly", nodeId: "s=WriteOnly", dataType: DataType.Double, minimumSamplingInterval: MIN_SAMPLING_MS,
    accessLevel: "CurrentWrite", userAccessLevel: "CurrentWrite", value,
  });

  writable(addressSpace, folder, "OperatorOnlyWrite", DataType.Double, value, {
    rolePermissions: [
      permit("Anonymous", "Browse | Read"),
      permit("AuthenticatedUser", "Browse | Read"),
      permit("Operator", "Browse | Read | Write"),
      permit("Engineer", "Browse | Read | Write | WriteAttribute"),
    ],
  });
}

module.exports = { addValues, writable };
