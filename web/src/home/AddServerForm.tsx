import { type FormEvent, useState } from 'react';
import { request } from '../api/request';
import { graphql } from '../gql';
import type { AddServerInput, SecurityMode } from '../gql/graphql';
import { Field } from './Field';
import { focusProblem, placeProblem, type Problems } from './placeProblem';
import { readServer, type ServerFields, validateServer } from './serverInput';

const document = graphql(`
  mutation AddServer($input: AddServerInput!) {
    addServer(input: $input) { id }
  }
`);

const securityModes: Record<SecurityMode, string> = {
  BEST: 'Best that the server offers',
  SIGN_AND_ENCRYPT: 'Sign and encrypt',
  SIGN: 'Sign',
  NONE: 'None (not protected)',
};

interface Props {
  /** What is known of the server already. */
  known?: Partial<AddServerInput>;
  onAdded: () => void;
  onCancel?: () => void;
}

export function AddServerForm({ known, onAdded, onCancel }: Props) {
  const [problems, setProblems] = useState<Problems<ServerFields>>({});
  const [sending, setSending] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = readServer(new FormData(form));
    const show = (found: Problems<ServerFields>) => {
      setProblems(found);
      return focusProblem(form, found);
    };
    if (show(validateServer(fields))) return;
    setSending(true);
    try {
      const { userName, password, ...rest } = fields;
      await request(document, { input: { ...known, ...rest, ...(userName ? { userName, password } : {}) } });
      form.reset();
      onAdded();
    } catch (error) {
      show(placeProblem(error, fields));
    } finally {
      setSending(false);
    }
  };

  return (
    <form onSubmit={submit} noValidate autoComplete="off">
      <Field
        name="endpointUrl"
        label="Endpoint"
        hint="For example opc.tcp://10.0.0.5:4840"
        problem={problems.endpointUrl}
        initial={known?.endpointUrl}
        inputMode="url"
        required
      />
      <Field name="name" label="Name" hint="As people call the machine: Press 4" problem={problems.name} initial={known?.name} required />
      <Field name="securityMode" label="Security" problem={problems.securityMode} initial={known?.securityMode ?? undefined} options={securityModes} />
      <div className="pair">
        <Field name="userName" label="User" hint="Empty for an anonymous session" problem={problems.userName} />
        <Field
          name="password"
          label="Password"
          hint="Stored encrypted, never shown"
          problem={problems.password}
          type="password"
          autoComplete="new-password"
        />
      </div>
      {problems.form && (
        <p className="field-problem" role="alert">
          {problems.form}
        </p>
      )}
      <div className="buttons">
        <button type="submit" className="primary" disabled={sending}>
          {sending ? 'Adding…' : 'Add server'}
        </button>
        {onCancel && (
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}
