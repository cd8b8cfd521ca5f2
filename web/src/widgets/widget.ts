import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetContext, WidgetNode, WidgetRoot } from '../core/contracts.ts';
import { wordsFor } from '../md/words.ts';
import { button } from './button.ts';
import { chart } from './chart.ts';
import { checkbox, label, radioGroup } from './choices.ts';
import { datePicker } from './date-picker.ts';
import { Fields } from './fields-of-form.ts';
import { form } from './forms.ts';
import { image } from './image.ts';
import { box, divider, spacer, table, tableRow, transition } from './layout.ts';
import { basic, card, listView, listViewItem } from './roots.ts';
import { childrenOf, drawChildren, nodesOf } from './scope.ts';
import type { Scope } from './scope.ts';
import { select } from './select.ts';
import { styled } from './styled.ts';
import { badge, caption, iconNode, markdown, text, title } from './text.ts';
import { input, textarea } from './text-fields.ts';

export type { WidgetContext, WidgetRoot } from '../core/contracts.ts';
export { WIDGET_PROBLEM } from './actions.ts';
export { FormStore } from './fields-of-form.ts';
export { widgetStyles } from './styles.ts';

type Component = (node: WidgetNode, scope: Scope) => unknown;

const components: Readonly<Record<string, Component>> = {
  Card: card,
  ListView: listView,
  ListViewItem: listViewItem,
  Basic: basic,
  Box: box,
  Row: box,
  Col: box,
  Form: form,
  Spacer: spacer,
  Divider: divider,
  Transition: transition,
  Table: table,
  'Table.Row': tableRow,
  'Table.Cell': drawChildren,
  Title: title,
  Caption: caption,
  Text: text,
  Markdown: markdown,
  Badge: badge,
  Icon: iconNode,
  Image: image,
  Button: button,
  Input: input,
  Textarea: textarea,
  Select: select,
  DatePicker: datePicker,
  Checkbox: checkbox,
  RadioGroup: radioGroup,
  Label: label,
  Chart: chart,
};

/** A node as its component; of a type that is not known only the children are shown. */
function draw(node: WidgetNode, scope: Scope): unknown {
  const component = Object.hasOwn(components, node.type) ? components[node.type]! : drawChildren;
  return component(node, scope);
}

/** Far more than a screen can show; a tree without an end must not stop the page. */
const DEEPEST = 100;

function isDeep(node: WidgetNode, left = DEEPEST): boolean {
  return left === 0 || childrenOf(node).some((child) => isDeep(child, left - 1));
}

/** A widget. Rendered again at the same place with what the server streams it keeps what the user entered and opened. */
export function renderWidget(root: WidgetRoot, context: WidgetContext): TemplateResult {
  if (isDeep(root)) return html``;
  const nodes = [...nodesOf(root)];
  const forms = nodes.filter(({ type, asForm }) => type === 'Form' || (type === 'Card' && asForm === true));
  const scope: Scope = {
    context,
    words: wordsFor(context.locale),
    fields: new Fields('', root, context.formState),
    insideForm: false,
    formKeys: new Map(forms.map((node, index) => [node, node.id ?? node.key ?? `form${index + 1}`])),
    prefix: `w-${context.itemId}`,
    labelled: new Set(nodes.flatMap(({ type, fieldName }) => (type === 'Label' && typeof fieldName === 'string' ? [fieldName] : []))),
    draw,
  };
  return html`<div class="widget" ${styled({ 'color-scheme': context.scheme })}>${draw(root, scope)}</div>`;
}
