import { type FormEvent, useState } from 'react';
import { reason, request, RequestError } from '../api/request';
import { graphql } from '../gql';
import type { SecurityMode } from '../gql/graphql';
import { Field } from './Field';
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

type Problems = Partial<Record<keyof ServerFields | 'form', string>>;

interface Props {
  onAdded: () => void;
  onCancel?: () => void;
}

export function AddServerForm({ onAdded, onCancel }: Props) {
  const [problems, setProblems] = useState<Problems>({});
  const [sending, setSending] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = readServer(new FormData(form));
    const show = (found: Problems) => {
      setProblems(found);
      const [first] = Object.keys(found);
      if (first) form.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
      return first !== undefined;
    };
    if (show(validateServer(fields))) return;
    setSending(true);
    try {
      const { userName, password, ...rest } = fields;
      await request(document, { input: userName ? { ...rest, userName, password } : rest });
      form.reset();
      onAdded();
    } catch (error) {
      show(placed(error, fields));
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
        inputMode="url"
        required
      />
      <Field name="name" label="Name" hint="As people call the machine: Press 4" problem={problems.name} required />
      <Field name="securityMode" label="Security" problem={problems.securityMode} options={securityModes} />
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

// The platform names the field that it refuses; a problem with a field that the form does not have goes below the form.
function placed(error: unknown, fields: ServerFields): Problems {
  const field = error instanceof RequestError ? error.field : undefined;
  return { [field && field in fields ? field : 'form']: reason(error) };
}
