import type { Client } from 'graphql-ws';
import { useEffect, useState } from 'react';
import { reason, request } from '../api/request';
import { stream } from '../api/socket';
import { formatCount } from '../format';
import { graphql } from '../gql';
import { type Discovery, donePart, foundText, isFinal, phaseTexts, type Progress, progressDocument, scopeText } from './discoveries';
import { Icon } from './Icon';

const document = graphql(`
  mutation CancelDiscovery($id: ID!) {
    cancelDiscovery(id: $id) { id }
  }
`);

interface Props {
  socket: Client;
  discovery: Discovery;
  onEnded: () => void;
}

/** A discovery that waits or runs: how far it is, as the platform tells it, and the way to end it. */
export function DiscoveryRun({ socket, discovery, onEnded }: Props) {
  const { progress, interrupted } = useProgress(socket, discovery, onEnded);
  const [cancelling, setCancelling] = useState(false);
  const [problem, setProblem] = useState<string>();
  const part = donePart(progress);

  const cancel = async () => {
    setCancelling(true);
    setProblem(undefined);
    try {
      await request(document, { id: discovery.id });
    } catch (error) {
      setProblem(reason(error));
      setCancelling(false);
    }
  };

  return (
    <article className="card run" aria-label={`Discovery by ${discovery.gateway.id}`} data-discovery={discovery.id}>
      <div className="server-head">
        <h3 role="status">{phaseTexts[progress.phase]}</h3>
        {interrupted && (
          <span className="badge warn">
            <Icon name="waiting" />
            Interrupted ({interrupted}): reconnecting
          </span>
        )}
        <button type="button" disabled={cancelling} onClick={cancel}>
          {cancelling ? 'Cancelling…' : 'Cancel'}
        </button>
      </div>
      <p className="note">
        {discovery.gateway.id} · {scopeText(discovery.config)}
        {discovery.scheduled && ' · scheduled'}
      </p>
      <progress aria-label={phaseTexts[progress.phase]} max={1} value={part} />
      <p className="run-figures">
        <span>{part === undefined ? ' ' : `${formatCount(progress.done)} of ${formatCount(progress.total)}`}</span>
        <span>{foundText(progress)}</span>
        {progress.current && <code>{progress.current}</code>}
      </p>
      {problem && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </article>
  );
}

function useProgress(socket: Client, { id, progress: known }: Discovery, onEnded: () => void) {
  const [progress, setProgress] = useState<Progress>(known);
  const [interrupted, setInterrupted] = useState<string>();
  useEffect(() => {
    const stop = stream(socket, progressDocument, { id }, {
      next: ({ discovery }) => {
        setInterrupted(undefined);
        setProgress(discovery);
        if (!isFinal(discovery.phase)) return;
        stop(); // the platform ends the stream now, and it must not be taken up again
        onEnded();
      },
      interrupted: setInterrupted,
    });
    return stop;
  }, [socket, id, onEnded]);
  return { progress, interrupted };
}
