import { nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Action, WidgetContext, WidgetNode } from '../core/contracts.ts';
import type { Words } from '../md/words.ts';
import type { Fields } from './fields-of-form.ts';

/** What a node is drawn with: the context of the widget and the form that it stands in. */
export interface Scope {
  readonly context: WidgetContext;
  readonly words: Words;
  /** Where the values of the fields around here are kept. */
  readonly fields: Fields;
  /** Actions from inside a form carry its fields along. */
  readonly insideForm: boolean;
  /** What a submit button of the form around here sends. */
  readonly submitAction?: Action | undefined;
  /** A name for each form of the widget, under which its values are kept. */
  readonly formKeys: ReadonlyMap<WidgetNode, string>;
  /** Starts the identifiers of this widget's elements. */
  readonly prefix: string;
  /** Names of the fields that have a `Label`. */
  readonly labelled: ReadonlySet<string>;
  draw(node: WidgetNode, scope: Scope): unknown;
}

export function childrenOf(node: WidgetNode): WidgetNode[] {
  const { children } = node;
  const list = Array.isArray(children) ? children : [children];
  return list.filter((child): child is WidgetNode => typeof child === 'object' && child !== null && typeof child.type === 'string');
}

/** The children of a node; each keeps its elements, and what was typed into them, while others come and go. */
export function drawChildren(node: WidgetNode, scope: Scope): unknown {
  const children = childrenOf(node);
  if (children.length === 0) return nothing;
  const keys = keysOf(children);
  return repeat(
    children,
    (_, index) => keys[index],
    (child) => scope.draw(child, scope),
  );
}

function keysOf(nodes: readonly WidgetNode[]): string[] {
  const seen = new Map<string, number>();
  return nodes.map(({ key, id, type }) => {
    const name = key ?? id ?? type;
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return `${name}/${count}`;
  });
}

/** Every node of a tree, from the root on. */
export function* nodesOf(node: WidgetNode): Generator<WidgetNode> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

export function fieldId(scope: Scope, name: string): string {
  return `${scope.prefix}-${scope.fields.key}-${name}`.replaceAll(/\s+/g, '_');
}

export function labelId(scope: Scope, name: string): string {
  return `${fieldId(scope, name)}-label`;
}
