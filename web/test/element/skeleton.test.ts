/** The place that is kept for a widget is worked out of whatever the server sent. */
import { expect, test } from 'vitest';
import type { WidgetNode } from '../../src/core/contracts.ts';
import { heightOf } from '../../src/element/skeleton.ts';

test.each([
  ['no child', { type: 'Form', children: [null, undefined] }, 48],
  ['a child that is none', { type: 'Form', children: -1 }, 48],
  ['text for a child', { type: 'Form', children: 'text' }, 48],
  ['a child among what is none', { type: 'Col', children: [null, { type: 'Chart' }, 0] }, 220],
  ['children', { type: 'Card', children: [{ type: 'Chart' }, { type: 'Image' }] }, 422],
])('%s', (_, widget, height) => {
  expect(heightOf(widget as unknown as WidgetNode)).toBe(height);
});
