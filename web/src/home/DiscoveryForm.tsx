import { type FormEvent, useState } from 'react';
import { request } from '../api/request';
import { graphql } from '../gql';
import type { DiscoveryMode } from '../gql/graphql';
import { type DiscoveryGateway, modeTexts, scheduleDocument } from './discoveries';
import { discoverInput, type DiscoveryFields, readDiscovery, validateDiscovery } from './discoveryInput';
import { Field } from './Field';
import { focusProblem, placeProblem, type Problems } from './placeProblem';

const document = graphql(`
  mutation Discover($input: DiscoverInput!) {
    discover(input: $input) { id }
  }
`);

const modes = Object.fromEntries(Object.entries(modeTexts).map(([mode, { text }]) => [mode, text]));
const repeats = { '': 'Once, now', '1h': 'Again an hour after each', '6h': 'Again 6 hours after each', '1d': 'Again a day after each' };

interface Props {
  gateways: readonly DiscoveryGateway[];
  onStarted: () => void;
}

/** Where to look for servers. Nothing but what is named here, or the gateway's own networks, is contacted. */
export function DiscoveryForm({ gateways, onStarted }: Props) {
  const [problems, setProblems] = useState<Problems<DiscoveryFields>>({});
  const [sending, setSending] = useState(false);
  const [mode, setMode] = useState<DiscoveryMode>('FAST');
  const [repeat, setRepeat] = useState('');

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = readDiscovery(new FormData(form));
    const show = (found: Problems<DiscoveryFields>) => {
      setProblems(found);
      return focusProblem(form, found);
    };
    if (show(validateDiscovery(fields))) return;
    setSending(true);
    try {
      const input = discoverInput(fields);
      if (fields.idleTimeBetweenScans) await request(scheduleDocument, { gateway: fields.gateway, input });
      else await request(document, { input: { ...input, gateway: fields.gateway } });
      onStarted();
    } catch (error) {
      show(placeProblem(error, fields));
    } finally {
      setSending(false);
    }
  };

  return (
    <form className="card" onSubmit={submit} noValidate autoComplete="off" aria-label="Find servers">
      <Field name="gateway" label="Gateway that looks" problem={problems.gateway} options={gatewayTexts(gateways)} initial={gateways.find((g) => g.link.local)?.id} />
      <Field
        name="mode"
        label="Where"
        hint={modeTexts[mode].hint}
        problem={problems.mode}
        options={modes}
        onValue={(value) => setMode(value as DiscoveryMode)}
      />
      <Field
        name="addressRangesToScan"
        label="Addresses"
        hint="In place of those above: 10.0.0.0/24; 10.1.0.5-10.1.0.9; */24"
        problem={problems.addressRangesToScan}
      />
      <Field name="portRangesToScan" label="Ports" hint="In place of those above: 4840-4850; 50000" problem={problems.portRangesToScan} />
      <Field
        name="discoveryUrls"
        label="Servers to ask, too"
        hint="Also discovery servers (LDS): opc.tcp://10.0.0.5:4840"
        problem={problems.discoveryUrls}
        inputMode="url"
      />
      <Field name="idleTimeBetweenScans" label="How often" problem={problems.idleTimeBetweenScans} options={repeats} onValue={setRepeat} />
      {problems.form && (
        <p className="field-problem" role="alert">
          {problems.form}
        </p>
      )}
      <div className="buttons">
        <button type="submit" className="primary" disabled={sending}>
          {sending ? 'Starting…' : repeat ? 'Start schedule' : 'Start discovery'}
        </button>
      </div>
    </form>
  );
}

function gatewayTexts(gateways: readonly DiscoveryGateway[]): Record<string, string> {
  const note = ({ link }: DiscoveryGateway) => (link.local ? ' (in this process)' : link.connected ? '' : ' (away)');
  return Object.fromEntries(gateways.map((gateway) => [gateway.id, gateway.id + note(gateway)]));
}
