/** The colours that a widget may name, as CSS. */
export type Color = string | { light?: unknown; dark?: unknown };

const texts: Readonly<Record<string, string>> = {
  prose: 'var(--text)',
  primary: 'var(--text)',
  emphasis: 'var(--text)',
  secondary: 'var(--text-secondary)',
  tertiary: 'var(--text-tertiary)',
  success: 'var(--success)',
  warning: 'var(--warning)',
  danger: 'var(--danger)',
};

const surfaces: Readonly<Record<string, string>> = {
  surface: 'var(--surface)',
  'surface-secondary': 'var(--surface-secondary)',
  'surface-tertiary': 'var(--surface-tertiary)',
  'surface-elevated': 'var(--raised)',
  'surface-elevated-secondary': 'var(--surface-secondary)',
};

const lines: Readonly<Record<string, string>> = {
  default: 'var(--line)',
  subtle: 'var(--line-subtle)',
  strong: 'var(--line-strong)',
};

/** Each at least 3:1 against its card in both schemes, and told apart by lightness as well as by hue. */
const series: Readonly<Record<string, string>> = {
  blue: 'light-dark(#3b6fe8, #7fa8ff)',
  purple: 'light-dark(#8a4fd8, #c19bf5)',
  orange: 'light-dark(#d2641a, #f7a766)',
  green: 'light-dark(#1f8a54, #6fd39b)',
  red: 'light-dark(#d3404a, #ff8f8f)',
  yellow: 'light-dark(#a67c00, #edc94f)',
  pink: 'light-dark(#cf4691, #f593c6)',
};
export const seriesColors = Object.values(series);

const hues: Readonly<Record<string, [hue: number, chroma: number]>> = {
  gray: [265, 0.012],
  red: [25, 0.19],
  orange: [50, 0.17],
  yellow: [90, 0.15],
  green: [152, 0.15],
  blue: [262, 0.19],
  purple: [300, 0.19],
  pink: [350, 0.19],
};

/** `red-100` to `gray-900`: a ramp of even steps of lightness, strongest in the middle. */
function primitive(name: string): string | undefined {
  const found = /^([a-z]+)-(\d{1,4})$/.exec(name);
  const hue = found && Object.hasOwn(hues, found[1]!) ? hues[found[1]!] : undefined;
  if (!found || !hue) return undefined;
  const shade = Math.min(Number(found[2]), 1000) / 1000;
  const lightness = 0.985 - 0.8 * shade ** 0.95;
  const chroma = hue[1] * Math.min(1, 0.12 + 3.2 * shade * (1.06 - shade));
  return `oklch(${lightness.toFixed(3)} ${chroma.toFixed(3)} ${hue[0]})`;
}

function named(tokens: Readonly<Record<string, string>>) {
  const one = (color: unknown): string | undefined => {
    if (typeof color !== 'string' || color === '') return undefined;
    return Object.hasOwn(tokens, color) ? tokens[color] : (primitive(color) ?? color);
  };
  return (color: unknown): string | undefined => {
    if (typeof color !== 'object' || color === null) return one(color);
    const { light, dark } = color as { light?: unknown; dark?: unknown };
    const pair = [one(light) ?? one(dark), one(dark) ?? one(light)];
    return pair[0] === undefined ? undefined : `light-dark(${pair[0]}, ${pair[1]})`;
  };
}

export const textColor = named(texts);
export const surfaceColor = named(surfaces);
export const lineColor = named(lines);
export const seriesColor = named(series);
