// Settings, all from the environment:
//
//   PORT             TCP port on 127.0.0.1 (4840)
//   PKI              folder of the certificate stores PKI/server and PKI/user, made when missing; required
//   APPLICATION_URI  ApplicationUri, which is also the URI of namespace 1; the certificate must carry it (urn:shopfloor:plant)
//   VARS             number of counting variables V0, V1, ... (20)
//   PERIOD_MS        milliseconds between two counts, 0 = they stand still (100)
//   COUNTER          "start": they count from 0 at the start; "clock": they count periods since 1970, so that the count
//                    goes on over a restart as if the server had never been away (start)
//   MISSING          1 = V0 is not there, as after a change of the machine's program (0)
//   ANONYMOUS        0 = anonymous sessions are refused with BadIdentityTokenInvalid (1)
//   AUTO_ACCEPT      1 = certificates of unknown clients are trusted; 0 = they go to PKI/server/rejected (0)
//   LIMIT            operation limit: nodes in one Read, Write, Browse, CreateMonitoredItems; 0 = none (1000)
//   SUBSCRIPTIONS    subscriptions that a session takes (100)
//   EVENT_MS         milliseconds between two events of the plant, 0 = none (1000)
//   TANK_MS          milliseconds between two levels of the tank, 0 = it stands still until it is written (2000)
//   WHERE            0 = an EventFilter with a where clause is refused with BadMonitoredItemFilterUnsupported (1)
//   COMPANION        further node sets by node-opcua's names, with those they need: "di,ia,machinery" ()
//   DEVICES          further instances of DI's SoftwareType, Devices/Device0, Device1, ...; needs COMPANION=di (0)
//   MOTORS           instances of MotorType, Motors/Motor0, Motors/Motor1, ..., with four variables each (0)
//   REVERSE          URL of a client that the server connects to, twice (Part 6, 7.1.2.6): "opc.tcp://127.0.0.1:4844" ()
"use strict";

function readSettings(env) {
  const pki = env.PKI;
  if (!pki) {
    throw new Error("PKI is not set: name a folder for the certificates");
  }
  return {
    pki,
    port: integer(env, "PORT", 4840),
    applicationUri: env.APPLICATION_URI || "urn:shopfloor:plant",
    vars: integer(env, "VARS", 20),
    periodMs: integer(env, "PERIOD_MS", 100),
    counter: oneOf(env, "COUNTER", ["start", "clock"]),
    firstVar: flag(env, "MISSING", "0") ? 1 : 0,
    anonymous: flag(env, "ANONYMOUS", "1"),
    autoAccept: flag(env, "AUTO_ACCEPT", "0"),
    limit: integer(env, "LIMIT", 1000),
    subscriptions: integer(env, "SUBSCRIPTIONS", 100),
    eventMs: integer(env, "EVENT_MS", 1000),
    tankMs: integer(env, "TANK_MS", 2000),
    where: flag(env, "WHERE", "1"),
    devices: integer(env, "DEVICES", 0),
    motors: integer(env, "MOTORS", 0),
    reverse: env.REVERSE || "",
    companions: (env.COMPANION || "").split(",").filter(Boolean),
  };
}

function integer(env, name, fallback) {
  const text = env[name] || String(fallback);
  if (!/^\d+$/.test(text)) {
    throw new Error(`${name} is ${JSON.stringify(text)}, want a whole number, 0 or more`);
  }
  return Number(text);
}

function oneOf(env, name, choices) {
  const text = env[name] || choices[0];
  if (!choices.includes(text)) {
    throw new Error(`${name} is ${JSON.stringify(text)}, want one of ${choices.join(", ")}`);
  }
  return text;
}

function flag(env, name, fallback) {
  return oneOf({ [name]: env[name] || fallback }, name, ["0", "1"]) === "1";
}

module.exports = { readSettings };
