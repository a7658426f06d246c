// A folder of machines that come and go: the methods AddMachine and RemoveMachine change the address space, and the server sends
// a GeneralModelChangeEvent, as the folder has a NodeVersion (Part 3, 9.32.3).
"use strict";

const { DataType, StatusCodes } = require("node-opcua");

function addMachines(addressSpace, plant) {
  const namespace = addressSpace.getOwnNamespace();
  const machines = namespace.addObject({
    browseName: "Machines", nodeId: "s=Machines", organizedBy: plant, typeDefinition: "FolderType", nodeVersion: "1",
  });
  const method = (browseName, body) => {
    namespace.addMethod(plant, {
      browseName, nodeId: `s=${browseName}`, inputArguments: [{ name: "name", dataType: DataType.String }], outputArguments: [],
    }).bindMethod(([name], _context, callback) => {
      addressSpace.modelChangeTransaction(() => body(name.value));
      callback(null, { statusCode: StatusCodes.Good });
    });
  };
  method("AddMachine", (name) => {
    const machine = namespace.addObject({ browseName: name, nodeId: `s=${name}`, organizedBy: machines });
    namespace.addVariable({
      browseName: "Speed", nodeId: `s=${name}.Speed`, componentOf: machine, dataType: DataType.Double, value: { dataType: DataType.Double, value: 1 },
    });
  });
  method("RemoveMachine", (name) => {
    addressSpace.deleteNode(addressSpace.findNode(`ns=1;s=${name}`));
  });
}

module.exports = { addMachines };
