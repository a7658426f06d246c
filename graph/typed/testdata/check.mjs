// Checks schemas with the npm packages of web/, whose folder it runs in.
//   check.mjs validate FILE         graphql-js finds no error in the schema
//   check.mjs compare OLD NEW       graphql-js finds no breaking change
//   check.mjs changes OLD NEW OUT   writes the changes that graphql-js finds
//   check.mjs query OUT              writes the query for introspection
//   check.mjs introspection FILE SDL  the answer to it is the schema of the SDL, as far as introspection tells
//   check.mjs codegen FILE OUT.ts   graphql-codegen writes the schema's types
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const {
  buildClientSchema, buildSchema, findBreakingChanges, findDangerousChanges, getIntrospectionQuery, parse, validateSchema,
} = require('graphql');

const load = (file) => {
  const schema = buildSchema(readFileSync(file, 'utf8'));
  const errors = validateSchema(schema);
  if (errors.length) fail(`${file}: ${errors.length} errors`, errors.map((e) => e.message));
  return schema;
};
const fail = (title, lines) => {
  console.error([title, ...lines.slice(0, 20)].join('\n'));
  process.exit(1);
};

const [mode, first, second, third] = process.argv.slice(2);
switch (mode) {
  case 'validate':
    console.log(`${Object.keys(load(first).getTypeMap()).length} types`);
    break;
  case 'compare': {
    const changes = findBreakingChanges(load(first), load(second));
    if (changes.length) fail(`${changes.length} breaking changes`, changes.map((c) => `${c.type}: ${c.description}`));
    break;
  }
  case 'changes': {
    const [before, after] = [load(first), load(second)];
    const told = (changes) => changes.map((c) => `${c.type} ${c.description}`).sort();
    writeFileSync(third, JSON.stringify({ breaking: told(findBreakingChanges(before, after)), dangerous: told(findDangerousChanges(before, after)) }));
    break;
  }
  case 'query':
    writeFileSync(first, getIntrospectionQuery({ descriptions: false, inputValueDeprecation: true, oneOf: true }));
    break;
  case 'introspection': {
    const { data, errors } = JSON.parse(readFileSync(first, 'utf8'));
    if (errors) fail('introspection has errors', errors.map((e) => e.message));
    for (const t of data.__schema.types) {
      if (t.kind === 'INTERFACE' && t.possibleTypes.some((p) => p.kind !== 'OBJECT')) fail(`possible types of ${t.name}`, [JSON.stringify(t.possibleTypes)]);
    }
    const client = buildClientSchema(data);
    const errs = validateSchema(client);
    if (errs.length) fail(`${errs.length} errors`, errs.map((e) => e.message));
    const server = load(second);
    const changes = [...findBreakingChanges(server, client), ...findDangerousChanges(server, client), ...findBreakingChanges(client, server)]
      .filter((c) => c.type !== 'DIRECTIVE_REMOVED' || c.description !== 'defer was removed.'); // the endpoint's own
    if (changes.length) fail(`${changes.length} differences`, changes.map((c) => `${c.type}: ${c.description}`));
    break;
  }
  case 'codegen': {
    const { codegen } = require('@graphql-codegen/core');
    const typescript = require('@graphql-codegen/typescript');
    const out = await codegen({
      schema: parse(readFileSync(first, 'utf8')),
      documents: [],
      filename: second,
      config: { useTypeImports: true, namingConvention: 'keep' },
      plugins: [{ typescript: {} }],
      pluginMap: { typescript },
    });
    writeFileSync(second, out);
    break;
  }
  default:
    fail(`unknown mode ${mode}`, []);
}
