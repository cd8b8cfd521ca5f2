// Writes the drawings of the icons from lucide-static (ISC): `node src/icons/generate.mjs` in `web/`.
// `drawings.ts` holds the names that ChatKit's types list and those of our own controls;
// `lucide-*.ts` hold the whole set for `lucide:` names, in parts that are loaded when one is asked for.
// A drawing is path data on a 24 by 24 grid: `stroked` or `stroked|filled`.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const icons = join(here, '../../node_modules/lucide-static/icons');
// From the files and not from `icon-nodes.json`, which lacks the former names of renamed icons.
const nodes = Object.fromEntries(
  readdirSync(icons)
    .filter((file) => file.endsWith('.svg'))
    .sort()
    .map((file) => [file.slice(0, -4), elementsOf(readFileSync(join(icons, file), 'utf8'))]),
);

const shapes = { path: ({ d }) => path(d), circle, rect, line, ellipse, polyline, polygon };

/** ChatKit's names whose drawing has another name, or the same one, in Lucide. */
const chatkit = {
  agent: 'bot', analytics: 'chart-line', atom: 'atom', batch: 'layers', bolt: 'zap', 'book-open': 'book-open',
  'book-closed': 'book', 'book-clock': 'notebook-tabs', bug: 'bug', calendar: 'calendar', chart: 'chart-column',
  check: 'check', 'check-circle': 'circle-check', 'chevron-left': 'chevron-left', 'chevron-right': 'chevron-right',
  'circle-question': 'circle-question-mark', clock: 'clock', compass: 'compass', confetti: 'party-popper', cube: 'box',
  desktop: 'monitor', document: 'file-text', 'dots-horizontal': 'ellipsis', 'dots-vertical': 'ellipsis-vertical',
  'empty-circle': 'circle', 'external-link': 'external-link', globe: 'globe', keys: 'key-round', lab: 'flask-conical',
  images: 'images', info: 'info', lifesaver: 'life-buoy', lightbulb: 'lightbulb', mail: 'mail', 'map-pin': 'map-pin',
  maps: 'map', mobile: 'smartphone', name: 'signature', notebook: 'notebook', 'notebook-pencil': 'notebook-pen',
  'page-blank': 'file', phone: 'phone', play: 'play', plus: 'plus', profile: 'circle-user-round',
  'profile-card': 'id-card', reload: 'rotate-cw', star: 'star', search: 'search', sparkle: 'sparkle',
  'sparkle-double': 'sparkles', 'square-code': 'square-code', 'square-image': 'image', 'square-text': 'newspaper',
  suitcase: 'briefcase', 'settings-slider': 'sliders-horizontal', user: 'user-round', wreath: 'award',
  write: 'pencil-line', 'write-alt': 'square-pen', 'write-alt2': 'pencil',
  'sidebar-left': 'panel-left', 'sidebar-right': 'panel-right', 'sidebar-open-left': 'panel-left-open',
  'sidebar-open-right': 'panel-right-open', 'sidebar-floating-left': 'panel-left-dashed',
  'sidebar-floating-right': 'panel-right-dashed', 'sidebar-collapse-left': 'panel-left-close',
  'sidebar-collapse-right': 'panel-right-close', 'collapse-left': 'arrow-left-to-line',
  'collapse-right': 'arrow-right-to-line', 'open-left': 'arrow-left-from-line', 'open-right': 'arrow-right-from-line',
  'double-chevron-left': 'chevrons-left', 'double-chevron-right': 'chevrons-right', home: 'house',
  'back-small': 'chevron-left', 'back-large': 'arrow-left', 'expand-large': 'maximize-2',
  'collapse-large': 'minimize-2', 'expand-small': 'maximize', 'collapse-small': 'minimize',
  'chat-temporary': 'message-circle-dashed', 'settings-cog': 'settings', grid: 'layout-grid',
  'dots-horizontal-circle': 'circle-ellipsis', menu: 'menu', history: 'rotate-ccw-clock', compose: 'square-pen',
  share: 'share', 'light-mode': 'sun', 'dark-mode': 'moon', close: 'x',
};

/** Names of our own controls. */
const own = {
  send: 'arrow-up', trash: 'trash', pencil: 'pencil', copy: 'copy', retry: 'refresh-cw', 'thumbs-up': 'thumbs-up',
  'thumbs-down': 'thumbs-down', 'chevron-up': 'chevron-up', 'chevron-down': 'chevron-down',
  'chevrons-up-down': 'chevrons-up-down', sun: 'sun', moon: 'moon', system: 'monitor', keyboard: 'keyboard',
  paperclip: 'paperclip', link: 'link', download: 'download', upload: 'upload', 'sign-out': 'log-out',
  'sign-in': 'log-in', key: 'key-round', 'arrow-up': 'arrow-up', 'arrow-down': 'arrow-down',
  'arrow-left': 'arrow-left', 'arrow-right': 'arrow-right', loader: 'loader-circle', alert: 'circle-alert',
  warning: 'triangle-alert', offline: 'wifi-off', wrap: 'text-wrap', quote: 'quote', 'at-sign': 'at-sign',
  slash: 'slash', microphone: 'mic', 'list-todo': 'list-todo', pin: 'pin', eye: 'eye', 'eye-off': 'eye-off',
  lock: 'lock', archive: 'archive', folder: 'folder', 'image-off': 'image-off', undo: 'undo-2', message: 'message-square',
  messages: 'messages-square', tool: 'wrench', brain: 'brain', terminal: 'terminal', code: 'code', table: 'table',
  'square-check': 'square-check', square: 'square', minus: 'minus', 'circle-x': 'circle-x', branch: 'git-branch',
  command: 'command', tag: 'tag', file: 'file', 'file-code': 'file-code', 'file-image': 'file-image',
  'file-audio': 'file-music', 'file-archive': 'file-archive', 'file-table': 'file-spreadsheet', 'circle-dashed': 'circle-dashed',
  'plug': 'plug', ban: 'ban', 'zoom-in': 'zoom-in', 'corner-down-left': 'corner-down-left', flag: 'flag', speaker: 'volume-2',
};

const dot = (x, y, r) => circle({ cx: x, cy: y, r });
/** Drawn here: filled shapes and variants that Lucide does not have. */
const drawn = {
  stop: `|${rect({ x: 6, y: 6, width: 12, height: 12, rx: 2.5 })}`,
  dot: `|${dot(12, 12, 5)}`,
  'star-filled': `|${drawing('star')}`,
  'check-circle-filled': `|${dot(12, 12, 10)}M10.94 16.56l5.9-6.55a1 1 0 1 0-1.48-1.34l-5.2 5.77-2.4-2.4a1 1 0 0 0-1.42 1.42l3.16 3.14a1 1 0 0 0 1.44-.04z`,
  'book-clock': `M4 19.5v-15A2.5 2.5 0 0 1 6.5 2H19a1 1 0 0 1 1 1v5M10 22H6.5a1 1 0 0 1 0-5H10M16 14v2.2l1.6 1${circle({ cx: 16, cy: 16, r: 6 })}`,
  'home-alt': 'M3 10.2 12 3l9 7.2V20a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1zM8 17h8',
  'dots-vertical-circle': `${circle({ cx: 12, cy: 12, r: 10 })}M12 8h.01M12 12h.01M12 16h.01`,
  hamburger: 'M4 8h16M4 16h16',
  'menu-inverted': 'M4 6h16M10 12h10M4 18h16',
  'sidebar-open-left-alt': `${rect({ x: 3, y: 3, width: 18, height: 18, rx: 2 })}M7.5 7v10`,
  'sidebar-open-right-alt': `${rect({ x: 3, y: 3, width: 18, height: 18, rx: 2 })}M16.5 7v10`,
  'sidebar-floating-open-left': `${rect({ x: 3, y: 3, width: 18, height: 18, rx: 2 })}${rect({ x: 6, y: 6.5, width: 5, height: 11, rx: 1 })}`,
  'sidebar-floating-open-right': `${rect({ x: 3, y: 3, width: 18, height: 18, rx: 2 })}${rect({ x: 13, y: 6.5, width: 5, height: 11, rx: 1 })}`,
};

const core = { ...drawn };
for (const [name, source] of Object.entries({ ...chatkit, ...own })) core[name] ??= drawing(source);
write('drawings', core);

const parts = { 'lucide-1': 'b', 'lucide-2': 'd', 'lucide-3': 'l', 'lucide-4': 'r', 'lucide-5': '{' };
const left = new Set(Object.keys(nodes));
for (const [part, end] of Object.entries(parts)) {
  const names = [...left].filter((name) => name[0] <= end);
  for (const name of names) left.delete(name);
  write(part, Object.fromEntries(names.map((name) => [name, drawing(name)])));
}

function write(file, drawings) {
  const lines = Object.keys(drawings).sort().map((name) => `  '${name}': '${drawings[name]}',`);
  const text = `// Generated by generate.mjs from lucide-static; do not edit.\nexport const drawings: Readonly<Record<string, string>> = {\n${lines.join('\n')}\n};\n`;
  writeFileSync(join(here, `${file}.ts`), text);
}

function elementsOf(text) {
  return [...text.matchAll(/<(path|circle|rect|line|ellipse|polyline|polygon)\s([^>]*)\/>/g)].map(([, kind, attributes]) => [
    kind,
    Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
  ]);
}

function drawing(name) {
  const elements = nodes[name];
  if (!elements) throw new Error(`Lucide has no icon ${name}`);
  let stroked = '';
  let filled = '';
  for (const [kind, attributes] of elements) {
    const data = shapes[kind](attributes);
    stroked += data;
    if (attributes.fill === 'currentColor') filled += data;
  }
  return filled ? `${stroked}|${filled}` : stroked;
}

/** A path that starts relative is made absolute, because it is joined to others. */
function path(d) {
  const found = d.match(/^m\s*(-?\d*\.?\d+)[\s,]*(-?\d*\.?\d+)\s*(.*)$/s);
  if (!found) return d;
  const [, x, y, rest] = found;
  return `M${x} ${y}${/^[-\d.]/.test(rest) ? `l${rest}` : rest}`;
}

function circle({ cx, cy, r }) {
  return ellipse({ cx, cy, rx: r, ry: r });
}

function ellipse({ cx, cy, rx, ry }) {
  return `M${round(cx - rx)} ${cy}a${rx} ${ry} 0 1 0 ${round(2 * rx)} 0a${rx} ${ry} 0 1 0 ${round(-2 * rx)} 0z`;
}

function rect({ x, y, width, height, rx = 0, ry = rx }) {
  const [a, b] = [Number(rx), Number(ry)];
  if (a === 0) return `M${x} ${y}h${width}v${height}h${-width}z`;
  const [w, h] = [round(width - 2 * a), round(height - 2 * b)];
  return `M${round(Number(x) + a)} ${y}h${w}a${a} ${b} 0 0 1 ${a} ${b}v${h}a${a} ${b} 0 0 1 ${-a} ${b}h${-w}a${a} ${b} 0 0 1 ${-a} ${-b}v${-h}a${a} ${b} 0 0 1 ${a} ${-b}z`;
}

function line({ x1, y1, x2, y2 }) {
  return `M${x1} ${y1}L${x2} ${y2}`;
}

function polyline({ points }) {
  return `M${points}`;
}

function polygon({ points }) {
  return `M${points}z`;
}

function round(value) {
  return Number(Number(value).toFixed(3));
}
