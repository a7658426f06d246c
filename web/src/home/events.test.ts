import { expect, test } from 'vitest';
import { eventsShown, isOverflow, mergeEvents, type PlantEvent, typeText, urgencyOf } from './events';

function event(id: string, rest: Partial<PlantEvent> = {}): PlantEvent {
  return {
    id, gateway: 'g', server: 's', time: null, severity: null, sourceName: null, eventType: null, eventTypeName: null, message: null, retain: null, ...rest,
  };
}

test('events are merged newest first, each once, and no more than are shown', () => {
  const at = (second: number) => event(`e${second}`, { time: new Date(second * 1000).toISOString() });
  const merged = mergeEvents([at(3), at(1)], [at(2), at(3), event('now')]);
  expect(merged.map((e) => e.id)).toEqual(['now', 'e3', 'e2', 'e1']);
  const many = Array.from({ length: 50 }, (_, i) => at(i));
  expect(mergeEvents(many, merged)).toHaveLength(eventsShown);
});

test('the overflow of this page is not the overflow of a server', () => {
  const overflow = { eventTypeName: 'EventQueueOverflowEventType' };
  expect(isOverflow(event('a', { ...overflow, gateway: '' }))).toBe(true);
  expect(isOverflow(event('a', overflow))).toBe(false);
});

test('severity in thirds', () => {
  expect([undefined, null, 0, 1, 333, 334, 666, 667, 1000].map(urgencyOf)).toEqual(
    ['low', 'low', 'low', 'low', 'low', 'medium', 'medium', 'high', 'high'],
  );
});

test('types for people', () => {
  expect(typeText(event('a', { eventTypeName: 'ExclusiveLevelAlarmType', eventType: 'i=9482' }))).toBe('Exclusive Level Alarm');
  expect(typeText(event('a', { eventTypeName: 'SystemEventType' }))).toBe('System');
  expect(typeText(event('a', { eventType: 'nsu=urn:a;i=5' }))).toBe('nsu=urn:a;i=5');
  expect(typeText(event('a'))).toBe('');
});
