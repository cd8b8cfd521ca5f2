import type { WidgetNode } from '../../src/core/contracts.ts';

const act = (type: string, extra: object = {}) => ({ type, ...extra });
const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAYAAABytg0kAAAAFUlEQVR42mNk+M9QzwAEjDAGNDAgYAQAF6wB/fr3c2QAAAAASUVORK5CYII=";

/** A widget as a server would send it, for every component of the vocabulary. */
export const fixtures: Readonly<Record<string, WidgetNode>> = {
  Card: {
    type: 'Card',
    size: 'md',
    status: { text: 'Draft', icon: 'write' },
    confirm: { label: 'Send', action: act('mail.send') },
    cancel: { label: 'Discard', action: act('mail.discard') },
    children: [
      { type: 'Row', gap: 3, children: [
        { type: 'Box', size: 40, radius: 'full', background: { light: 'blue-100', dark: 'blue-800' }, align: 'center', justify: 'center', children: [{ type: 'Icon', name: 'mail', color: { light: 'blue-800', dark: 'blue-100' } }] },
        { type: 'Col', flex: 1, children: [{ type: 'Title', value: 'Quarterly review', size: 'sm' }, { type: 'Caption', value: 'To the whole team' }] },
        { type: 'Badge', label: 'Urgent', color: 'danger' },
      ] },
      { type: 'Divider', flush: true },
      { type: 'Text', value: 'The figures are in. Shall we meet on Thursday at ten to go through them?', color: 'secondary', size: 'sm' },
    ],
  },
  ListView: {
    type: 'ListView',
    limit: 3,
    status: { text: 'Open tasks', icon: 'notebook' },
    children: ['Write the minutes', 'Call the printer', 'Book the room', 'Order coffee', 'Send invitations'].map((value, index) => ({
      type: 'ListViewItem',
      key: `task-${index}`,
      onClickAction: act('task.open', { payload: { index } }),
      children: [
        { type: 'Icon', name: index === 0 ? 'check-circle-filled' : 'empty-circle', color: index === 0 ? 'success' : 'tertiary' },
        { type: 'Text', value, size: 'sm' },
        { type: 'Spacer' },
        { type: 'Caption', value: `${index + 1} Dec` },
        { type: 'Icon', name: 'chevron-right', size: 'sm', color: 'tertiary' },
      ],
    })),
  },
  Basic: { type: 'Basic', gap: 2, children: [{ type: 'Text', value: 'Plain content without a card.' }, { type: 'Caption', value: 'And a caption below it.' }] },
  Box: {
    type: 'Card',
    children: [{ type: 'Box', direction: 'row', gap: 2, padding: 3, radius: 'xl', background: 'surface-secondary', border: { size: 1, color: 'strong', style: 'dashed' }, children: [{ type: 'Text', value: 'Boxed' }, { type: 'Spacer', minSize: 4 }, { type: 'Text', value: 'apart' }] }],
  },
  Row: { type: 'Card', children: [{ type: 'Row', gap: 2, wrap: 'wrap', justify: 'between', children: ['One', 'Two', 'Three'].map((value) => ({ type: 'Box', padding: { x: 3, y: 2 }, radius: 'md', background: 'surface-tertiary', children: [{ type: 'Text', value, size: 'sm' }] })) }] },
  Col: { type: 'Card', children: [{ type: 'Col', gap: 1, align: 'center', children: [{ type: 'Icon', name: 'confetti', size: '2xl', color: 'warning' }, { type: 'Title', value: 'All done', size: 'lg' }, { type: 'Text', value: 'Nothing is left to do today.', color: 'secondary', size: 'sm' }] }] },
  Form: {
    type: 'Card',
    children: [{
      type: 'Form',
      id: 'profile',
      onSubmitAction: act('profile.save', { payload: { source: 'chat' } }),
      children: [
        { type: 'Col', gap: 1, children: [{ type: 'Label', value: 'Name', fieldName: 'who.name' }, { type: 'Input', name: 'who.name', required: true, placeholder: 'Your full name' }] },
        { type: 'Col', gap: 1, children: [{ type: 'Label', value: 'E-mail', fieldName: 'who.email' }, { type: 'Input', name: 'who.email', inputType: 'email', variant: 'soft', defaultValue: 'ada@example.org' }] },
        { type: 'Checkbox', name: 'agree', label: 'I agree to the rules', required: true },
        { type: 'Row', gap: 2, justify: 'end', children: [{ type: 'Button', label: 'Later', variant: 'ghost', onClickAction: act('profile.later') }, { type: 'Button', label: 'Save', style: 'primary', submit: true }] },
      ],
    }],
  },
  Spacer: { type: 'Card', children: [{ type: 'Row', children: [{ type: 'Text', value: 'Left' }, { type: 'Spacer' }, { type: 'Text', value: 'Right' }] }] },
  Divider: { type: 'Card', children: [{ type: 'Text', value: 'Above', size: 'sm' }, { type: 'Divider', color: 'strong', size: 2, spacing: 2 }, { type: 'Text', value: 'Below', size: 'sm' }] },
  Transition: { type: 'Card', children: [{ type: 'Transition', children: { type: 'Text', key: 'first', value: 'Now you see me' } }] },
  Title: { type: 'Card', children: [{ type: 'Title', value: 'Small title', size: 'sm' }, { type: 'Title', value: 'Large title', size: '2xl', color: 'primary' }] },
  Caption: { type: 'Card', children: [{ type: 'Caption', value: 'Updated two minutes ago', size: 'sm' }] },
  Text: {
    type: 'Card',
    children: [
      { type: 'Text', value: 'Semibold and large', size: 'lg', weight: 'semibold' },
      { type: 'Text', value: 'Italic, struck out', italic: true, lineThrough: true, color: 'tertiary' },
      { type: 'Text', value: 'A long line that is cut off where the card ends because it has no room', truncate: true },
      { type: 'Text', value: 'Still being written', streaming: true, color: 'secondary' },
      { type: 'Text', value: 'Click to change me', editable: { name: 'note', required: true } },
    ],
  },
  Markdown: { type: 'Card', children: [{ type: 'Markdown', value: '**Bold** and `code`:\n\n- one\n- two' }] },
  Badge: {
    type: 'Card',
    children: [
      ...(['soft', 'solid', 'outline'] as const).map((variant) => ({ type: 'Row', gap: 2, wrap: 'wrap', children: ['secondary', 'success', 'danger', 'warning', 'info', 'discovery'].map((color) => ({ type: 'Badge', label: color, color, variant })) })),
      { type: 'Row', gap: 2, children: [{ type: 'Badge', label: 'medium', size: 'md' }, { type: 'Badge', label: 'large pill', size: 'lg', pill: true, color: 'info' }] },
    ],
  },
  Icon: { type: 'Card', children: [{ type: 'Row', gap: 3, wrap: 'wrap', children: ['agent', 'analytics', 'calendar', 'star-filled', 'lab', 'sparkle-double', 'suitcase', 'wreath', 'lucide:rocket'].map((name) => ({ type: 'Icon', name, size: 'xl', color: 'secondary' })) }] },
  Image: { type: 'Card', children: [{ type: 'Image', src: dot, alt: 'A coloured field', height: 90, flush: true, fit: 'cover', aspectRatio: 4 }, { type: 'Row', gap: 3, children: [{ type: 'Image', src: dot, alt: 'Small', size: 48, radius: 'full', frame: true }, { type: 'Image', src: 'https://images.example/far.png', alt: 'From afar' }] }] },
  Button: {
    type: 'Card',
    size: 'lg',
    children: [
      ...(['solid', 'soft', 'outline', 'ghost'] as const).map((variant) => ({ type: 'Row', gap: 2, wrap: 'wrap', children: ['primary', 'secondary', 'info', 'success', 'warning', 'danger'].map((color) => ({ type: 'Button', label: color, color, variant, size: 'sm', onClickAction: act('press') })) })),
      { type: 'Row', gap: 2, children: [{ type: 'Button', label: 'Reload', iconStart: 'reload', pill: true, onClickAction: act('press') }, { type: 'Button', iconStart: 'plus', uniform: true }, { type: 'Button', label: 'Off', disabled: true }] },
      { type: 'Button', label: 'Continue', style: 'primary', block: true, iconEnd: 'chevron-right', onClickAction: act('press') },
    ],
  },
  Input: { type: 'Card', children: [{ type: 'Input', name: 'outline', placeholder: 'Outline' }, { type: 'Input', name: 'soft', placeholder: 'Soft', variant: 'soft', pill: true }, { type: 'Input', name: 'number', inputType: 'number', defaultValue: '42', size: 'sm' }, { type: 'Input', name: 'off', placeholder: 'Disabled', disabled: true }] },
  Textarea: { type: 'Card', children: [{ type: 'Textarea', name: 'story', placeholder: 'Tell the story', rows: 2, autoResize: true, maxRows: 5 }] },
  Select: {
    type: 'Card',
    children: [
      { type: 'Label', value: 'Colour', fieldName: 'colour' },
      { type: 'Select', name: 'colour', block: true, clearable: true, defaultValue: 'g', onChangeAction: act('colour.change'), options: [{ value: 'r', label: 'Red', description: 'Like a rose' }, { value: 'g', label: 'Green' }, { value: 'b', label: 'Blue', disabled: true }, { value: 'y', label: 'Yellow' }] },
      { type: 'Select', name: 'city', placeholder: 'Choose a city', options: Array.from({ length: 40 }, (_, index) => ({ value: `c${index}`, label: `City ${index}` })) },
    ],
  },
  DatePicker: { type: 'Card', children: [{ type: 'Label', value: 'Due', fieldName: 'due' }, { type: 'DatePicker', name: 'due', defaultValue: '2026-12-24T00:00:00Z', min: '2026-12-02T00:00:00Z', max: '2027-02-10T00:00:00Z', clearable: true, onChangeAction: act('due.change') }] },
  Checkbox: { type: 'Card', children: [{ type: 'Checkbox', name: 'a', label: 'Checked', defaultChecked: true, onChangeAction: act('check') }, { type: 'Checkbox', name: 'b', label: 'Not checked' }, { type: 'Checkbox', name: 'c', label: 'Disabled', disabled: true }] },
  RadioGroup: { type: 'Card', children: [{ type: 'RadioGroup', name: 'size', ariaLabel: 'Size', direction: 'row', defaultValue: 'm', onChangeAction: act('size'), options: [{ label: 'Small', value: 's' }, { label: 'Medium', value: 'm' }, { label: 'Large', value: 'l', disabled: true }] }] },
  Label: { type: 'Card', children: [{ type: 'Label', value: 'Nickname', fieldName: 'nick', weight: 'semibold' }, { type: 'Input', name: 'nick' }] },
  Chart: {
    type: 'Card',
    size: 'lg',
    children: [
      { type: 'Title', value: 'Visitors', size: 'sm' },
      { type: 'Chart', height: 240, showYAxis: true, showLegend: true, xAxis: { dataKey: 'month', labels: { Jan: 'January' } }, series: [{ type: 'bar', dataKey: 'web', label: 'Web', stack: 's' }, { type: 'bar', dataKey: 'app', label: 'App', stack: 's' }, { type: 'line', dataKey: 'goal', label: 'Goal', color: 'orange' }], data: [{ month: 'Jan', web: 320, app: 180, goal: 450 }, { month: 'Feb', web: 420, app: 260, goal: 500 }, { month: 'Mar', web: 390, app: 310, goal: 600 }, { month: 'Apr', web: 520, app: 380, goal: 700 }, { month: 'May', web: 610, app: 420, goal: 850 }] },
    ],
  },
  Area: {
    type: 'Card',
    size: 'lg',
    children: [{ type: 'Chart', height: 200, showYAxis: true, showLegend: true, xAxis: 'day', series: [{ type: 'area', dataKey: 'in', label: 'Income', color: 'green', curveType: 'natural' }, { type: 'area', dataKey: 'out', label: 'Costs', color: 'pink' }], data: Array.from({ length: 14 }, (_, index) => ({ day: `${index + 1}.`, in: 40 + 30 * Math.sin(index / 2), out: 15 + 12 * Math.cos(index / 3) - (index === 9 ? 30 : 0) })) }],
  },
  Table: {
    type: 'Card',
    size: 'lg',
    children: [{ type: 'Table', children: [
      { type: 'Table.Row', header: true, children: ['City', 'People', 'Area'].map((value, index) => ({ type: 'Table.Cell', align: index > 0 ? 'end' : 'start', children: [{ type: 'Text', value, size: 'sm' }] })) },
      ...[['Oslo', '717 710', '454 km²'], ['Bergen', '291 940', '465 km²']].map((row) => ({ type: 'Table.Row', children: row.map((value, index) => ({ type: 'Table.Cell', align: index > 0 ? 'end' : 'start', children: [{ type: 'Text', value, size: 'sm' }] })) })),
    ] }],
  },
  Collapsed: { type: 'Card', collapsed: true, status: { text: 'Sent', icon: 'check' }, children: [{ type: 'Title', value: 'Quarterly review', size: 'sm' }, { type: 'Text', value: 'Hidden until opened.' }] },
  Dark: { type: 'Card', theme: 'dark', children: [{ type: 'Title', value: 'Always dark', size: 'sm' }, { type: 'Text', value: 'Whatever the page around it is.', color: 'secondary', size: 'sm' }, { type: 'Button', label: 'Fine', style: 'primary', onClickAction: act('press') }] },
  Unknown: { type: 'Card', children: [{ type: 'Hologram', children: [{ type: 'Text', value: 'From inside something new' }] }, { type: 'Nothing' }] },
};
