import { expect, test } from 'vitest';
import { RequestError } from '../api/request';
import { placeProblem } from './placeProblem';

const fields = { portRangesToScan: '' };
const refused = (message: string, field?: string) => new RequestError([{ message, extensions: field ? { field } : {} }]);

test.each([
  [refused('is refused', 'input.portRangesToScan'), { portRangesToScan: 'is refused' }],
  [refused('is refused', 'input.locales'), { form: 'is refused' }],
  [refused('discover with gateway "a": invalid: portRangesToScan: "x" is no range'), { portRangesToScan: '"x" is no range' }],
  [refused('the gateway is away'), { form: 'the gateway is away' }],
  [new TypeError('Failed to fetch'), { form: 'the platform cannot be reached' }],
])('%s is placed', (error, want) => {
  expect(placeProblem(error, fields)).toEqual(want);
});
