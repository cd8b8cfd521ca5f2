import { expect, test } from 'vitest';
import { markdownPage } from './page.ts';

const probes = [
  '<script>window.hit = 1</script>',
  '<img src=x onerror="window.hit = 1">',
  '<svg onload="window.hit = 1"></svg>',
  '<iframe srcdoc="<script>parent.hit = 1</script>"></iframe>',
  '<style>* { display: none }</style>',
  '<a href="javascript:window.hit = 1">x</a>',
  '[x](javascript:window.hit=1)',
  '[x](JaVaScRiPt:window.hit=1)',
  '[x](java&#x73;cript:window.hit=1)',
  '[x](&#1;javascript:window.hit=1)',
  '[x](data:text/html,<script>window.hit=1</script>)',
  '[x](vbscript:x) [y](file:///etc/passwd) [z](blob:https://a.example/1)',
  '![x](javascript:window.hit=1)',
  '![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+)',
  '![x" onerror="window.hit=1](https://a.example/x.png)',
  '[x](https://a.example/" onclick="window.hit=1)',
  '```html" onload="window.hit=1\n<script>window.hit = 1</script>\n```',
  '$\\href{javascript:window.hit=1}{x}$ $\\htmlData{a=b}{x}$ $\\includegraphics{https://a.example/x.png}$',
  '| <img src=x onerror=window.hit=1> |\n|---|\n| <script>window.hit=1</script> |',
  '[x]: javascript:window.hit=1\n\n[x]',
  '<https://a.example/"onmouseover="window.hit=1>',
];

test('what a model writes is text: nothing runs, nothing unknown is created, no address but those allowed', async () => {
  const page = markdownPage();
  const allowedNames = /^(p|h[3-6]|ul|ol|li|a|em|strong|del|code|pre|div|span|br|hr|table|thead|tbody|tr|th|td|blockquote|button|svg|path|img|math|annotation|semantics|m[a-z]+)$/;
  await import('../../src/md/math.ts');
  await import('../../src/md/highlight.ts');
  for (const probe of probes) {
    for (const streaming of [true, false]) {
      const shown = page.show(probe, { streaming, imagePolicy: { decide: () => 'ask', release: () => {} } });
      await new Promise((next) => setTimeout(next, 5));
      for (const element of shown.querySelectorAll('*')) {
        expect([probe, element.localName]).toEqual([probe, expect.stringMatching(allowedNames)]);
        for (const { name, value } of element.attributes) {
          expect([probe, name.startsWith('on') || name === 'style' || name === 'srcdoc']).toEqual([probe, false]);
          if (name === 'href') expect([probe, value]).toEqual([probe, expect.stringMatching(/^(https?|mailto|tel|chatkit-link):/)]);
        }
      }
      for (const link of shown.querySelectorAll('a')) link.addEventListener('click', (event) => event.preventDefault());
      for (const control of shown.querySelectorAll<HTMLElement>('a, button')) control.click();
    }
  }
  expect('hit' in window).toBe(false);
});

test('no image is asked for without the policy, not even by a formula or by raw HTML', async () => {
  const page = markdownPage();
  page.show('![x](https://images.example/a.png) <img src="https://images.example/b.png"> $\\includegraphics{https://images.example/c.png}$', {
    imagePolicy: { decide: () => 'ask', release: () => {} },
  });
  await new Promise((next) => setTimeout(next, 200));
  expect(performance.getEntriesByType('resource').filter(({ name }) => name.includes('images.example'))).toEqual([]);
});

test.each([
  ['quotes in quotes', '> '.repeat(5000)],
  ['lists in lists', `${'- '.repeat(5000)}x`],
  ['brackets', '['.repeat(20_000)],
  ['open emphasis', '**a '.repeat(5000)],
  ['open links', '[a]('.repeat(5000)],
  ['open formulas', '\\('.repeat(10_000)],
  ['open tags', '<a '.repeat(10_000)],
  ['underscores', '_a'.repeat(20_000)],
  ['fences', '```\n'.repeat(5000)],
])('text made to exhaust the reader is shown in a bounded time: %s', (_, text) => {
  const page = markdownPage();
  const start = performance.now();
  page.show(text, { streaming: true });
  page.show(text);
  expect(performance.now() - start).toBeLessThan(5000);
  expect(page.host.textContent!.length).toBeGreaterThan(0);
});
