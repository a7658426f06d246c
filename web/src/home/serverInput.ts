import type { SecurityMode } from '../gql/graphql';

export interface ServerFields {
  endpointUrl: string;
  name: string;
  securityMode: SecurityMode;
  userName: string;
  password: string;
}

export function readServer(form: FormData): ServerFields {
  const text = (name: keyof ServerFields) => String(form.get(name) ?? '');
  return {
    endpointUrl: text('endpointUrl').trim(),
    name: text('name').trim(),
    securityMode: text('securityMode') as SecurityMode,
    userName: text('userName').trim(),
    password: text('password'),
  };
}

/** What can be said without asking the platform. */
export function validateServer(fields: ServerFields): Partial<Record<keyof ServerFields, string>> {
  const problems: Partial<Record<keyof ServerFields, string>> = {};
  if (!/^opc\.tcp:\/\/[^/\s]+/.test(fields.endpointUrl)) {
    problems.endpointUrl = 'Write opc.tcp://, the host or address, and the port: opc.tcp://10.0.0.5:4840';
  }
  if (!fields.name) problems.name = 'Give the server a name';
  if (fields.password && !fields.userName) problems.userName = 'A password needs a user';
  return problems;
}
