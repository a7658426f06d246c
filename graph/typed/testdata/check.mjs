// Checks schemas with the npm packages of web/, whose folder it runs in.
//   check.mjs validate FILE         graphql-js finds no error in the schema
//   check.mjs compare OLD NEW       graphql-js finds no breaking change
//   check.mjs codegen FILE OUT.ts   graphql-codegen writes the schema's types
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const { buildSchema, findBreakingChanges, parse, validateSchema } = require('graphql');

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

const [mode, first, second] = process.argv.slice(2);
switch (mode) {
  case 'validate':
    console.log(`${Object.keys(load(first).getTypeMap()).length} types`);
    break;
  case 'compare': {
    const changes = findBreakingChanges(load(first), load(second));
    if (changes.length) fail(`${changes.length} breaking changes`, changes.map((c) => `${c.type}: ${c.description}`));
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
