// Values of the structures, the union and the enumeration of plant-types.NodeSet2.xml. They are declared there because
// types made by code have no encoding nodes in node-opcua, and values of them cannot be sent.
"use strict";

const { DataType, Variant, VariantArrayType } = require("node-opcua");
const { writable } = require("./values");

const TYPES_URI = "urn:shopfloor:plant:types";

function dataType(addressSpace, name) {
  return addressSpace.findDataType(name, addressSpace.getNamespaceIndex(TYPES_URI));
}

function addStructures(addressSpace, folder) {
  const construct = (type, fields) => addressSpace.constructExtensionObject(dataType(addressSpace, type), fields);
  const vec3 = (x) => construct("Vec3", { x, y: x + 1, z: x + 2 });
  const add = (name, type, value, extra) => {
    writable(addressSpace, folder, name, dataType(addressSpace, type), new Variant(value), extra);
  };
  const extension = (value) => ({ dataType: DataType.ExtensionObject, value });

  add("State", "PumpState", { dataType: DataType.Int32, value: 2 });
  add("Struct_Vec3", "Vec3", extension(vec3(1)));
  add("Struct_Array", "Vec3",
    { dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value: [vec3(1), vec3(2)] },
    { valueRank: 1, arrayDimensions: [0] });
  add("Struct_Batch", "BatchRecord", extension(construct("BatchRecord", {
    batchId: "B-1",
    recipe: { text: "Rezept", locale: "de" },
    started: new Date(0),
    state: 2,
    setpoints: [1, 2, 3],
    origin: { x: 1, y: 2, z: 3 },
    path: [{ x: 1, y: 2, z: 3 }, { x: 4, y: 5, z: 6 }],
    blob: Buffer.from("abc"),
  })));
  add("Struct_Optional", "Quality", extension(construct("Quality", { code: 7, score: 0.5 })));
  add("Struct_Union", "Reading", extension(construct("Reading", { text: "hi" })));
}

module.exports = { addStructures, dataType };
