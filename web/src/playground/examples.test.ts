import { buildSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { examples } from './examples';

const sdl = import.meta.glob<string>(['../../../graph/*.graphqls', '../../../graph/eventtypes/*.graphqls'], { query: '?raw', import: 'default', eager: true });
const schema = buildSchema(Object.values(sdl).join('\n'));

// The plant's own types are in the schema at run time alone: the check in the browser runs what has them.
const fixed = examples.filter((e) => !e.includes('ShopfloorDemoPlant_'));

test.each(fixed.map((e) => [/(?:query|mutation|subscription) (\w+)/.exec(e)?.[1], e]))('example %s is valid', (_, example) => {
  expect(validate(schema, parse(example!))).toEqual([]);
});
