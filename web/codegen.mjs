// Generates src/gql/ from ../graph/*.graphqls, ../graph/eventtypes/ and the graphql(`...`) documents in src/: every answer is typed by the schema.
// The command line of graphql-codegen is not used because its dependencies refuse Node 20.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { buildSchema, parse } from 'graphql';

const schemaDirs = ['../graph', '../graph/eventtypes'];
const sourceDir = 'src';
const outDir = 'src/gql/';

const sdl = schemaDirs
  .flatMap((dir) =>
    readdirSync(dir)
      .filter((f) => f.endsWith('.graphqls'))
      .sort()
      .map((f) => readFileSync(join(dir, f), 'utf8')),
  )
  .join('\n');

const documents = readdirSync(sourceDir, { recursive: true })
  .filter((f) => /\.tsx?$/.test(f) && !f.startsWith('gql'))
  .sort()
  .flatMap((f) =>
    [...readFileSync(join(sourceDir, f), 'utf8').matchAll(/\bgraphql\(\s*`([^`]+)`/g)].map((m) => ({
      location: join(sourceDir, f),
      document: parse(m[1]),
      rawSDL: m[1],
    })),
  );

const outputs = await preset.buildGeneratesSection({
  baseOutputDir: outDir,
  schema: parse(sdl),
  schemaAst: buildSchema(sdl),
  documents,
  config: {
    scalars: {
      ID: 'string',
      NodeId: 'string',
      Variant: 'unknown',
      DateTime: 'string',
      Int64: 'string',
      Duration: 'string',
      StringMap: 'Record<string, string>',
      _Any: 'unknown',
    },
    strictScalars: true,
    enumsAsTypes: true,
    useTypeImports: true,
    documentMode: 'string', // no parser and printer in the page
    onlyOperationTypes: true,
  },
  presetConfig: { fragmentMasking: false },
  plugins: [],
  pluginMap: {},
  documentTransforms: [],
});
rmSync(outDir, { recursive: true, force: true });
mkdirSync(outDir, { recursive: true });
for (const output of outputs) writeFileSync(output.filename, await codegen({ ...output, cache: undefined }));

// What the page sends, for the list of operations that may run (graphql.allowList): ids and texts, as persisted documents have them.
const sent = readFileSync(join(outDir, 'graphql.ts'), 'utf8').matchAll(/new TypedDocumentString\(`([^`]+)`/g);
const operations = Object.fromEntries([...sent].map((m) => [createHash('sha256').update(m[1]).digest('hex'), m[1]]));
writeFileSync('operations.json', JSON.stringify(operations));
console.log(`${Object.keys(operations).length} operations -> operations.json`);
console.log(`${documents.length} documents -> ${outputs.length} files in ${outDir}`);
