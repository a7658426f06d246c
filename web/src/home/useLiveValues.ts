import type { Client } from 'graphql-ws';
import { useEffect, useReducer, useState } from 'react';
import { request } from '../api/request';
import { stream } from '../api/socket';
import { graphql } from '../gql';
import { liveReducer, type LiveValues, pathPattern, type SeriesInfo } from './live';
import { type Poll, usePoll } from './usePoll';

export const seriesShown = 80;
const listInterval = 10_000; // ms; new series appear at this pace, values with the stream
const maxRate = 2; // deliveries a second

const seriesDocument = graphql(`
  query LiveSeries($filter: SeriesFilter, $first: Int!) {
    series(filter: $filter, first: $first) {
      pageInfo { hasNextPage }
      edges {
        node {
          id
          server
          group
          writer
          field
          path
          unit
          labels
          latest {
            value
            dataType
            status { name severity }
            sourceTimestamp
            serverTimestamp
          }
        }
      }
    }
  }
`);

const telemetryDocument = graphql(`
  subscription Telemetry($ids: [ID!]!, $maxRate: Float!) {
    telemetry(filter: { ids: $ids }, maxRate: $maxRate) {
      values {
        series
        value {
          value
          dataType
          status { name severity }
          sourceTimestamp
          serverTimestamp
        }
      }
    }
  }
`);

interface SeriesList {
  series: SeriesInfo[];
  more: boolean;
}

export interface Live {
  list: Poll<SeriesList>;
  values: LiveValues;
  /** Why the stream of values is interrupted; undefined while it flows. */
  interrupted: string | undefined;
}

/** The first series with the text in their path, and their values as they change. */
export function useLiveValues(socket: Client, text: string): Live {
  const [load, setLoad] = useState(() => listLoader(text));
  useEffect(() => setLoad(() => listLoader(text)), [text]);
  const list = usePoll(load, listInterval);
  const [values, dispatch] = useReducer(liveReducer, {});
  const [interrupted, setInterrupted] = useState<string>();

  const series = list.data?.series;
  useEffect(() => {
    if (series) dispatch({ type: 'series', series });
  }, [series]);

  useEffect(() => {
    const timer = setInterval(() => dispatch({ type: 'second' }), 1000);
    return () => clearInterval(timer);
  }, []);

  const ids = series?.map((s) => s.id).join('\n');
  useEffect(() => {
    if (!ids) return;
    return stream(socket, telemetryDocument, { ids: ids.split('\n'), maxRate }, {
      next: ({ telemetry }) => {
        setInterrupted(undefined);
        dispatch({ type: 'telemetry', values: telemetry.values });
      },
      interrupted: setInterrupted,
    });
  }, [socket, ids]);

  return { list, values, interrupted };
}

function listLoader(text: string) {
  const filter = text ? { path: pathPattern(text) } : null;
  return async (signal: AbortSignal): Promise<SeriesList> => {
    const { series } = await request(seriesDocument, { filter, first: seriesShown }, signal);
    return { series: series.edges.map((e) => e.node), more: series.pageInfo.hasNextPage };
  };
}
