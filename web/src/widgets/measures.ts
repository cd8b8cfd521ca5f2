import { lineColor, surfaceColor } from './colors.ts';
import type { Styles } from './styled.ts';

/** The layout fields that boxes, images and charts share, as they come over the wire. */
export type Layout = Readonly<Record<string, unknown>>;

/** A number is a count of spacing units; anything else is CSS. */
export function spacing(value: unknown): string | undefined {
  return numeric(value) ? `calc(var(--unit) * ${value})` : css(value);
}

/** A number is a count of pixels; anything else is CSS. */
export function pixels(value: unknown): string | undefined {
  return numeric(value) ? `${value}px` : css(value);
}

function numeric(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
}

function css(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const radii: Readonly<Record<string, string>> = {
  '2xs': '2px', xs: '4px', sm: '6px', md: '8px', lg: '10px', xl: '12px', '2xl': '16px', '3xl': '20px', '4xl': '24px', full: '9999px', '100%': '100%', none: '0px',
};

export function radius(value: unknown): string | undefined {
  return typeof value === 'string' && Object.hasOwn(radii, value) ? radii[value] : undefined;
}

const sides = [
  ['top', 'y', 'block-start'],
  ['right', 'x', 'inline-end'],
  ['bottom', 'y', 'block-end'],
  ['left', 'x', 'inline-start'],
] as const;

/** Padding or margin: one value for all sides or one for each. Left and right follow the direction of the text. */
export function edges(property: 'padding' | 'margin', value: unknown): Styles {
  if (typeof value !== 'object' || value === null) return { [property]: spacing(value) };
  const given = value as Record<string, unknown>;
  return Object.fromEntries(sides.map(([side, axis, logical]) => [`${property}-${logical}`, spacing(given[side] ?? given[axis])]));
}

export function borders(value: unknown): Styles {
  if (typeof value === 'number') return { border: line(value) };
  if (typeof value !== 'object' || value === null) return {};
  const given = value as Record<string, unknown>;
  if ('size' in given) return { border: line(given) };
  return Object.fromEntries(sides.map(([side, axis, logical]) => [`border-${logical}`, line(given[side] ?? given[axis])]));
}

function line(value: unknown): string | undefined {
  if (typeof value === 'number') return `${value}px solid var(--line)`;
  if (typeof value !== 'object' || value === null) return undefined;
  const { size, color, style } = value as { size?: unknown; color?: unknown; style?: unknown };
  return `${pixels(size) ?? '1px'} ${typeof style === 'string' ? style : 'solid'} ${lineColor(color) ?? 'var(--line)'}`;
}

/** A colour, or a gradient; never anything that makes the browser fetch. */
export function background(value: unknown): Styles {
  const color = surfaceColor(value);
  const gradient = color !== undefined && /^(?:repeating-)?(?:linear|radial|conic)-gradient\(/.test(color) && !/url|image/i.test(color);
  return gradient ? { 'background-image': color } : { 'background-color': color };
}

const placements: Readonly<Record<string, string>> = {
  start: 'flex-start', end: 'flex-end', center: 'center', baseline: 'baseline', stretch: 'stretch', between: 'space-between', around: 'space-around', evenly: 'space-evenly',
};

export function placement(value: unknown): string | undefined {
  return typeof value === 'string' && Object.hasOwn(placements, value) ? placements[value] : undefined;
}

export function textAlign(value: unknown): string | undefined {
  return value === 'start' || value === 'center' || value === 'end' ? value : undefined;
}

/** The place a node takes in its parent: size, limits, margin, share of free space. */
export function blockStyles(node: Layout): Styles {
  const { flex } = node;
  return {
    width: pixels(node.width ?? node.size),
    height: pixels(node.height ?? node.size),
    'min-width': pixels(node.minWidth ?? node.minSize),
    'min-height': pixels(node.minHeight ?? node.minSize),
    'max-width': pixels(node.maxWidth ?? node.maxSize),
    'max-height': pixels(node.maxHeight ?? node.maxSize),
    'aspect-ratio': typeof node.aspectRatio === 'number' ? String(node.aspectRatio) : css(node.aspectRatio),
    'border-radius': radius(node.radius),
    flex: typeof flex === 'number' ? `${flex} 1 0%` : css(flex),
    ...edges('margin', node.margin),
  };
}

/** What a container adds: how its children lie in it, and what it looks like. */
export function boxStyles(node: Layout): Styles {
  return {
    ...blockStyles(node),
    gap: spacing(node.gap),
    'align-items': placement(node.align),
    'justify-content': placement(node.justify),
    'flex-wrap': css(node.wrap),
    ...edges('padding', node.padding),
    ...borders(node.border),
    ...background(node.background),
  };
}
