import type { Client } from 'graphql-ws';
import { useEffect, useState } from 'react';
import { request } from '../api/request';
import { stream } from '../api/socket';
import { graphql } from '../gql';
import type { NewestEventsQuery } from '../gql/graphql';
import { eventsShown, isOverflow, mergeEvents, type PlantEvent } from './events';
import { type Poll, usePoll } from './usePoll';

const listInterval = 60_000; // ms; what comes meanwhile comes with the stream
const drawInterval = 250; // ms; a flood of events is drawn at this pace

const listDocument = graphql(`
  query NewestEvents($first: Int!) {
    events(first: $first) {
      edges { node { id gateway server time severity sourceName eventType eventTypeName retain message { text } } }
    }
  }
`);

const streamDocument = graphql(`
  subscription Events {
    events { id gateway server time severity sourceName eventType eventTypeName retain message { text } }
  }
`);

function load(signal: AbortSignal): Promise<NewestEventsQuery> {
  return request(listDocument, { first: eventsShown }, signal);
}

export interface Events {
  list: Poll<NewestEventsQuery>;
  events: readonly PlantEvent[];
  /** Why the stream of events is interrupted; undefined while it flows. */
  interrupted: string | undefined;
}

/** The newest events of the plant, as they come. */
export function useEvents(socket: Client): Events {
  const list = usePoll(load, listInterval);
  const [events, setEvents] = useState<readonly PlantEvent[]>([]);
  const [interrupted, setInterrupted] = useState<string>();
  const { data, refresh } = list;

  useEffect(() => {
    if (data) setEvents((known) => mergeEvents(known, data.events.edges.map((e) => e.node)));
  }, [data]);

  useEffect(() => {
    let waiting: PlantEvent[] = [];
    const draw = setInterval(() => {
      if (waiting.length === 0) return;
      const come = waiting;
      waiting = [];
      setEvents((known) => mergeEvents(known, come));
    }, drawInterval);
    let lost = false;
    const stop = stream(socket, streamDocument, {}, {
      next: ({ events: event }) => {
        setInterrupted(undefined);
        if (isOverflow(event)) refresh();
        else waiting = mergeEvents(waiting, [event]);
      },
      interrupted: (reason) => {
        setInterrupted(reason);
        if (lost && reason === undefined) refresh(); // what came meanwhile
        lost = reason !== undefined;
      },
    });
    return () => {
      clearInterval(draw);
      stop();
    };
  }, [socket, refresh]);

  return { list, events, interrupted };
}
