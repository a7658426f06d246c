"""A type of events of the server's own: TripMixer sends a MixerTripEventType with a reason and a temperature from the Server object."""
from asyncua import ua


async def add_own_events(server, plant, index):
    fields = [("TripReason", ua.VariantType.Int32), ("Temperature", ua.VariantType.Double)]
    kind = await server.create_custom_event_type(index, "MixerTripEventType", ua.ObjectIds.BaseEventType, fields)
    generator = await server.get_event_generator(kind, server.nodes.server)

    async def trip(_parent, reason, temperature):
        generator.event.TripReason = reason.Value
        generator.event.Temperature = temperature.Value
        generator.event.Severity = 700
        await generator.trigger(message="mixer tripped")
        return []

    await plant.add_method(
        ua.NodeId("TripMixer", index), f"{index}:TripMixer", trip, [ua.VariantType.Int32, ua.VariantType.Double], [])
