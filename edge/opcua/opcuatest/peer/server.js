#!/usr/bin/env node
// An OPC UA server that behaves like a machine's: the peer of the tests in edge/opcua.
//
//   node server.js          settings come from the environment, see settings.js
//
// Prints "READY <endpoint URL>" on stdout once clients can connect. SIGTERM and SIGINT shut it down in order: sessions
// are closed and clients are told. Whatever goes wrong at the start ends the process with code 1.
//
// The line "trust <DER in base64>" on stdin puts a client's certificate into the trust list, also one that was rejected
// before, and is answered by "TRUSTED" on stdout.
"use strict";

// Each monitored item of events is a listener of its node. Beyond ten Node warns, and node-opcua breaks as it prints the node for that.
require("node:events").defaultMaxListeners = 1000;

const path = require("node:path");
const readline = require("node:readline");
const opcua = require("node-opcua");
const { readSettings } = require("./settings");
const { userManager } = require("./users");
const { addCounters } = require("./counters");
const { addDevices } = require("./devices");
const { addEvents } = require("./events");
const { addHistory } = require("./history");
const { addMachines } = require("./machines");
const { addMethods } = require("./methods");
const { addModel } = require("./model");
const { addMill } = require("./mill");
const { addMotors } = require("./motors");
const { addStructures } = require("./structures");
const { addValues } = require("./values");

const MAX_SESSIONS = 50;

// refuseWhere has the server be one that knows no where clauses, of which there are many.
function refuseWhere() {
  const create = opcua.Subscription.prototype.preCreateMonitoredItem;
  opcua.Subscription.prototype.preCreateMonitoredItem = function (addressSpace, timestamps, request) {
    const filter = request.requestedParameters.filter;
    if (filter instanceof opcua.EventFilter && filter.whereClause?.elements?.length) {
      const createResult = new opcua.MonitoredItemCreateResult({ statusCode: opcua.StatusCodes.BadMonitoredItemFilterUnsupported });
      return { createResult, monitoredItemCreateRequest: request };
    }
    return create.call(this, addressSpace, timestamps, request);
  };
}

async function main() {
  const settings = readSettings(process.env);
  if (!settings.where) refuseWhere();
  const server = new opcua.OPCUAServer({
    ...(await security(settings)),
    ...limits(settings),
    // Both names: "host" is what is listened on, "hostname" what the endpoint URLs say.
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    port: settings.port,
    resourcePath: "/plant",
    // The plant's own types come second, so that they have namespace index 2 whatever else is loaded.
    nodeset_filename: [
      opcua.nodesets.standard,
      path.join(__dirname, "plant-types.NodeSet2.xml"),
      ...settings.companions.map(companionFile),
    ],
    serverInfo: {
      applicationUri: settings.applicationUri,
      productUri: "urn:shopfloor:plant",
      applicationName: { text: "Shopfloor test plant" },
    },
    buildInfo: { productName: "Shopfloor test plant", manufacturerName: "Shopfloor", softwareVersion: "1.0.0" },
    registerServerMethod: opcua.RegisterServerMethod.HIDDEN,
    ...reverseConnect(settings),
  });
  await server.initialize();
  const generators = buildPlant(server.engine.addressSpace, settings);
  await server.start();

  const stop = async () => {
    generators.forEach((generator) => clearInterval(generator));
    await server.shutdown(0);
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  obey(server.serverCertificateManager);

  console.log(`READY opc.tcp://127.0.0.1:${settings.port}/plant`);
}

// obey carries out the commands on stdin. Trust is given by command because moving files into the trust list of a running
// server is a race with its folder watchers, and rejected certificates win.
function obey(certificateManager) {
  readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    const [verb, der] = line.split(" ");
    if (verb !== "trust") {
      console.error(`unknown command ${JSON.stringify(verb)}, want "trust <DER in base64>"`);
      return;
    }
    await certificateManager.trustCertificate(Buffer.from(der, "base64"));
    console.log("TRUSTED");
  });
}

// buildPlant fills the address space and returns the timers that change it.
function buildPlant(addressSpace, settings) {
  opcua.addAggregateSupport(addressSpace);
  addressSpace.installAlarmsAndConditionsService();
  const namespace = addressSpace.getOwnNamespace();
  const objects = addressSpace.rootFolder.objects;
  const plant = namespace.addObject({
    browseName: "Plant", nodeId: "s=Plant", organizedBy: objects, eventNotifier: 1, notifierOf: objects.server,
  });
  const folder = (name) => namespace.addObject({
    browseName: name, nodeId: `s=${name}`, organizedBy: plant, typeDefinition: "FolderType",
  });

  const values = folder("Types");
  addValues(addressSpace, values);
  addStructures(addressSpace, values);
  addMethods(addressSpace, plant);
  addMachines(addressSpace, plant);
  addModel(addressSpace, plant);
  addDevices(addressSpace, plant, settings.devices);
  addMotors(addressSpace, plant, settings.motors);
  addMill(addressSpace);
  return [
    addCounters(addressSpace, folder("Fast"), settings),
    addHistory(addressSpace, folder("Hist")),
    ...addEvents(addressSpace, plant, settings),
  ].filter((generator) => generator !== undefined);
}

function companionFile(name) {
  const file = opcua.nodesets[name];
  if (file === undefined) {
    throw new Error(`COMPANION names ${JSON.stringify(name)}, known are ${Object.keys(opcua.nodesets).join(",")}`);
  }
  return file;
}

async function security(settings) {
  const store = (folder, name) => new opcua.OPCUACertificateManager({
    rootFolder: path.join(settings.pki, folder),
    name,
    automaticallyAcceptUnknownCertificate: settings.autoAccept,
  });
  const serverCertificateManager = store("server", "PKI");
  const userCertificateManager = store("user", "UserPKI");
  await serverCertificateManager.initialize();
  await userCertificateManager.initialize();
  return {
    serverCertificateManager,
    userCertificateManager,
    userManager,
    allowAnonymous: settings.anonymous,
    // Else a client that comes back with a new anonymous session cannot take its subscriptions along.
    allowAnonymousSubscriptionTransferOnUnsecuredChannel: true,
    securityModes: [
      opcua.MessageSecurityMode.None,
      opcua.MessageSecurityMode.Sign,
      opcua.MessageSecurityMode.SignAndEncrypt,
    ],
    securityPolicies: [
      opcua.SecurityPolicy.None,
      opcua.SecurityPolicy.Basic256Sha256,
      opcua.SecurityPolicy.Aes128_Sha256_RsaOaep,
      opcua.SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
  };
}

// Connects to a client that listens, twice: clients use one connection for subscriptions and one for the rest.
function reverseConnect(settings) {
  if (settings.reverse === "") return {};
  const connections = [{ endpointUrl: settings.reverse }, { endpointUrl: settings.reverse }];
  return { reverseConnect: { connections, reconnectDelay: 200, maxReconnectDelay: 500 } };
}

function limits(settings) {
  return {
    maxConnectionsPerEndpoint: MAX_SESSIONS,
    serverCapabilities: {
      minSupportedSampleRate: 0, // else changes within 50 ms are folded into one, and counters miss steps
      maxSessions: MAX_SESSIONS,
      maxSubscriptionsPerSession: settings.subscriptions,
      maxMonitoredItems: 200_000,
      maxMonitoredItemsPerSubscription: 100_000,
      maxMonitoredItemsQueueSize: 60_000,
      operationLimits: {
        maxNodesPerRead: settings.limit,
        maxNodesPerWrite: settings.limit,
        maxNodesPerBrowse: settings.limit,
        maxMonitoredItemsPerCall: settings.limit,
        maxNodesPerTranslateBrowsePathsToNodeIds: settings.limit,
        maxNodesPerHistoryReadData: 100,
        maxNodesPerMethodCall: 100,
      },
    },
  };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
