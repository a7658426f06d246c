// The tabs that the playground opens with. All of them run as they are on the demo plant (server "demo", namespace
// urn:shopfloor:demo-plant). The name of the operation is the title of its tab.
export const examples = [
  `# Run with Ctrl+Enter. Every tab is an example for the demo
# plant (shopfloor --demo).
query Servers {
  servers {
    edges {
      node {
        id
        name
        endpointUrl
        state
        valuesPerSecond
        connection {
          since
          error
          securityMode
          securityPolicy
          monitoredItems
          badItems
        }
      }
    }
  }
}
`,
  `# The types of the plant are types of the schema:
# Ctrl+Space lists what a boiler has. Units, ranges
# and stored history come with the values.
query PlantTypes {
  ShopfloorDemoPlant_BoilerType(first: 10) {
    nodes {
      browseName { name }
      SerialNumber
      Mode { value }
      Temperature {
        value
        status { name }
        unit { displayName }
        range { low high }
        history(last: "10m", step: "1m", aggregate: MAX) {
          points {
            time
            value
          }
        }
      }
    }
  }
  ShopfloorDemoPlant_PackagingLineType {
    nodes {
      State { value }
      CurrentBatch {
        value {
          Recipe
          Quantity
          Good
          Rejected
        }
      }
    }
  }
}

# A method of a type is a mutation.
mutation StartHeating {
  ShopfloorDemoPlant_BoilerType_StartHeating(
    id: "demo/nsu=urn:shopfloor:demo-plant;s=Boiler2"
    targetTemperature: 120
  ) {
    status { name }
    message
  }
}

# What changed, as it changes.
subscription FollowBoilers {
  ShopfloorDemoPlant_BoilerType(server: "demo", samplingInterval: "500ms") {
    sequence
    nodes {
      id
      Temperature { value }
      BurnerOutput { value }
    }
  }
}
`,
  `# Nodes of all servers by name, path, type or unit,
# the best first. The servers are not asked.
query Search {
  search(text: "temperature", unit: "°C", path: "Objects/**", first: 10) {
    totalCount
    edges {
      path
      typeName
      unit
      node {
        id
        ... on VariableNode {
          value { value }
        }
      }
    }
  }
}
`,
  `# The address space, from a browse path. Ask "children" again
# inside "node" to go deeper.
query Browse {
  path(server: "demo", path: "Objects/Plant/Boiler1") {
    nodeId
    nodeClass
    displayName { text }
    description { text }
    children {
      edges {
        node {
          nodeId
          nodeClass
          displayName { text }
          ... on VariableNode {
            dataType
            accessLevel
          }
        }
      }
    }
  }
}
`,
  `# Values read from the server now; below them the same nodes as
# the platform stores them, with their units.
query ReadValues {
  nodes(
    server: "demo"
    nodeIds: [
      "nsu=urn:shopfloor:demo-plant;s=Boiler1.Temperature"
      "nsu=urn:shopfloor:demo-plant;s=Boiler1.Pressure"
      "nsu=urn:shopfloor:demo-plant;s=EnergyMeter1.ActivePower"
    ]
  ) {
    displayName { text }
    ... on VariableNode {
      value {
        value
        dataType
        status { name severity }
        sourceTimestamp
      }
    }
  }
  series(
    first: 10
    filter: {
      server: "demo"
      nodeIds: [
        "nsu=urn:shopfloor:demo-plant;s=Boiler1.Temperature"
        "nsu=urn:shopfloor:demo-plant;s=Boiler1.Pressure"
        "nsu=urn:shopfloor:demo-plant;s=EnergyMeter1.ActivePower"
      ]
    }
  ) {
    edges {
      node {
        path
        unit
        latest { value }
      }
    }
  }
}
`,
  `# One result per input: the second one is refused (20 to 180 °C),
# the first is written all the same.
mutation WriteSetPoint {
  write(
    input: [
      { server: "demo", nodeId: "nsu=urn:shopfloor:demo-plant;s=Boiler1.TemperatureSetPoint", value: 150 }
      { server: "demo", nodeId: "nsu=urn:shopfloor:demo-plant;s=Boiler2.TemperatureSetPoint", value: 900 }
    ]
  ) {
    nodeId
    status { name severity }
    message
  }
}
`,
  `# Starts a batch of 500 packs on the packaging line.
mutation CallMethod {
  call(
    input: [
      {
        server: "demo"
        objectId: "nsu=urn:shopfloor:demo-plant;s=PackagingLine1"
        methodId: "nsu=urn:shopfloor:demo-plant;s=PackagingLine1.StartBatch"
        inputArguments: ["Oat drink 1 l", 500]
      }
    ]
  ) {
    status { name }
    message
    inputArgumentResults {
      status { name }
    }
    outputArguments {
      name
      value
      dataType
    }
  }
}
`,
  `# Monitored items, straight from the server.
subscription SubscribeValues {
  values(
    server: "demo"
    nodeIds: [
      "nsu=urn:shopfloor:demo-plant;s=Boiler1.Temperature"
      "nsu=urn:shopfloor:demo-plant;s=Boiler1.BurnerOutput"
    ]
    samplingInterval: "250ms"
  ) {
    sequence
    overflow
    changes {
      nodeId
      value {
        value
        status { name }
        sourceTimestamp
      }
    }
  }
}
`,
  `# What the platform stores, as it arrives: the newest value of
# each series that changed.
subscription Telemetry {
  telemetry(filter: { server: "demo", path: "Objects/Plant/Boiler1/.*" }, maxRate: 2) {
    sequence
    values {
      path
      value {
        value
        status { name }
        sourceTimestamp
      }
    }
  }
}
`,
  `# The last ten minutes from the store, one average every
# 10 seconds.
query History {
  series(first: 1, filter: { server: "demo", path: "Objects/Plant/Boiler1/Temperature" }) {
    edges {
      node {
        id
        unit
        latest { value }
        history(last: "10m", step: "10s", aggregate: AVG, first: 60) {
          points {
            time
            value
          }
        }
      }
    }
  }
}
`,
  `# What the server itself keeps, and its aggregates.
query ServerHistory {
  path(server: "demo", path: "Objects/Plant/Boiler1/Temperature") {
    ... on VariableNode {
      serverHistory(last: "10m", newestFirst: true, first: 5) {
        edges {
          node {
            value
            status { name }
            sourceTimestamp
          }
        }
      }
      processedHistory(last: "10m", interval: "1m", aggregate: AVERAGE) {
        edges {
          node {
            value
            sourceTimestamp
          }
        }
      }
    }
  }
}
`,
  `# Text, structures and integers over 2^53 are in data, exact; value
# has numbers only.
query TextHistory {
  series(first: 1, filter: { server: "demo", path: "Objects/Plant/PackagingLine1/BatchId" }) {
    edges {
      node {
        id
        numeric
        history(last: "1d", first: 20) {
          points {
            time
            value
            data {
              value
              dataType
              status { name }
              sourceTimestamp
            }
          }
        }
      }
    }
  }
}
`,
  `# One more writer with two nodes, sampled every 2 seconds, with
# a label of its own.
mutation Publish {
  publish(
    input: {
      server: "demo"
      writer: "playground"
      samplingInterval: "2s"
      extensionFields: { area: "utilities" }
      nodes: [
        { nodeId: "nsu=urn:shopfloor:demo-plant;s=EnergyMeter1.ActivePower" }
        { nodeId: "nsu=urn:shopfloor:demo-plant;s=EnergyMeter1.PowerFactor" }
      ]
    }
  ) {
    writer {
      id
      fieldCount
    }
    results {
      nodeId
      field
      status { name }
      message
    }
  }
}
`,
  `# How far the platform is from its limits, what somebody has to act on, and what
# it refused with the reason.
query Health {
  alarms {
    severity
    since
    message
    remedy
  }
  limits {
    name
    current
    limit
    unit
    state
    consequence
  }
  deadLetters(first: 5) {
    edges {
      node {
        time
        gateway
        writer
        reason
      }
    }
  }
}
`,
  `# The alarm of a boiler. HeatUp sets a temperature above the limit of
# 160 °C: within half a minute BoilerAlarms shows the alarm. It goes
# when it is acknowledged, the boiler has cooled, and it is confirmed.
query BoilerAlarms {
  server(id: "demo") {
    conditions {
      totalCount
      complete
      edges {
        node {
          conditionId
          sourceName
          severity
          message { text }
          active
          acknowledged
          confirmed
          limits
          shelving
          comment { text }
        }
      }
    }
  }
}

mutation HeatUp {
  write(input: [{ server: "demo", nodeId: "nsu=urn:shopfloor:demo-plant;s=Boiler1.TemperatureSetPoint", value: 175 }]) {
    status { name }
  }
}

mutation CoolDown {
  write(input: [{ server: "demo", nodeId: "nsu=urn:shopfloor:demo-plant;s=Boiler1.TemperatureSetPoint", value: 140 }]) {
    status { name }
  }
}

mutation Acknowledge {
  acknowledge(input: [{ server: "demo", condition: "nsu=urn:shopfloor:demo-plant;s=Boiler1.OverTemperature", comment: "on my way" }]) {
    status { name }
    message
  }
}

mutation Confirm {
  confirm(input: [{ server: "demo", condition: "nsu=urn:shopfloor:demo-plant;s=Boiler1.OverTemperature" }]) {
    status { name }
    message
  }
}

mutation ShelveForTenMinutes {
  shelve(input: [{ server: "demo", condition: "nsu=urn:shopfloor:demo-plant;s=Boiler1.OverTemperature", duration: "10m" }]) {
    status { name }
    message
  }
}

subscription WatchAlarms {
  conditions(server: "demo") {
    sequence
    conditions { conditionId severity message { text } active acknowledged }
    removed { conditionId }
  }
}

subscription AlarmEvents {
  serverEvents(server: "demo", filter: { typeNames: ["AlarmConditionType"], minSeverity: 500 }) {
    events {
      __typename
      time
      message { text }
      ... on AlarmConditionEvent { activeState { id } }
    }
  }
}
`,
  `# The newest events of all servers. The second operation gets them as
# they come; the third publishes those of a server (of its alarms with
# typeDefinition "i=2782").
query NewestEvents {
  events(first: 20, filter: { minSeverity: 1 }) {
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      node {
        time
        severity
        server
        sourceName
        eventTypeName
        message { text }
        conditionId
        retain
        fields {
          name
          value
          dataType
        }
      }
    }
  }
}

subscription UrgentEvents {
  events(filter: { minSeverity: 667 }) {
    time
    severity
    sourceName
    message { text }
  }
}

mutation PublishEvents {
  applyConfiguration(
    input: {
      gateway: "local"
      items: [
        { putWriter: { group: "demo", name: "events", server: "demo", events: { notifier: "i=2253", typeDefinition: "i=2041" } } }
      ]
    }
  ) {
    applied
    results { problems { field message } }
  }
}
`,
  `# Put the address of a real server here. The second operation
# takes it away again.
mutation AddServer {
  addServer(input: { id: "press-4", name: "Press 4", endpointUrl: "opc.tcp://192.0.2.10:4840" }) {
    id
    state
  }
}

mutation RemoveServer {
  removeServer(id: "press-4")
}
`,
];
