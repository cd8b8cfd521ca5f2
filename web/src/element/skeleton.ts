/** The place that is kept for a widget until its code is here: about as high as it will be. */
import type { WidgetNode } from '../core/contracts.ts';

const LINE = 28;
const GAP = 10;
const DEEPEST = 8;
const LEAST = 48;
const MOST = 600;

export function heightOf(root: WidgetNode): number {
  const frame = root.type === 'Card' ? 32 + (root.confirm || root.cancel ? 52 : 0) + (root.status ? 32 : 0) : 0;
  return Math.min(MOST, Math.max(LEAST, Math.round(frame + inner(root, 0))));
}

function inner(node: WidgetNode, depth: number): number {
  const own = node.height ?? node.size;
  if (typeof own === 'number') return own;
  if (node.type === 'Chart') return 220;
  if (node.type === 'Image') return 160;
  const given = (Array.isArray(node.children) ? node.children : [node.children]).flatMap((child) => child || []);
  if (given.length === 0 || depth > DEEPEST) return node.type === 'Divider' || node.type === 'Spacer' ? 1 : LINE;
  const heights = given.slice(0, 50).map((child) => inner(child, depth + 1));
  const isRow = node.type === 'Row' || node.direction === 'row';
  return isRow ? Math.max(...heights) : heights.reduce((sum, height) => sum + height) + GAP * (heights.length - 1);
}
