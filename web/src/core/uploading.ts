/** `fetch` for a body on its way out, which tells how much of it has gone: `fetch` itself cannot. */
export function tellingFetch(progressed: (share: number) => void): typeof fetch {
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const { signal } = init;
      const abort = (): void => {
        request.abort();
        reject(signal?.reason);
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', abort, { once: true });
      request.open(init.method ?? 'GET', String(input));
      for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
      request.responseType = 'arraybuffer';
      request.upload.onprogress = (event) => event.lengthComputable && progressed(event.loaded / event.total);
      request.onerror = () => reject(new TypeError('The request failed.'));
      request.onload = () => resolve(responseOf(request));
      request.onloadend = () => signal?.removeEventListener('abort', abort);
      request.send(init.body as XMLHttpRequestBodyInit);
    });
}

function responseOf(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split(/[\r\n]+/)) {
    const [name = '', ...value] = line.split(': ');
    if (name) headers.append(name, value.join(': '));
  }
  const isEmpty = request.status === 204 || request.status === 205 || request.status === 304;
  return new Response(isEmpty ? null : (request.response as ArrayBuffer), { status: request.status, headers });
}
