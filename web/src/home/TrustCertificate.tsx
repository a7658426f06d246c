import { Fragment, useState } from 'react';
import { reason, request } from '../api/request';
import { formatThumbprint } from '../format';
import { graphql } from '../gql';

const document = graphql(`
  mutation TrustServerCertificate($server: ID!, $thumbprint: String!) {
    trustServerCertificate(server: $server, thumbprint: $thumbprint) { id }
  }
`);

interface Props {
  server: { id: string; name: string };
  thumbprint: string;
  onTrusted: () => void;
}

type Step = 'shown' | 'confirming' | 'sending' | 'trusted';

export function TrustCertificate({ server, thumbprint, onTrusted }: Props) {
  const [step, setStep] = useState<Step>('shown');
  const [problem, setProblem] = useState<string>();

  const trust = async () => {
    setStep('sending');
    setProblem(undefined);
    try {
      await request(document, { server: server.id, thumbprint });
      setStep('trusted');
      onTrusted();
    } catch (error) {
      setStep('confirming');
      setProblem(reason(error));
    }
  };

  return (
    <div className="certificate">
      <div className="label">Certificate that the server shows (SHA-1 thumbprint)</div>
      <code className="thumbprint">
        {formatThumbprint(thumbprint)
          .split(/(?<=:)/)
          .map((pair, i) => (
            <Fragment key={i}>
              {pair}
              <wbr />
            </Fragment>
          ))}
      </code>
      {step === 'shown' && (
        <button type="button" onClick={() => setStep('confirming')}>
          Trust this certificate
        </button>
      )}
      {step === 'trusted' && <p role="status">Trusted. Shopfloor connects again with the next try.</p>}
      {(step === 'confirming' || step === 'sending') && (
        <div role="group" aria-label="Confirm">
          <p>
            Compare this thumbprint with the one on the machine’s own display or in its configuration tool. If they differ, somebody else
            may be answering at this address: do not trust it.
          </p>
          {problem && (
            <p className="field-problem" role="alert">
              {problem}
            </p>
          )}
          <div className="buttons">
            <button type="button" className="primary" disabled={step === 'sending'} onClick={trust}>
              {step === 'sending' ? 'Trusting…' : `They are the same: trust ${server.name}`}
            </button>
            <button type="button" autoFocus disabled={step === 'sending'} onClick={() => setStep('shown')}>
              Cancel
            </button>
          </div>
        </div>
      )}
    </div>
  );
}
