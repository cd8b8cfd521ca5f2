import { expect, test, vi } from 'vitest';
import { askingPolicy, markdownPage, until, urlAnnotation } from './page.ts';

/** The markup without Lit's comments and white space between elements. */
function markup(element: Element): string {
  return element.innerHTML.replace(/<!--.*?-->/gs, '').replace(/\s*\n\s*/g, '').replace(/ data-scrollable=""/g, '');
}

test('paragraphs, emphasis and code spans become elements', () => {
  const page = markdownPage();
  expect(markup(page.show('Some *soft*, **strong**, ~~gone~~ and `code`.\n\nNext  \nline'))).toBe(
    '<p dir="auto">Some <em>soft</em>, <strong>strong</strong>, <del>gone</del> and <code dir="ltr">code</code>.</p><p dir="auto">Next<br>line</p>',
  );
});

test('headings stand two levels below the page and the turn', () => {
  const page = markdownPage();
  const levels = [...page.show('# a\n## b\n### c\n#### d\n###### e').children].map(({ localName, className }) => `${localName}.${className}`);
  expect(levels).toEqual(['h3.md-h1', 'h4.md-h2', 'h5.md-h3', 'h6.md-h4', 'h6.md-h4']);
});

test('lists keep their start, their nesting and their tasks', () => {
  const page = markdownPage();
  const shown = page.show('3. three\n4. four\n   - inner\n\n- [x] done\n- [ ] open');
  expect(shown.querySelector('ol')!.start).toBe(3);
  expect(shown.querySelector('ol li ul li')!.textContent).toBe('inner');
  expect([...shown.querySelectorAll('.md-tick')].map((tick) => tick.getAttribute('aria-label'))).toEqual(['Done', 'Not done']);
});

test('a table has headers, alignment and a box that scrolls', () => {
  const page = markdownPage();
  const shown = page.show('| a | b |\n|---|--:|\n| 1<br>2 | `x\\|y` |');
  expect(markup(shown)).toBe(
    '<div class="md-table" role="group" aria-label="Table"><table dir="auto"><thead><tr><th scope="col">a</th><th scope="col" class="md-align-right">b</th></tr></thead><tbody><tr><td>1<br>2</td><td class="md-align-right"><code dir="ltr">x|y</code></td></tr></tbody></table></div>',
  );
});

test('every block takes its own direction and code stays left to right', () => {
  const page = markdownPage();
  const shown = page.show('مرحبا بالعالم\n\nHello\n\n```\ncode\n```');
  const [arabic, english] = shown.querySelectorAll('p');
  expect(getComputedStyle(arabic!).direction).toBe('rtl');
  expect(getComputedStyle(english!).direction).toBe('ltr');
  page.host.dir = 'rtl';
  expect(getComputedStyle(shown.querySelector('pre')!).direction).toBe('ltr');
});

test('character references are resolved in text and left alone in code', () => {
  const page = markdownPage();
  page.show('a &amp; b &#x41; &unknown; `&amp;`');
  expect(page.text()).toBe('a & b A &unknown; &amp;');
});

test('a finished code block is coloured and an open one is not', async () => {
  const page = markdownPage();
  const shown = page.show('```python\ndef f():\n    return 1\n', { streaming: true });
  await import('../../src/md/highlight.ts');
  await new Promise((next) => setTimeout(next, 50));
  expect(shown.querySelector('[class^="hl-"]')).toBeNull();
  page.show('```python\ndef f():\n    return 1\n```\n', { streaming: true });
  await until(() => shown.querySelector('.hl-keyword') !== null, 'the colours');
  expect(shown.querySelector('.hl-keyword')!.textContent).toBe('def');
  expect(shown.querySelector('pre')!.textContent).toBe('def f():\n    return 1');
  expect(shown.querySelector('.md-code-language')!.textContent).toBe('python');
});

test('the copy button gives the exact code', async () => {
  const page = markdownPage();
  const written: string[] = [];
  vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => void written.push(text));
  const shown = page.show('```\n  two\n\n\ttabs \n```');
  const button = shown.querySelector<HTMLElement>('.md-code-copy')!;
  button.click();
  await until(() => button.classList.contains('md-done'), 'the sign that it was copied');
  expect(written).toEqual(['  two\n\n\ttabs ']);
  expect(button.getAttribute('aria-label')).toBe('Copied');
});

test('long code scrolls inside its block, is reached by Tab, and wraps on demand', async () => {
  const page = markdownPage();
  page.host.style.setProperty('width', '320px');
  const shown = page.show(`\`\`\`\n${'word '.repeat(200)}\n\`\`\``);
  const pre = shown.querySelector('pre')!;
  await until(() => pre.tabIndex === 0, 'a tab stop');
  expect(pre.scrollWidth).toBeGreaterThan(pre.clientWidth);
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(document.documentElement.clientWidth);
  const wrap = shown.querySelector<HTMLElement>('[aria-pressed]')!;
  wrap.click();
  expect(wrap.getAttribute('aria-pressed')).toBe('true');
  expect(pre.scrollWidth).toBeLessThanOrEqual(pre.clientWidth);
  await until(() => !pre.hasAttribute('tabindex'), 'the tab stop to go');
});

test('formulas become MathML and money stays money', async () => {
  const page = markdownPage();
  const shown = page.show('Let $x^2$ and \\(y_1\\).\n\n$$\n\\frac{a}{b}\n$$\n\n\\[ \\sum_i i \\]\n\nIt costs $5 or $6.');
  await until(() => shown.querySelectorAll('math').length === 4, 'four formulas');
  expect(shown.querySelectorAll('.md-formula.md-display math').length).toBe(2);
  expect(shown.lastElementChild!.textContent).toBe('It costs $5 or $6.');
  expect(shown.querySelector('math')!.namespaceURI).toBe('http://www.w3.org/1998/Math/MathML');
});

test('a formula that is none stays readable', async () => {
  const page = markdownPage();
  const shown = page.show('$\\notacommand{$ and $x$');
  await until(() => shown.querySelector('math') !== null, 'the good formula');
  expect(shown.textContent).toContain('\\notacommand{');
});

test('links open elsewhere without a referrer and the host may take them over', () => {
  const page = markdownPage();
  const pressed: string[] = [];
  const shown = page.show('[a](https://a.example/x?y=1&amp;z=2 "Title") <mailto:m@a.example> chatkit: [go](chatkit-link://open?id=1)', {
    onLink: (url) => pressed.push(url) > 0,
  });
  const [first, second, third] = shown.querySelectorAll('a');
  expect(first!.href).toBe('https://a.example/x?y=1&z=2');
  expect([first!.rel, first!.target, first!.title]).toEqual(['noopener noreferrer', '_blank', 'Title']);
  expect(second!.protocol).toBe('mailto:');
  first!.click();
  third!.click();
  expect(pressed).toEqual(['https://a.example/x?y=1&z=2', 'chatkit-link://open?id=1']);
});

test('reference links work once their definition has arrived', () => {
  const page = markdownPage();
  const text = 'See [the page][p].\n\nMore.\n\nMore.\n\n[p]: https://a.example/';
  for (let end = 1; end <= text.length; end += 1) page.show(text.slice(0, end), { streaming: true });
  expect(page.show(text).querySelector('a')!.href).toBe('https://a.example/');
});

test('an image is loaded when the policy agrees, on a press when it asks, never when it blocks', () => {
  const page = markdownPage();
  const policy = askingPolicy();
  const source = 'https://images.example/cat.png?secret=1';
  const shown = page.show(`![A cat](${source})`, { imagePolicy: policy });
  expect(shown.querySelector('img')).toBeNull();
  const chip = shown.querySelector<HTMLElement>('button.md-image-chip')!;
  expect(chip.innerText).toMatch(/Load image\s*A cat\s*images\.example/);
  chip.click();
  expect(policy.released).toEqual([source]);
  const image = shown.querySelector('img')!;
  expect([image.alt, image.referrerPolicy, image.loading]).toEqual(['A cat', 'no-referrer', 'lazy']);
  const blocked = page.show('![A dog](https://images.example/dog.png)', { imagePolicy: { decide: () => 'block', release: () => {} } });
  expect(blocked.querySelector('img, button')).toBeNull();
  expect(blocked.textContent).toContain('A dog');
});

test('an image opens large and gives the focus back', async () => {
  const page = markdownPage();
  const dot = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
  const picture = page.show(`![Dot](${dot})`).querySelector<HTMLElement>('.md-picture')!;
  picture.click();
  const dialog = document.querySelector('dialog')!;
  expect(dialog.open).toBe(true);
  dialog.querySelector('button')!.click();
  await until(() => !document.querySelector('dialog'), 'the dialog to go');
  expect(document.activeElement).toBe(picture);
});

test('citation marks stand at their character, numbered by place, the same place with the same number', () => {
  const page = markdownPage();
  const text = 'Emoji 🎉 first. Then **second.** End';
  const annotations = [
    urlAnnotation([...text].indexOf('E', 5), 'https://c.example/'),
    urlAnnotation(14, 'https://a.example/', 'Source A'),
    urlAnnotation(14, 'https://b.example/', 'Source B'),
    urlAnnotation(null, 'https://d.example/'),
  ];
  const shown = page.show(text, { annotations });
  const marks = [...shown.querySelectorAll<HTMLAnchorElement>('.md-cite-mark')];
  expect(marks.map((mark) => [mark.textContent, mark.href])).toEqual([
    ['1', 'https://a.example/'],
    ['2', 'https://c.example/'],
  ]);
  expect(shown.textContent!.replaceAll(/\s+/g, ' ')).toMatch(/^Emoji 🎉 first\.1Source A/);
  expect(shown.querySelector('strong')!.textContent).toBe('second.');
  expect(marks[0]!.getAttribute('aria-label')).toBe('Source 1: Source A, Source B');
});

test('a citation shows its source on hover and on focus, and Escape puts it away', async () => {
  const page = markdownPage();
  const shown = page.show('Known.', { annotations: [{ source: { type: 'file', filename: 'notes.pdf', title: 'Notes' }, index: 5 }] });
  const mark = shown.querySelector<HTMLElement>('.md-cite-mark')!;
  const card = shown.querySelector<HTMLElement>('.md-cite-card')!;
  expect(card.matches(':popover-open')).toBe(false);
  mark.focus();
  expect(card.matches(':popover-open')).toBe(true);
  expect(card.innerText).toMatch(/Notes\s+notes\.pdf/);
  mark.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  expect(card.matches(':popover-open')).toBe(false);
  mark.blur();
  mark.parentElement!.dispatchEvent(new PointerEvent('pointerenter'));
  expect(card.matches(':popover-open')).toBe(true);
});

test('an entity stands with its label or icon, and an interactive one tells of a press', () => {
  const page = markdownPage();
  const person = { type: 'entity' as const, id: 'p1', title: 'Ada Lovelace', inline_label: 'Ada', interactive: true };
  const place = { type: 'entity' as const, id: 'p2', title: 'London', icon: 'map-pin' };
  const pressed: unknown[] = [];
  page.host.addEventListener('citation-press', (event) => pressed.push((event as CustomEvent).detail));
  const shown = page.show('She lived there.', { annotations: [{ source: person, index: 3 }, { source: place, index: 15 }] });
  const [first, second] = shown.querySelectorAll<HTMLElement>('.md-cite-mark');
  expect([first!.textContent, second!.querySelector('svg') !== null, second!.getAttribute('aria-label')]).toEqual(['Ada', true, 'Source 2: London']);
  first!.click();
  second!.click();
  expect(pressed).toEqual([person]);
});

test('citation marks never break the Markdown around them', () => {
  const page = markdownPage();
  const text = '| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a\n```\n\n[link](https://a.example/x) https://b.example/y end\n\n- item';
  const plain = page.show(text);
  const shape = () => ['td', 'pre', 'a:not(.md-cite-mark)', 'li'].map((selector) => plain.querySelectorAll(selector).length);
  const hrefs = () => [...plain.querySelectorAll<HTMLAnchorElement>('a:not(.md-cite-mark)')].map(({ href }) => href);
  const [before, links] = [shape(), hrefs()];
  for (let index = 1; index <= text.length; index += 1) {
    page.show(text, { annotations: [{ source: { type: 'file', filename: 'f' }, index }] });
    expect([index, shape()]).toEqual([index, before]);
    expect([index, hrefs()]).toEqual([index, links]);
    expect([index, plain.querySelectorAll('.md-cite-mark').length]).toEqual([index, 1]);
  }
});

test('a selection in an earlier block survives what is added behind it', () => {
  const page = markdownPage();
  const words = 'The first paragraph stays.\n\nThe second one.\n\nThe third';
  const shown = page.show(words, { streaming: true });
  document.getSelection()!.selectAllChildren(shown.querySelector('p')!);
  for (let count = 1; count <= 50; count += 1) page.show(`${words}${' and more'.repeat(count)}`, { streaming: true });
  page.show(`${words}${' and more'.repeat(50)}`);
  expect(document.getSelection()!.toString().trim()).toBe('The first paragraph stays.');
});
