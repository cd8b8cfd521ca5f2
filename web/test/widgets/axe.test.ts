import axe from 'axe-core';
import { beforeEach, expect, test } from 'vitest';
import { page } from 'vitest/browser';
import { showGallery } from './gallery.ts';

beforeEach(() => {
  document.documentElement.lang = 'en';
  document.title = 'Gallery';
});

test.each([
  ['light', 1200],
  ['dark', 1200],
  ['light', 390],
] as const)('axe finds nothing to complain about on all widgets and all of Markdown, %s, %i px wide', async (scheme, width) => {
  await page.viewport(width, 900);
  const host = document.createElement('main');
  document.body.replaceChildren(host);
  document.body.style.setProperty('color-scheme', scheme);
  document.body.style.setProperty('background', scheme === 'dark' ? '#121418' : '#fff');
  document.body.style.setProperty('color', scheme === 'dark' ? '#eceef2' : '#16181d');
  showGallery(host, scheme);
  await expect.poll(() => host.querySelectorAll('math').length, { timeout: 10_000 }).toBeGreaterThan(0);
  await expect.poll(() => host.querySelectorAll('.hl-keyword').length, { timeout: 10_000 }).toBeGreaterThan(0);
  for (const opened of ['#Select .w-picker-button', '#DatePicker .w-picker-button', '']) {
    if (opened) host.querySelector<HTMLElement>(opened)!.click();
    await new Promise((next) => setTimeout(next, 200));
    const { violations } = await axe.run(host, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    expect(violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`) }))).toEqual([]);
  }
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width);
});
