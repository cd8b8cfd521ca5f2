/// <reference types="vite/client" />
import { render } from 'lit';
import { expect, test } from 'vitest';
import options from '../../node_modules/@openai/chatkit/types/index.d.ts?raw';
import widgets from '../../node_modules/@openai/chatkit/types/widgets.d.ts?raw';
import { drawings } from '../../src/icons/drawings.ts';
import { icon, iconStyles } from '../../src/icons/icon.ts';

/** The names of a union of strings in ChatKit's types. */
function namesOf(source: string, union: string): string[] {
  const body = source.slice(source.indexOf(`type ${union} =`)).split(';')[0]!;
  return [...body.matchAll(/'([\w-]+)'/g)].map(([, name]) => name!);
}

function shown(name: string, size?: number): SVGElement {
  const host = document.createElement('div');
  document.body.replaceChildren(host);
  render(icon(name, size), host);
  return host.querySelector('svg')!;
}

test.each([
  ['widgets', namesOf(widgets, 'WidgetIcon'), 63],
  ['composer and prompts', namesOf(options, 'ChatKitIcon'), 63],
  ['header', namesOf(options, 'HeaderIcon'), 46],
])('every icon of the %s has a drawing', (_, names, count) => {
  expect(names.length).toBeGreaterThanOrEqual(count);
  expect(names.filter((name) => !Object.hasOwn(drawings, name))).toEqual([]);
});

test('every drawing is path data that a browser understands and stays in its square', () => {
  for (const [name, data] of Object.entries(drawings)) {
    for (const part of data.split('|').filter(Boolean)) {
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('d', part);
      const svg = shown('plus');
      svg.append(path);
      const { x, y, width, height } = path.getBBox();
      expect([name, path.getTotalLength() > 0, x >= -0.1, y >= -0.1, x + width <= 24.1, y + height <= 24.1]).toEqual([name, true, true, true, true, true]);
    }
  }
});

test('an icon is decorative, has its size and takes the colour of the text', () => {
  const svg = shown('send', 32);
  expect([svg.getAttribute('aria-hidden'), svg.getAttribute('width'), svg.getAttribute('stroke')]).toEqual(['true', '32', 'currentColor']);
});

test('any icon of Lucide is drawn once its part is loaded, under its former name too', async () => {
  for (const name of ['lucide:rocket', 'lucide:a-arrow-down', 'lucide:trash-2', 'lucide:zoom-out', 'lucide:history']) {
    const svg = shown(name);
    await expect.poll(() => svg.querySelector('path')!.getAttribute('d'), { message: name, timeout: 10_000 }).toMatch(/^M/);
  }
});

test.each(['vendor:openai', 'lucide:no-such-icon', 'no-such-icon', 'constructor', ''])('the unknown icon %j keeps its place and shows nothing', async (name) => {
  const svg = shown(name);
  await new Promise((next) => setTimeout(next, 30));
  expect([svg.getAttribute('width'), svg.querySelector('path')!.hasAttribute('d')]).toEqual(['20', false]);
});

test('icons that point along the text are mirrored from right to left', () => {
  document.adoptedStyleSheets = [iconStyles.styleSheet!];
  const svg = shown('chevron-left');
  expect(getComputedStyle(svg).transform).toBe('none');
  svg.parentElement!.dir = 'rtl';
  expect(getComputedStyle(svg).transform).toBe('matrix(-1, 0, 0, 1, 0, 0)');
  expect(shown('copy').classList.contains('mirrored')).toBe(false);
});
