"""The OPC UA test plant on asyncua: an implementation that shares no code with node-opcua.

It takes its settings from the environment (PORT, PKI, APPLICATION_URI, VARS, PERIOD_MS) and prints a line that begins with
READY when clients can connect. The address space is a part of that of peer/server.js, under the same node ids; the package's
documentation lists it.
"""
import asyncio
import os
import signal
import uuid
from datetime import datetime, timedelta, timezone

from asyncua import Server, ua
from asyncua.common.type_dictionary_builder import DataTypeDictionaryBuilder
from asyncua.common.structures104 import new_enum, new_struct, new_struct_field
from asyncua.server.user_managers import UserManager
from asyncua.crypto.permission_rules import User, UserRole

from ownevents import add_own_events

USERS = {"op": "op-pass", "view": "view-pass"}

SCALARS = [
    ("Boolean", ua.VariantType.Boolean, True),
    ("SByte", ua.VariantType.SByte, -5),
    ("Byte", ua.VariantType.Byte, 200),
    ("Int16", ua.VariantType.Int16, -30000),
    ("UInt16", ua.VariantType.UInt16, 60000),
    ("Int32", ua.VariantType.Int32, -2000000000),
    ("UInt32", ua.VariantType.UInt32, 4000000000),
    ("Int64", ua.VariantType.Int64, -9007199254740993),
    ("UInt64", ua.VariantType.UInt64, 18446744004990074895),
    ("Float", ua.VariantType.Float, 1.5),
    ("Double", ua.VariantType.Double, 3.141592653589793),
    ("String", ua.VariantType.String, "høj ✓ test"),
    ("DateTime", ua.VariantType.DateTime, datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)),
    ("Guid", ua.VariantType.Guid, uuid.UUID("72962b91-fa75-4ae6-8d28-b404dc7daf63")),
    ("ByteString", ua.VariantType.ByteString, bytes([0, 1, 2, 255])),
    ("LocalizedText", ua.VariantType.LocalizedText, ua.LocalizedText("Pumpe läuft", "de")),
    ("QualifiedName", ua.VariantType.QualifiedName, ua.QualifiedName("Pump", 2)),
]


class Users(UserManager):
    def get_user(self, iserver, username=None, password=None, certificate=None):
        if username is None:
            return User(role=UserRole.User)
        if USERS.get(username) == password:
            return User(role=UserRole.User, name=username)
        return None


async def add_variables(plant, index):
    for name, kind, value in SCALARS:
        for prefix, v in (("Scalar_", value), ("Array_", [value] * 3)):
            node = await plant.add_variable(ua.NodeId(prefix + name, index), f"{index}:{prefix}{name}", ua.Variant(v, kind))
            await node.set_writable()
    matrix = ua.Variant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], ua.VariantType.Double, Dimensions=[2, 3])
    await plant.add_variable(ua.NodeId("Matrix_Double", index), f"{index}:Matrix_Double", matrix)
    big = ua.Variant([float(i) for i in range(70000)], ua.VariantType.Double)
    await plant.add_variable(ua.NodeId("BigArray", index), f"{index}:BigArray", big)
    await plant.add_variable(ua.NodeId("ReadOnly", index), f"{index}:ReadOnly", ua.Variant(1.0, ua.VariantType.Double))


async def add_structures(server, plant, index):
    await new_enum(server, index, "PumpState", ["Off", "Starting", "Running"])
    await new_struct(server, index, "Vec3", [new_struct_field(n, ua.VariantType.Double) for n in ("X", "Y", "Z")])
    types = await server.load_data_type_definitions()
    vec = types["Vec3"](1.0, 2.0, 3.0)
    node = await plant.add_variable(ua.NodeId("Struct_Vec3", index), f"{index}:Struct_Vec3", ua.Variant(vec, ua.VariantType.ExtensionObject))
    await node.set_writable()


async def add_dictionary(server, plant, index):
    """Structures as servers described them before OPC UA 1.04: in a type dictionary, without DataTypeDefinition."""
    builder = DataTypeDictionaryBuilder(server, index, "urn:shopfloor:plant", "PlantDictionary")
    await builder.init()
    part = await builder.create_data_type("OldPart")
    part.add_field("Number", ua.VariantType.UInt32)
    part.add_field("Weights", ua.VariantType.Double, is_array=True)
    order = await builder.create_data_type("OldOrder")
    order.add_field("Customer", ua.VariantType.String)
    order.add_field("First", part)
    order.add_field("Parts", part, is_array=True)
    await builder.set_dict_byte_string()
    await server.load_type_definitions()
    value = ua.OldOrder()
    value.Customer = "Acme"
    value.First.Number = 1
    value.First.Weights = [0.5]
    value.Parts = [value.First, value.First]
    node = await plant.add_variable(
        ua.NodeId("Struct_Old", index), f"{index}:Struct_Old", ua.Variant(value, ua.VariantType.ExtensionObject), datatype=order.data_type)
    await node.set_writable()


async def add_old_enum(server, plant, index):
    """An enumeration as servers described them before OPC UA 1.04: by EnumStrings, without DataTypeDefinition."""
    kind = await server.nodes.enum_data_type.add_data_type(ua.NodeId("OldMode", index), f"{index}:OldMode")
    await kind.add_property(ua.NodeId("OldMode.EnumStrings", index), "0:EnumStrings", [ua.LocalizedText(t) for t in ("Manual", "Automatic", "Service")])
    await plant.add_variable(ua.NodeId("Mode", index), f"{index}:Mode", ua.Variant(1, ua.VariantType.Int32), datatype=kind.nodeid)


async def add_view(server, plant, index):
    item = ua.AddNodesItem(
        RequestedNewNodeId=ua.NodeId("Overview", index), BrowseName=ua.QualifiedName("Overview", index), NodeClass_=ua.NodeClass.View,
        ParentNodeId=ua.NodeId(ua.ObjectIds.ViewsFolder), ReferenceTypeId=ua.NodeId(ua.ObjectIds.Organizes),
        NodeAttributes=ua.ViewAttributes(DisplayName=ua.LocalizedText("Overview"), Description=ua.LocalizedText("What is shown first"), ContainsNoLoops=True))
    (result,) = await server.iserver.isession.add_nodes([item])
    result.StatusCode.check()
    view = server.get_node(result.AddedNodeId)
    await view.add_reference(plant, ua.ObjectIds.Organizes)


async def add_types(server, index):
    """An ObjectType with a subtype: what both declare are the instance declarations of the subtype."""
    machine = await server.nodes.base_object_type.add_object_type(ua.NodeId("MachineType", index), f"{index}:MachineType")
    serial = await machine.add_property(ua.NodeId("MachineType.Serial", index), f"{index}:Serial", "")
    await serial.set_modelling_rule(True)
    press = await machine.add_object_type(ua.NodeId("PressType", index), f"{index}:PressType")
    force = await press.add_variable(ua.NodeId("PressType.Force", index), f"{index}:Force", 0.0)
    await force.set_modelling_rule(False)


async def add_events(server, plant, index):
    """RaiseEvent(text, severity) as in peer/events.js, of the Server object: asyncua hands no event on to the notifiers above."""
    def argument(name, kind):
        return ua.Argument(Name=name, DataType=ua.NodeId(kind), ValueRank=-1, ArrayDimensions=[], Description=ua.LocalizedText(name))

    generator = await server.get_event_generator(ua.ObjectIds.BaseEventType, ua.ObjectIds.Server)

    async def raise_event(_parent, text, severity):
        generator.event.SourceNode = plant.nodeid
        generator.event.SourceName = "Plant"
        generator.event.Severity = severity.Value
        await generator.trigger(message=text.Value)
        return []

    arguments = [argument("text", ua.ObjectIds.String), argument("severity", ua.ObjectIds.UInt16)]
    await plant.add_method(ua.NodeId("RaiseEvent", index), f"{index}:RaiseEvent", raise_event, arguments, [])


async def add_method(plant, index):
    def argument(name):
        return ua.Argument(Name=name, DataType=ua.NodeId(ua.ObjectIds.Double), ValueRank=-1, ArrayDimensions=[], Description=ua.LocalizedText(name))

    async def add(_parent, a, b):
        return [ua.Variant(a.Value + b.Value, ua.VariantType.Double)]

    await plant.add_method(ua.NodeId("Add", index), f"{index}:Add", add, [argument("a"), argument("b")], [argument("sum")])


async def add_history(server, plant, index):
    """Histories in memory as peer/history.js makes them, and of the events of the plant: one a second, its number in the message."""
    storage = server.iserver.history_manager.storage
    start = datetime(2026, 1, 2, tzinfo=timezone.utc)
    times = [start + timedelta(seconds=i) for i in range(1000)]
    for name, kind, make in (
        ("HFixed", ua.VariantType.Double, float),
        ("HText", ua.VariantType.String, lambda i: f"second {i}"),
    ):
        node = await plant.add_variable(ua.NodeId(name, index), f"{index}:{name}", ua.Variant(make(0), kind))
        await node.set_attr_bit(ua.AttributeIds.AccessLevel, ua.AccessLevel.HistoryRead)
        await node.set_attr_bit(ua.AttributeIds.UserAccessLevel, ua.AccessLevel.HistoryRead)
        await node.write_attribute(ua.AttributeIds.Historizing, ua.DataValue(True))
        await storage.new_historized_node(node.nodeid, None)
        for i, time in enumerate(times):
            value = ua.DataValue(ua.Variant(make(i), kind), SourceTimestamp=time, ServerTimestamp=time)
            await storage.save_node_value(node.nodeid, value)
    notifier = ua.DataValue(ua.Variant(ua.EventNotifier.SubscribeToEvents | ua.EventNotifier.HistoryRead, ua.VariantType.Byte))
    await plant.write_attribute(ua.AttributeIds.EventNotifier, notifier)
    await storage.new_historized_event(plant.nodeid, [], None)
    for i, time in enumerate(times[:20]):
        event = await get_event(server, plant, i)
        event.Time = event.ReceiveTime = time
        await storage.save_event(event)


async def get_event(server, plant, number):
    generator = await server.get_event_generator(ua.ObjectIds.BaseEventType, plant)
    event = generator.event
    event.Message = ua.LocalizedText(f"event {number}")
    event.Severity = 100 + number
    event.EventId = str(number).encode()
    return event


async def count(server, nodes, period):
    """Has V<i> = tick + i, with the tick's time as the source timestamp."""
    tick = 0
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        now = datetime.now(timezone.utc)
        for i, node in enumerate(nodes):
            value = ua.DataValue(ua.Variant(float(tick + i), ua.VariantType.Double), SourceTimestamp=now, ServerTimestamp=now)
            await server.write_attribute_value(node.nodeid, value)
        tick += 1
        due += period
        await asyncio.sleep(max(due - loop.time(), 0))


async def main():
    server = Server(user_manager=Users())
    await server.init()
    await server.set_application_uri(os.environ["APPLICATION_URI"])
    endpoint = f"opc.tcp://127.0.0.1:{os.environ['PORT']}/plant"
    server.set_endpoint(endpoint)
    own = os.path.join(os.environ["PKI"], "server", "own")
    await server.load_certificate(os.path.join(own, "certs", "certificate.pem"))
    await server.load_private_key(os.path.join(own, "private", "private_key.pem"))
    policies = [
        ua.SecurityPolicyType.NoSecurity,
        ua.SecurityPolicyType.Basic256Sha256_Sign,
        ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
        ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
        ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
    ]
    server.set_security_policy(policies)
    index = await server.register_namespace(os.environ["APPLICATION_URI"])
    plant = await server.nodes.objects.add_object(ua.NodeId("Plant", index), f"{index}:Plant")
    await add_variables(plant, index)
    await add_structures(server, plant, index)
    await add_dictionary(server, plant, index)
    await add_old_enum(server, plant, index)
    await add_view(server, plant, index)
    await add_types(server, index)
    await add_events(server, plant, index)
    await add_method(plant, index)
    await add_history(server, plant, index)
    await add_own_events(server, plant, index)
    nodes = []
    for i in range(int(os.environ["VARS"])):
        nodes.append(await plant.add_variable(ua.NodeId(f"V{i}", index), f"{index}:V{i}", float(i)))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server:
        counting = asyncio.create_task(count(server, nodes, int(os.environ["PERIOD_MS"]) / 1000))
        print("READY", endpoint, flush=True)
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([counting, stopped], return_when=asyncio.FIRST_COMPLETED)
        if counting.done():
            counting.result()  # tells why it ended
        counting.cancel()


if __name__ == "__main__":
    asyncio.run(main())
