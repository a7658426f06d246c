// The users, their passwords and their roles (Part 18, 4.2).
"use strict";

const { makeRoles } = require("node-opcua");

const USERS = new Map([
  ["op", { password: "op-pass", roles: ["Operator"] }],
  ["eng", { password: "eng-pass", roles: ["Engineer", "ConfigureAdmin"] }],
  ["view", { password: "view-pass", roles: ["Observer"] }],
]);

const userManager = {
  isValidUser: (name, password) => USERS.get(name)?.password === password,
  getUserRoles: (name) => {
    if (name === "anonymous") {
      return makeRoles("Anonymous");
    }
    return makeRoles(["AuthenticatedUser", ...(USERS.get(name)?.roles ?? [])].join(";"));
  },
};

module.exports = { userManager };
