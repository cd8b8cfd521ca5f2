import { expect, test } from 'vitest';
import { fixtures } from './fixtures.ts';
import { stage } from './stage.ts';

/** The markup one element a line, without Lit's comments and the drawings of icons. */
function golden(element: Element): string {
  return element.outerHTML
    .replace(/<!--.*?-->/gs, '')
    .replace(/<svg class="icon.*?<\/svg>/gs, '<svg icon>')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/> </g, '><')
    .replace(/></g, '>\n<');
}

test.each(Object.keys(fixtures).filter((name) => name !== 'Chart' && name !== 'Area'))('%s is drawn as agreed', (name) => {
  expect(golden(stage().show(fixtures[name]!))).toMatchSnapshot();
});

test.each(['Chart', 'Area'])('%s is drawn as agreed', async (name) => {
  const shown = stage().show(fixtures[name]!);
  await expect.poll(() => shown.querySelectorAll('.w-line').length, { timeout: 5_000 }).toBeGreaterThan(0);
  const shape = [...shown.querySelectorAll('.w-drawing > *')].map((element) => `${element.localName}.${element.getAttribute('class')}`);
  const table = [...shown.querySelectorAll('table tr')].map((row) => [...row.children].map((cell) => cell.textContent));
  expect({ shape, table }).toMatchSnapshot();
});
