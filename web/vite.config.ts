import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { gzipSync } from 'fflate';
import { defineConfig, type Plugin } from 'vite';

// gzipOnly leaves only compressed files in dist: the binary embeds and serves them as they are. fflate is used because its
// output does not depend on the zlib that Node was built with.
function gzipOnly(): Plugin {
  let outDir = '';
  return {
    name: 'gzip-only',
    apply: 'build',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = join(entry.parentPath, entry.name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9, mtime: 0 }));
        rmSync(file);
      }
    },
  };
}

// withoutTextFonts takes GraphiQL's text fonts (350 kB as data: URLs) out of its style sheet; the computer's own fonts do. Monaco's
// icon font stays.
function withoutTextFonts(): Plugin {
  return {
    name: 'without-text-fonts',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('graphiql/dist/style.css')) return null;
      return { code: code.replace(/@font-face\s*\{[^}]*(Roboto|Fira Code)[^}]*\}/g, ''), map: null };
    },
  };
}

const platform = process.env.SHOPFLOOR_URL ?? 'http://127.0.0.1:8080';
const proxied = ['/graphql', '/prometheus', '/vmui', '/metrics', '/readyz', '/healthz'];

export default defineConfig({
  plugins: [react(), withoutTextFonts(), gzipOnly()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // no data: URLs, so that the content security policy stays tight
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4096, // Monaco, on the playground only
    rolldownOptions: {
      input: ['index.html', 'playground/index.html'],
      onLog(level, log, handle) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log); // React's "use no memo" in GraphiQL means nothing here
      },
    },
  },
  worker: { format: 'es' },
  // The dev server's bundler of dependencies cannot load "?worker" modules and ends with an error.
  optimizeDeps: { exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'] },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: platform, ws: path === '/graphql' }])),
  },
});
