// Builds the files that the Python package ships: `node build.mjs`.
// `node build.mjs --check` builds in memory and fails when the committed files differ.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '../src/chatkit_host/web/dist');
// Kilobytes after gzip: what every page pays before the first letter, and what one lazy part may cost.
const CORE_LIMIT = 80;
const LAZY_LIMIT = 85;
const RESUME_LIMIT = 4;

/** Style sheets are template strings, which esbuild leaves as they are: their comments and indentation go here. */
const smallStyles = {
  name: 'small-styles',
  setup({ onLoad }) {
    onLoad({ filter: /src\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace(/\bcss`[^`]*`/g, (style) =>
        style.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\s*\n\s*/g, ' ').replace(/ ?([{};,]) ?/g, '$1'),
      );
      return { contents, loader: 'ts' };
    });
  },
};

const files = new Map();
const result = await build({
  absWorkingDir: here,
  entryPoints: { element: 'src/element/chatkit.ts', page: 'src/page/page.ts', boot: 'src/page/boot.ts' },
  outdir: 'assets',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  write: false,
  metafile: true,
  plugins: [smallStyles],
  legalComments: 'none',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  loader: { '.css': 'text' },
  define: { 'process.env.NODE_ENV': '"production"' },
});
for (const output of result.outputFiles) {
  files.set(`assets/${relative(join(here, 'assets'), output.path)}`, Buffer.from(output.contents));
}

const outputs = Object.entries(result.metafile.outputs);
const entry = (source) => outputs.find(([, output]) => output.entryPoint === source)[0];
const addStyle = (source, name) => {
  const text = readFileSync(join(here, source));
  const path = `assets/${name}-${digest(text).slice(0, 8)}.css`;
  files.set(path, text);
  return path;
};

// A dynamic import resolves against the script's own address, in classic scripts and in modules alike.
const loader = (module) => Buffer.from(`import('./${module}');\n`);
files.set('chatkit.js', loader(entry('src/element/chatkit.ts')));

// For pages with another element than ours: each alone in its file, as a module and as a classic script.
for (const [name, format] of [['resume.js', 'esm'], ['resume.global.js', 'iife']]) {
  const options = { absWorkingDir: here, bundle: true, minify: true, write: false, legalComments: 'none' };
  const { outputFiles } = await build({ ...options, entryPoints: ['src/resume/resume.ts'], format, globalName: 'ChatKitResume', target: 'es2020' });
  files.set(name, Buffer.from(outputFiles[0].contents));
}

// Every module that the page needs, told at once: found one by one they would cost a round trip each.
const preloads = [...closure(entry('src/page/page.ts'))].map((path) => `<link rel="modulepreload" href="${path}" />`).join('\n    ');
const style = addStyle('src/page/page.css', 'page');
const page = readFileSync(join(here, 'src/page/index.html'), 'utf8')
  .replaceAll('{{style}}', style)
  .replaceAll('{{boot}}', entry('src/page/boot.ts'))
  .replaceAll('{{preloads}}', preloads)
  .replaceAll('{{page}}', entry('src/page/page.ts'));
files.set('index.html', Buffer.from(page));
const icon = readFileSync(join(here, 'src/page/favicon.svg'));
const iconPath = `assets/favicon-${digest(icon).slice(0, 8)}.svg`;
files.set(iconPath, icon);
files.set('index.html', Buffer.from(page.replaceAll('{{icon}}', iconPath)));
files.set('THIRD_PARTY_NOTICES.txt', notices());

const core = closure(entry('src/element/chatkit.ts'));
const coreSize = [...core].reduce((sum, path) => sum + gzip(files.get(path)).length, 0);
const report = [`core ${kilobytes(coreSize)} kB gzip in ${core.size} files`];
if (coreSize > CORE_LIMIT * 1024) fail(`The core is over ${CORE_LIMIT} kB: ${report[0]}`);
for (const [path, bytes] of files) {
  if (core.has(path) || !path.endsWith('.js')) continue;
  const size = gzip(bytes).length;
  const limit = path.startsWith('resume') ? RESUME_LIMIT : LAZY_LIMIT;
  if (size > limit * 1024) fail(`${path} is over ${limit} kB: ${kilobytes(size)}`);
}

const manifest = {};
for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
  manifest[path] = { sha256: digest(bytes), bytes: bytes.length };
}
for (const path of Object.keys(manifest)) {
  if (!/\.(js|css|svg)$/.test(path) || files.get(path).length < 512) continue;
  files.set(`${path}.gz`, gzip(files.get(path)));
  files.set(`${path}.br`, brotli(files.get(path)));
}
files.set('manifest.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));

if (process.argv.includes('--check')) check();
else write();
console.log(report.join('\n'));

function write() {
  rmSync(target, { recursive: true, force: true });
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), bytes);
  }
}

/** The compressed copies may differ between versions of zlib: their content is compared, not their bytes. */
function check() {
  const committed = existsSync(target)
    ? readdirSync(target, { recursive: true, withFileTypes: true })
        .filter((found) => found.isFile())
        .map((found) => relative(target, join(found.parentPath, found.name)))
    : [];
  const problems = [];
  for (const path of committed) if (!files.has(path)) problems.push(`left over: ${path}`);
  for (const [path, bytes] of files) {
    if (!committed.includes(path)) problems.push(`missing: ${path}`);
    else if (!/\.(gz|br)$/.test(path) && !bytes.equals(readFileSync(join(target, path)))) problems.push(`differs: ${path}`);
  }
  if (problems.length > 0) fail(`The built files are not those of the sources:\n${problems.join('\n')}`);
}

/** The files that a page loads before anything is shown: the entry and what it imports statically. */
function closure(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const imported of result.metafile.outputs[path].imports) {
    if (imported.kind === 'import-statement') closure(imported.path, seen);
  }
  return seen;
}

/** The licence text of every package with code in the built files. */
function notices() {
  const packages = new Set(['lucide-static']);
  for (const input of Object.keys(result.metafile.inputs)) {
    const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) packages.add(found[1]);
  }
  const parts = [...packages].sort().map((name) => {
    const folder = join(here, 'node_modules', name);
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    const text = licence ? readFileSync(join(folder, licence), 'utf8').trim() : '';
    return `${name} ${about.version} (${about.license})\n\n${text}\n`;
  });
  return Buffer.from(`The files beside this one contain code or drawings of these packages.\n\n${parts.join(`\n${'-'.repeat(78)}\n\n`)}`);
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function gzip(bytes) {
  return gzipSync(bytes, { level: 9 });
}

function brotli(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
}

function kilobytes(bytes) {
  return (bytes / 1024).toFixed(1);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
