// Reads UADP NetworkMessages as lines of hex and writes what node-opcua-pubsub-common makes of each as a line of JSON.
"use strict";
const { createInterface } = require("node:readline");
const { BinaryStream } = require("node-opcua-binary-stream");
const { udpNetworkMessage_decode } = require("node-opcua-pubsub-common");
const { DataType, VariantArrayType } = require("node-opcua-variant");

// Plain forms of the values that JSON does not have, the same as in interop_test.go.
function plain(value, type) {
  if (value === null || value === undefined) return null;
  if (type === DataType.Int64 || type === DataType.UInt64) {
    const bits = (BigInt(value[0]) << 32n) | BigInt(value[1]);
    return String(type === DataType.Int64 ? BigInt.asIntN(64, bits) : BigInt.asUintN(64, bits));
  }
  if (value instanceof Date) return value.getTime();
  if (Buffer.isBuffer(value)) return value.toString("hex");
  switch (type) {
    case DataType.NodeId:
    case DataType.ExpandedNodeId:
      return value.toString();
    case DataType.StatusCode:
      return value.value;
    case DataType.QualifiedName:
      return `${value.namespaceIndex}:${value.name ?? ""}`;
    case DataType.LocalizedText:
      return `${value.locale ?? ""}|${value.text ?? ""}`;
    case DataType.Guid:
      return value.toLowerCase();
    case DataType.Variant:
      return variant(value);
    case DataType.DataValue:
      return dataValue(value);
  }
  return value;
}

function variant(v) {
  const array = v.arrayType !== VariantArrayType.Scalar;
  return {
    type: v.dataType,
    value: array ? Array.from(v.value ?? [], (x) => plain(x, v.dataType)) : plain(v.value, v.dataType),
    dimensions: v.arrayType === VariantArrayType.Matrix ? Array.from(v.dimensions) : null,
  };
}

const time = (t) => (t ? t.getTime() : null);

function dataValue(v) {
  return {
    ...variant(v.value),
    status: v.statusCode.value,
    source: time(v.sourceTimestamp),
    server: time(v.serverTimestamp),
  };
}

function dataSet(d) {
  const h = d.dataSetMessageHeader;
  return {
    valid: h.dataSetMessageValid,
    kind: h.type,
    encoding: h.fieldEncoding,
    sequence: h.dataSetMessageSequenceNumber,
    version: [h.configurationVersion.majorVersion, h.configurationVersion.minorVersion],
    timestamp: time(h.timestamp),
    status: h.statusCode.value,
    fields: (d.dataValues ?? []).map((v) => v && dataValue(v)),
  };
}

function decode(hex) {
  const bytes = Buffer.from(hex, "hex");
  const stream = new BinaryStream(bytes);
  const m = udpNetworkMessage_decode(stream);
  return {
    publisher: m.publisherId ? { type: m.publisherId.dataType, id: plain(m.publisherId.value, m.publisherId.dataType) } : null,
    class: m.dataSetClassId ? m.dataSetClassId.toLowerCase() : "",
    group: m.groupHeader ?? null,
    timestamp: time(m.timestamp),
    writers: m.dataSetPayloadHeader ? m.dataSetPayloadHeader.dataSetWriterIds : null,
    dataSets: m.dataSetPayload.dataSetMessages.map(dataSet),
    left: bytes.length - stream.length,
  };
}

createInterface({ input: process.stdin }).on("line", (hex) => {
  let answer;
  try {
    answer = decode(hex);
  } catch (err) {
    answer = { error: err.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
