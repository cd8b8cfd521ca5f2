// What an element does with `api.fetch`: it posts, with a signal, and reads the stream.
const given = new URLSearchParams(location.search);
const server = given.get('server');
const options = JSON.parse(given.get('options') ?? '{}');
if (given.has('token')) {
  globalThis.token = given.get('token');
  options.headers = () => ({ Authorization: `Bearer ${globalThis.token}` });
}
const { resumable } = globalThis.ChatKitResume ?? (await import(`${server}/resume.js`));
const chatFetch = resumable(options);

globalThis.post = (type, params, { url = `${server}/chatkit`, isPlain = false } = {}) => {
  const stop = new AbortController();
  const run = { status: 0, turn: null, text: '', events: 0, end: null, error: null, stop: () => stop.abort() };
  let changed = () => {};
  // Waited for in the page, which may not evaluate text again and again.
  run.until = async (events) => {
    while (run.events < events && !run.end) await new Promise((resolve) => (changed = resolve));
  };
  const read = async () => {
    const response = await (isPlain ? fetch : chatFetch)(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Accept-Language': 'en' },
      body: JSON.stringify({ type, params }),
      signal: stop.signal,
    });
    run.status = response.status;
    run.turn = response.headers.get('ChatKit-Turn');
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      run.text += decoder.decode(value, { stream: true });
      run.events = run.text.split('\nid: ').length;
      changed();
    }
  };
  void read().then(
    () => (run.end = 'closed'),
    (error) => {
      run.end = error.name;
      run.error = String(error);
    },
  ).finally(() => changed());
  globalThis.run = run;
};
// As an element may that is taken off its page. Nothing is stopped by that.
if (given.has('aborts')) addEventListener('pagehide', () => globalThis.run.stop());
globalThis.isReady = true;
