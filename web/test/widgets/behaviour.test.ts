import { userEvent } from 'vitest/browser';
import { expect, test } from 'vitest';
import type { WidgetNode } from '../../src/core/contracts.ts';
import { fixtures } from './fixtures.ts';
import { stage } from './stage.ts';

const find = <T extends HTMLElement = HTMLElement>(root: ParentNode, selector: string) => root.querySelector<T>(selector)!;
const form = (children: WidgetNode[], extra: object = {}): WidgetNode => ({
  type: 'Card',
  children: [{ type: 'Form', onSubmitAction: { type: 'save', ...extra }, children: [...children, { type: 'Button', label: 'Save', submit: true }] }],
});

test('a double click sends an action once and the control shows that it works', async () => {
  const { show, sent, answer } = stage();
  const shown = show({ type: 'Card', children: [{ type: 'Button', label: 'Go', onClickAction: { type: 'go', payload: { n: 1 } } }] });
  const button = find(shown, 'button');
  button.click();
  button.click();
  expect(sent.map(({ action, loading }) => [action.type, action.payload, loading])).toEqual([['go', { n: 1 }, 'self']]);
  expect(button.getAttribute('aria-busy')).toBe('true');
  expect(find(button, '[role=status]').getAttribute('aria-label')).toBe('Working');
  await answer();
  expect(button.hasAttribute('aria-busy')).toBe(false);
  expect(button.querySelector('[role=status]')).toBeNull();
  button.click();
  expect(sent.length).toBe(2);
});

test.each([
  ['auto', 'self'],
  ['self', 'self'],
  ['none', 'none'],
  ['container', 'container'],
])('loading behaviour %s of a button means %s, and a double click still sends once', async (loadingBehavior, loading) => {
  const { show, sent, answer } = stage();
  const shown = show({ type: 'Card', children: [{ type: 'Button', label: 'Go', onClickAction: { type: 'go', loadingBehavior } }] });
  const button = find(shown, 'button');
  button.click();
  button.click();
  expect(sent.map((one) => one.loading)).toEqual([loading]);
  expect(shown.inert).toBe(loading === 'container');
  await answer();
  expect(shown.inert).toBe(false);
});

test("a card's confirm waits for the whole card", async () => {
  const { show, sent, answer } = stage();
  const shown = show(fixtures['Card']!);
  find(shown, '.w-card-footer button:last-child').click();
  expect([sent[0]!.action.type, sent[0]!.loading, shown.inert]).toEqual(['mail.send', 'container', true]);
  await answer();
  expect(shown.inert).toBe(false);
});

test('an action that fails leaves the control usable', async () => {
  const { show } = stage();
  const shown = show({ type: 'Card', children: [{ type: 'Button', label: 'Go', onClickAction: { type: 'go' } }] }, { act: () => Promise.reject(new Error('no')) });
  const button = find(shown, 'button');
  button.click();
  await expect.poll(() => button.hasAttribute('aria-busy'), { timeout: 5_000 }).toBe(false);
});

test('while an answer streams only actions that need no stream are sent', () => {
  const { show, sent } = stage();
  const shown = show(
    { type: 'Basic', children: [{}, { streaming: false }, { handler: 'client' }].map((extra, index) => ({ type: 'Button', label: String(index), onClickAction: { type: `a${index}`, ...extra } })) },
    { busy: true },
  );
  for (const button of shown.querySelectorAll('button')) button.click();
  expect(sent.map(({ action }) => action.type)).toEqual(['a1', 'a2']);
  expect(find(shown, 'button').getAttribute('aria-disabled')).toBe('true');
});

test('a form sends its fields, dotted names nested, choices not made left out', async () => {
  const { show, sent } = stage();
  const shown = show(
    form(
      [
        { type: 'Input', name: 'who.owner', defaultValue: 'ada' },
        { type: 'Textarea', name: 'who.note' },
        { type: 'Checkbox', name: 'urgent', label: 'Urgent' },
        { type: 'RadioGroup', name: 'size', options: [{ label: 'S', value: 's' }] },
        { type: 'Select', name: 'colour', defaultValue: 'r', options: [{ value: 'r', label: 'Red' }] },
        { type: 'DatePicker', name: 'due', defaultValue: '2026-12-24T10:00:00Z' },
        { type: 'Text', value: 'draft', editable: { name: 'title' } },
      ],
      { payload: { id: 7 } },
    ),
  );
  await userEvent.fill(find(shown, 'textarea'), 'soon');
  find(shown, 'input[type=checkbox]').click();
  find(shown, 'button[type=submit]').click();
  expect(sent.map(({ action }) => action.payload)).toEqual([{ id: 7, who: { owner: 'ada', note: 'soon' }, urgent: true, colour: 'r', due: '2026-12-24', title: 'draft' }]);
});

test('any action from inside a form carries its fields; one from outside does not', () => {
  const { show, sent } = stage();
  const shown = show({
    type: 'Card',
    children: [
      { type: 'Form', children: [{ type: 'Input', name: 'a', defaultValue: '1' }, { type: 'Button', label: 'In', onClickAction: { type: 'in' } }] },
      { type: 'Button', label: 'Out', onClickAction: { type: 'out' } },
    ],
  });
  for (const button of shown.querySelectorAll('button')) button.click();
  expect(sent.map(({ action }) => [action.type, action.payload])).toEqual([['in', { a: '1' }], ['out', undefined]]);
});

test('on a clash of names the declared payload wins and the mistake is told', () => {
  const { show, sent, host } = stage();
  const told: unknown[] = [];
  host.addEventListener('widget-problem', (event) => told.push((event as CustomEvent).detail));
  const shown = show(form([{ type: 'Input', name: 'who.id', defaultValue: 'mine' }, { type: 'Input', name: 'who.name', defaultValue: 'Ada' }], { payload: { who: { id: 1 } } }));
  find(shown, 'button').click();
  expect(sent[0]!.action.payload).toEqual({ who: { id: 1, name: 'Ada' } });
  expect(told).toEqual([{ message: 'The form field “who.id” has the name of a value the action already carries.', action: 'save' }]);
});

test('two forms of one widget keep fields of the same name apart', async () => {
  const { show, sent } = stage();
  const one = (value: string) => ({ type: 'Form', onSubmitAction: { type: value }, children: [{ type: 'Input', name: 'x' }, { type: 'Button', label: 'Save', submit: true }] });
  const shown = show({ type: 'Card', children: [one('first'), one('second')] });
  const [first, second] = shown.querySelectorAll('input');
  await userEvent.fill(first!, '1');
  await userEvent.fill(second!, '2');
  for (const button of shown.querySelectorAll('button')) button.click();
  expect(sent.map(({ action }) => [action.type, action.payload])).toEqual([['first', { x: '1' }], ['second', { x: '2' }]]);
});

test('a form that is not complete is not sent: the first bad field gets the focus and says why', async () => {
  const { show, sent } = stage();
  const shown = show(fixtures['Form']!);
  find(shown, 'button[type=submit]').click();
  const [name, , agree] = shown.querySelectorAll('input');
  expect(sent).toEqual([]);
  expect(document.activeElement).toBe(name);
  expect([name, agree].map((field) => field!.getAttribute('aria-invalid'))).toEqual(['true', 'true']);
  expect(document.getElementById(name!.getAttribute('aria-describedby')!)!.textContent).toBe('Please fill in this field.');
  await userEvent.fill(name!, 'Ada');
  expect(name!.hasAttribute('aria-invalid')).toBe(false);
  agree!.click();
  find(shown, 'button[type=submit]').click();
  expect(sent.map(({ action }) => action.payload)).toEqual([{ source: 'chat', who: { name: 'Ada', email: 'ada@example.org' }, agree: true }]);
});

test('Enter in a field submits a card that is a form', async () => {
  const { show, sent } = stage();
  const shown = show({ type: 'Card', asForm: true, confirm: { label: 'OK', action: { type: 'ok' } }, cancel: { label: 'No', action: { type: 'no' } }, children: [{ type: 'Input', name: 'x' }] });
  await userEvent.type(find(shown, 'input'), '42{Enter}');
  expect(sent.map(({ action, loading }) => [action.type, action.payload, loading])).toEqual([['ok', { x: '42' }, 'container']]);
});

test('what was typed, chosen and focused survives an update streamed by the server', async () => {
  const { show } = stage();
  const root = (title: string, extra: WidgetNode[] = []): WidgetNode => ({
    type: 'Card',
    children: [...extra, { type: 'Title', value: title }, { type: 'Input', name: 'a', defaultValue: title }, { type: 'Input', name: 'b', defaultValue: title }],
  });
  const shown = show(root('one'));
  const [a, b] = shown.querySelectorAll('input');
  await userEvent.fill(a!, 'mine');
  show(root('two', [{ type: 'Text', value: 'new above' }]));
  expect([a!.isConnected, a!.value, b!.value, document.activeElement]).toEqual([true, 'mine', 'two', a]);
});

test('a select is worked with the keyboard alone', async () => {
  const { show, sent, formState } = stage();
  const shown = show(fixtures['Select']!);
  const select = find(shown, '[role=combobox]');
  const list = find(shown, '[role=listbox]');
  select.focus();
  await userEvent.keyboard('{ArrowDown}');
  expect(select.getAttribute('aria-expanded')).toBe('true');
  expect(find(list, '[aria-selected=true]').id).toBe(select.getAttribute('aria-activedescendant'));
  await userEvent.keyboard('{ArrowDown}{Enter}');
  expect(sent).toEqual([]);
  await userEvent.keyboard('{ArrowDown}{Enter}');
  expect(sent.map(({ action, loading }) => [action.type, action.payload, loading])).toEqual([['colour.change', { colour: 'y' }, 'none']]);
  expect([select.getAttribute('aria-expanded'), document.activeElement, formState.get(':colour')]).toEqual(['false', select, 'y']);
  expect(select.innerText).toContain('Yellow');
  await userEvent.keyboard('{ArrowDown}{Home}{Escape}');
  expect(select.innerText).toContain('Yellow');
  await userEvent.keyboard('r');
  expect(select.innerText).toContain('Red');
});

test('a long select is searched', async () => {
  const { show, formState } = stage();
  const shown = show(fixtures['Select']!);
  const select = find(shown, '#w-item--city');
  await userEvent.click(select);
  const search = document.activeElement as HTMLInputElement;
  expect([search.getAttribute('role'), search.placeholder]).toEqual(['combobox', 'Search']);
  await userEvent.keyboard('city 37');
  expect([...select.parentElement!.querySelectorAll('[role=option]')].map((option) => option.textContent)).toEqual(['City 37']);
  await userEvent.keyboard('{Enter}');
  expect([formState.get(':city'), document.activeElement]).toEqual(['c37', select]);
  await userEvent.click(select);
  await userEvent.keyboard('nowhere');
  expect(find(select.parentElement!, '[role=status]').textContent).toBe('No matches');
});

test('a press on an open select closes it, and one outside too', async () => {
  const { show } = stage();
  const shown = show(fixtures['Select']!);
  const select = find(shown, '[role=combobox]');
  await userEvent.click(select);
  expect(select.getAttribute('aria-expanded')).toBe('true');
  await userEvent.click(select);
  await expect.poll(() => select.getAttribute('aria-expanded'), { timeout: 5_000 }).toBe('false');
  await userEvent.click(select);
  expect(select.getAttribute('aria-expanded')).toBe('true');
  await userEvent.click(find(shown, '.w-card-body'), { position: { x: 10, y: 10 } });
  await expect.poll(() => select.getAttribute('aria-expanded'), { timeout: 5_000 }).toBe('false');
  expect(select.parentElement!.querySelector('[popover]')!.matches(':popover-open')).toBe(false);
});

test('a clearable select can be emptied', () => {
  const { show, sent } = stage();
  const shown = show(fixtures['Select']!);
  find(shown, '.w-picker-clear').click();
  expect(sent.map(({ action }) => action.payload)).toEqual([{ colour: '' }]);
  expect(find(shown, '[role=combobox]').innerText).toContain('Select…');
  expect(shown.querySelector('.w-picker-clear')).toBeNull();
});

test('a date is chosen with the keyboard, within its limits', async () => {
  const { show, sent } = stage();
  const shown = show(fixtures['DatePicker']!);
  const button = find(shown, '.w-picker-button');
  const day = () => (document.activeElement as HTMLElement).dataset['day'];
  button.focus();
  await userEvent.keyboard('{Enter}');
  expect(day()).toBe('2026-12-24');
  await userEvent.keyboard('{ArrowRight}{ArrowDown}');
  expect(day()).toBe('2027-01-01');
  await userEvent.keyboard('{PageUp}{PageUp}');
  expect(day()).toBe('2026-12-02');
  await userEvent.keyboard('{PageDown}{PageDown}{PageDown}');
  expect(day()).toBe('2027-02-10');
  await userEvent.keyboard('{Home}');
  expect(day()).toBe('2027-02-07');
  await userEvent.keyboard('{Enter}');
  expect(sent.map(({ action, loading }) => [action.payload, loading])).toEqual([[{ due: '2027-02-07' }, 'none']]);
  expect([document.activeElement, button.innerText]).toEqual([button, 'Feb 7, 2027']);
  await userEvent.keyboard('{ArrowDown}{Escape}');
  expect([document.activeElement, button.getAttribute('aria-expanded')]).toEqual([button, 'false']);
});

test('the months and days of a calendar speak the language', async () => {
  const { show } = stage();
  const shown = show(fixtures['DatePicker']!, { locale: 'de' });
  const button = find(shown, '.w-picker-button');
  expect(button.innerText).toBe('24.12.2026');
  button.click();
  expect(find(shown, '.w-month-name').innerText).toBe('Dezember 2026');
  expect([...shown.querySelectorAll('th')].map((day) => day.abbr)[0]).toBe('Montag');
});

test.each([
  ['Checkbox', 'input', { a: false }],
  ['RadioGroup', 'input[value=s]', { size: 's' }],
])('a change of %s sends its action', (name, selector, payload) => {
  const { show, sent } = stage();
  find(show(fixtures[name]!), selector).click();
  expect(sent.map(({ action, loading }) => [action.payload, loading])).toEqual([[payload, 'none']]);
});

test('a label names its field and a press on it goes there', () => {
  const { show } = stage();
  const shown = show(fixtures['Label']!);
  const field = find<HTMLInputElement>(shown, 'input');
  expect(field.labels![0]!.textContent).toBe('Nickname');
  find(shown, 'label').click();
  expect(document.activeElement).toBe(field);
});

test('a list shows some rows first, the others on demand, and a row is a button', async () => {
  const { show, sent } = stage();
  const shown = show(fixtures['ListView']!);
  expect(shown.querySelectorAll('li').length).toBe(3);
  const more = find(shown, '.w-show-more');
  expect(more.innerText.trim()).toBe('Show 2 more');
  more.click();
  expect(shown.querySelectorAll('li').length).toBe(5);
  show({ ...fixtures['ListView']!, status: { text: 'Changed' } });
  expect(shown.querySelectorAll('li').length).toBe(5);
  const row = find(shown, 'li:nth-child(2) button');
  expect(row.getAttribute('aria-label')).toBe('Call the printer, 2 Dec');
  await userEvent.click(row, { position: { x: 60, y: 15 } });
  expect(sent.map(({ action, loading }) => [action.payload, loading])).toEqual([[{ index: 1 }, 'self']]);
});

test('a collapsed card opens and closes', () => {
  const { show } = stage();
  const shown = show(fixtures['Collapsed']!);
  const toggle = find(shown, '[aria-expanded]');
  expect(shown.innerText).not.toContain('Hidden until opened.');
  toggle.click();
  expect(shown.innerText).toContain('Hidden until opened.');
});

test('a transition exchanges its child by key and keeps one that stays', () => {
  const { show } = stage();
  const child = (key: string, value: string): WidgetNode => ({ type: 'Card', children: [{ type: 'Transition', children: { type: 'Text', key, value } }] });
  const first = find(show(child('a', 'one')), '.w-text');
  const same = find(show(child('a', 'two')), '.w-text');
  expect([same, same.textContent]).toEqual([first, 'two']);
  expect(find(show(child('b', 'three')), '.w-text')).not.toBe(first);
});

test('streamed text grows in its element', () => {
  const { show } = stage();
  const root = (value: string, streaming: boolean): WidgetNode => ({ type: 'Card', children: [{ type: 'Text', id: 't', value, streaming }, { type: 'Markdown', id: 'm', value: `**${value}`, streaming }] });
  const text = find(show(root('Hel', true)), '.w-text');
  const shown = show(root('Hello', true));
  expect([find(shown, '.w-text'), text.textContent, text.getAttribute('aria-busy')]).toEqual([text, 'Hello', 'true']);
  expect(find(shown, '.md strong').textContent).toBe('Hello');
  show(root('Hello', false));
  expect(text.hasAttribute('aria-busy')).toBe(false);
});

test('a chart is read with the arrow keys, shows a tooltip and has a table', async () => {
  const { show } = stage();
  const shown = show(fixtures['Chart']!);
  const plot = find(shown, '.w-plot');
  await expect.poll(() => shown.querySelectorAll('.w-bar').length, { timeout: 5_000 }).toBe(10);
  plot.focus();
  await userEvent.keyboard('{ArrowRight}{ArrowRight}');
  expect(find(shown, '[aria-live]').textContent).toBe('Feb: Web 420, App 260, Goal 500');
  expect(find(shown, '.w-tooltip').innerText.split(/\n+/)).toEqual(['Feb', 'Web', '420', 'App', '260', 'Goal', '500']);
  await userEvent.keyboard('{End}');
  expect(find(shown, '[aria-live]').textContent).toMatch(/^May/);
  plot.blur();
  expect(shown.querySelector('.w-tooltip')).toBeNull();
  expect([...shown.querySelectorAll('table tbody tr:first-child > *')].map((cell) => cell.textContent)).toEqual(['January', '320', '180', '450']);
});

test.each([70, 120, 240])('a chart of a fixed height keeps to it, and its labels stay apart, %i px', async (height) => {
  const { show } = stage();
  const widget = show({
    type: 'Card',
    children: [
      { type: 'Chart', height, showLegend: true, showYAxis: true, xAxis: { dataKey: 'month' }, series: [{ type: 'bar', dataKey: 'sales', label: 'Sales' }], data: ['Jan', 'Feb', 'Mar', 'Apr'].map((month, at) => ({ month, sales: at * 1300 })) },
      { type: 'Text', value: 'Below the chart' },
    ],
  });
  await expect.poll(() => widget.querySelector('.w-drawing')).not.toBeNull();
  const box = (selector: string): DOMRect => widget.querySelector(selector)!.getBoundingClientRect();
  expect(box('.w-chart').height).toBe(height);
  expect(box('.w-plot').bottom).toBeLessThanOrEqual(box('.w-legend').top);
  expect(box('.w-legend').bottom).toBeLessThanOrEqual(box('.w-chart').bottom + 1);
  expect(box('.w-drawing').height).toBeLessThanOrEqual(box('.w-plot').height + 1);
  const numbers = [...widget.querySelectorAll('.w-tick[text-anchor=end]')].map((label) => label.getBoundingClientRect()).sort((one, other) => one.top - other.top);
  expect(numbers.length).toBeGreaterThan(0);
  numbers.slice(1).forEach((label, at) => expect(label.top).toBeGreaterThanOrEqual(numbers[at]!.bottom - 2));
});

test('stacked bars stand on each other and none leaves the plot', async () => {
  const { show } = stage();
  const shown = show(fixtures['Chart']!);
  await expect.poll(() => shown.querySelectorAll('.w-bar').length, { timeout: 5_000 }).toBe(10);
  const bars = [...shown.querySelectorAll('.w-bar')].map((bar) => bar.getBoundingClientRect());
  const plot = find(shown, '.w-plot-area').getBoundingClientRect();
  for (let month = 0; month < 5; month += 1) {
    const [low, high] = [bars[month]!, bars[month + 5]!];
    expect(Math.abs(high.bottom - low.top)).toBeLessThan(1);
    expect(high.top).toBeGreaterThanOrEqual(plot.top);
  }
});

test('what a widget is not expected to hold does no harm', () => {
  const { show } = stage();
  const odd: unknown[] = [null, 5, 'text', [], {}, { type: 7 }, { type: 'constructor' }, { type: '__proto__' }];
  const nodes = Object.keys(fixtures).flatMap((type) => [
    { type },
    { type, children: odd, options: odd, data: odd, series: odd, value: 5, src: {}, name: null, action: 'x', xAxis: 3, padding: 'url(https://images.example/x)', background: 'url(https://images.example/x)', border: { size: 'x' }, size: 'constructor', radius: 'toString', status: 'x', confirm: 5 },
  ]) as unknown as WidgetNode[];
  for (const node of nodes) expect(() => show(node)).not.toThrow();
  show({ type: 'Card', children: nodes });
  expect(performance.getEntriesByType('resource').filter(({ name }) => name.includes('images.example'))).toEqual([]);
});

test('a tree without an end is not shown and stops nothing', () => {
  let node: WidgetNode = { type: 'Text', value: 'deep' };
  for (let depth = 0; depth < 20_000; depth += 1) node = { type: 'Box', children: [node] };
  const { show, host } = stage();
  show({ type: 'Card', children: [node] });
  expect(host.textContent!.trim()).toBe('');
});

test('an image from afar waits for the policy', () => {
  const { show } = stage();
  const shown = show(fixtures['Image']!);
  expect([...shown.querySelectorAll('img')].map(({ alt, referrerPolicy }) => [alt, referrerPolicy])).toEqual([['A coloured field', 'no-referrer'], ['Small', 'no-referrer']]);
  find(shown, 'button').click();
  const released = show(fixtures['Image']!, { imagePolicy: { decide: () => 'show', release: () => {} } });
  expect(released.querySelectorAll('img').length).toBe(3);
});

test('no element carries a style attribute in its markup and colours follow the scheme', () => {
  const { show } = stage();
  const box = (scheme: 'light' | 'dark') => {
    const shown = show({ type: 'Card', children: [{ type: 'Box', background: { light: '#112233', dark: '#ddeeff' }, padding: { x: 2, top: 1 }, margin: 1, radius: 'xl', border: { size: 2, color: 'red-500' } }] }, { scheme });
    return getComputedStyle(find(shown, '.w-card-body > .w-col'));
  };
  expect(box('light').backgroundColor).toBe('rgb(17, 34, 51)');
  const dark = box('dark');
  expect([dark.backgroundColor, dark.paddingInline, dark.paddingTop, dark.margin, dark.borderRadius, dark.borderTopWidth]).toEqual(['rgb(221, 238, 255)', '8px', '4px', '4px', '12px', '2px']);
});
