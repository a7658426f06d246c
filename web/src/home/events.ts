import type { NewestEventsQuery } from '../gql/graphql';

export type PlantEvent = NewestEventsQuery['events']['edges'][number]['node'];

export const eventsShown = 10;

/** What stands for events that were left out because this page was too slow: they are stored. */
export function isOverflow(event: PlantEvent): boolean {
  return event.gateway === '' && event.eventTypeName === 'EventQueueOverflowEventType';
}

/** The newest of both lists, each once. An event without a time stands before the others: it has just come. */
export function mergeEvents(known: readonly PlantEvent[], more: readonly PlantEvent[]): PlantEvent[] {
  const byId = new Map(known.map((e) => [e.id, e]));
  for (const e of more) byId.set(e.id, e);
  return [...byId.values()].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, eventsShown);
}

function timeOf(event: PlantEvent): number {
  return event.time ? Date.parse(event.time) : Infinity;
}

export type Urgency = 'high' | 'medium' | 'low';

/** The thirds of the severity, 1 to 1000, that the standard suggests (Part 5, 6.4.2). */
export function urgencyOf(severity: number | null | undefined): Urgency {
  if (!severity || severity <= 333) return 'low';
  return severity <= 666 ? 'medium' : 'high';
}

/** "ExclusiveLevelAlarmType" to "Exclusive Level Alarm"; a type that is not of the standard by its id. */
export function typeText(event: Pick<PlantEvent, 'eventType' | 'eventTypeName'>): string {
  const { eventType, eventTypeName } = event;
  return eventTypeName?.replace(/(Event|Condition)?Type$/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ') ?? eventType ?? '';
}
