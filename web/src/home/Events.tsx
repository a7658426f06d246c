import type { Client } from 'graphql-ws';
import { formatTime } from '../format';
import { eventsShown, type PlantEvent, typeText, urgencyOf } from './events';
import { Icon } from './Icon';
import { SectionProblem } from './SectionProblem';
import { useEvents } from './useEvents';
import './events.css';

/** The newest events of all servers, as they come. */
export function Events({ socket }: { socket: Client }) {
  const { list, events, interrupted } = useEvents(socket);
  return (
    <section id="events" aria-labelledby="events-title">
      <div className="section-head">
        <h2 id="events-title">Events</h2>
        {interrupted && (
          <span className="badge warn" role="status">
            <Icon name="waiting" />
            Interrupted ({interrupted}): reconnecting
          </span>
        )}
      </div>
      <SectionProblem what="The events" problem={list.problem} />
      {!list.data && !list.problem && <p className="loading">Loading events…</p>}
      {list.data && events.length === 0 && (
        <p className="card empty">
          No event was stored yet. A writer with <code>events</code> publishes those of a server: the <a href="/playground">playground</a> has an example.
        </p>
      )}
      {events.length > 0 && (
        <ul className="card events">
          {events.map((event) => (
            <EventRow key={event.id} event={event} />
          ))}
        </ul>
      )}
      {events.length === eventsShown && (
        <p className="note">
          The newest {eventsShown} are shown. The others: query <code>events</code> in the <a href="/playground">playground</a>.
        </p>
      )}
    </section>
  );
}

function EventRow({ event }: { event: PlantEvent }) {
  const urgency = urgencyOf(event.severity);
  const about = [event.sourceName, typeText(event), event.server].filter(Boolean).join(' · ');
  return (
    <li data-event={event.id} className={urgency}>
      <time dateTime={event.time ?? undefined}>{event.time ? formatTime(event.time) : 'no time'}</time>
      <span className="severity" title={`Severity ${event.severity ?? 'not given'} of 1000: ${urgency}`}>
        {urgency === 'high' && <Icon name="warning" />}
        <span className="visually-hidden">Severity </span>
        {event.severity ?? '–'}
      </span>
      <span className="message">{event.message?.text || 'no message'}</span>
      <span className="note">{about}</span>
    </li>
  );
}
