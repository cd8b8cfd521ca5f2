/** A web site with a ChatKit endpoint: the app in one of React's builds, our built element, and answers from a script. */
import { existsSync, readFileSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, '../..');
const dist = join(web, '../src/chatkit_host/web/dist');

type Item = Record<string, any>;

export async function bundle(version: '18' | '19', mode: 'development' | 'production'): Promise<string> {
  const older: Plugin = {
    name: 'react-18',
    setup({ onResolve }) {
      onResolve({ filter: /^react(-dom)?(\/.*)?$/ }, ({ path, kind }) => {
        const [name, ...rest] = path.split('/');
        const file = join(web, 'node_modules', `${name}-18`, rest.length > 0 ? `${rest.join('/')}.js` : 'index.js');
        return kind === 'entry-point' ? null : { path: resolve(file) };
      });
    },
  };
  const { outputFiles } = await build({
    entryPoints: [join(here, 'app.tsx')],
    bundle: true,
    write: false,
    minify: mode === 'production',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
    plugins: version === '18' ? [older] : [],
  });
  return outputFiles[0]?.text ?? '';
}

export class Site {
  readonly asked: { type: string; params: any }[] = [];
  private readonly threads = new Map<string, Item[]>();
  private readonly server: Server;
  private ids = 0;

  constructor(
    private readonly app: string,
    /** Where the element's script stands: before the app, or long after it. */
    private readonly order: 'first' | 'last',
  ) {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async open(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    if (path === '/') {
      const scripts = ['<script async src="/chatkit.js"></script>', '<script defer src="/app.js"></script>'];
      const body = `<!doctype html><html lang="en"><title>Contract</title><link rel="icon" href="data:,"><body><main id="root"></main>${(this.order === 'first' ? scripts : scripts.reverse()).join('')}</body>`;
      return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(body);
    }
    if (path === '/app.js') return void response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(this.app);
    if (path === '/upload') {
      for await (const _ of request);
      return void this.json(response, { type: 'file', id: 'file_1', name: 'notes.txt', mime_type: 'text/plain' });
    }
    if (path === '/chatkit') {
      let body = '';
      for await (const part of request) body += part;
      return void (await this.chatkit(JSON.parse(body), request, response));
    }
    const file = join(dist, path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    if (path === '/chatkit.js' && this.order === 'last') await new Promise((done) => setTimeout(done, 600));
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(file));
  }

  private async chatkit({ type, params }: { type: string; params: any }, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push({ type, params });
    const items = this.threads.get(params.thread_id) ?? [];
    switch (type) {
      case 'threads.list':
        return this.json(response, { data: [...this.threads.keys()].map((id) => ({ id, title: `Title of ${id}`, created_at: new Date().toISOString() })), has_more: false });
      case 'threads.get_by_id':
        return this.json(response, { id: params.thread_id, title: 'Kept', items: { data: items, has_more: false } });
      case 'items.feedback':
        return this.json(response, {});
      case 'threads.create': {
        const id = `thr_${++this.ids}`;
        this.threads.set(id, []);
        return this.stream(response, request, id, params.input, [{ type: 'thread.created', thread: { id, items: { data: [], has_more: false } } }]);
      }
      case 'threads.add_user_message':
        return this.stream(response, request, params.thread_id, params.input, []);
      case 'threads.add_client_tool_output':
        return this.stream(response, request, params.thread_id, null, [], `The page said ${JSON.stringify(params.result)}`);
      case 'threads.custom_action':
        return this.stream(response, request, params.thread_id, null, [], `Action ${JSON.stringify(params.action)}`);
      case 'threads.retry_after_item':
        this.threads.set(params.thread_id, items.slice(0, items.findIndex((item) => item.id === params.item_id) + 1));
        return this.stream(response, request, params.thread_id, null, [], 'Tried again');
      default:
        response.writeHead(500).end();
    }
  }

  private async stream(response: ServerResponse, request: IncomingMessage, thread: string, input: any, first: object[], says?: string): Promise<void> {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const say = (event: object): unknown => response.write(`data: ${JSON.stringify(event)}\n\n`);
    const done = (item: Item): void => {
      this.threads.get(thread)?.push(item);
      say({ type: 'thread.item.done', item });
    };
    const head = (kind: string): Item => ({ type: kind, id: `${kind}_${++this.ids}`, thread_id: thread, created_at: new Date().toISOString() });
    first.forEach(say);
    if (input) done({ ...head('user_message'), content: input.content, attachments: [], inference_options: {} });
    const words = says ?? String(input.content[0]?.text ?? '');
    if (words === 'client') done({ ...head('client_tool_call'), status: 'pending', call_id: 'k', name: 'look', arguments: { n: 1 } });
    else if (words === 'form') done({ ...head('widget'), widget: FORM });
    else {
      if (words === 'tool') done({ ...head('workflow'), workflow: { type: 'custom', tasks: [{ type: 'custom', title: 'Looked it up', status_indicator: 'complete' }], expanded: false } });
      if (words === 'hello') say({ type: 'client_effect', name: 'glow', data: {} });
      const item: Item = { ...head('assistant_message'), content: [{ type: 'output_text', text: '', annotations: [] as object[] }] };
      say({ type: 'thread.item.added', item });
      for (const delta of ['You ', 'said: ', words]) {
        say({ type: 'thread.item.updated', item_id: item.id, update: { type: 'assistant_message.content_part.text_delta', content_index: 0, delta } });
        await new Promise((next) => setTimeout(next, 20));
      }
      if (words === 'slow') {
        await new Promise((gone) => request.socket.once('close', gone));
        return;
      }
      done({ ...item, content: [{ type: 'output_text', text: `You said: ${words}`, annotations: [] }] });
    }
    response.end();
  }

  private json(response: ServerResponse, body: object): void {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  }
}

const FORM = {
  type: 'Card',
  asForm: true,
  children: [
    { type: 'Input', name: 'who.owner', defaultValue: 'Ada' },
    { type: 'Button', submit: true, label: 'Save' },
  ],
  confirm: { label: 'Confirm', action: { type: 'save', payload: { id: 7 } } },
};
