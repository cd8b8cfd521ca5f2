/** The `theme` option as CSS variables. Colours are written once for both schemes with `light-dark()`. */
import { css } from 'lit';
import { isRecord } from '../core/protocol.ts';

export interface FontObject {
  family: string;
  src: string;
  weight?: string | number;
  style?: string;
  display?: string;
  unicodeRange?: string;
}
export interface Theme {
  colorScheme?: 'light' | 'dark';
  typography?: { baseSize?: number; fontFamily?: string; fontFamilyMono?: string; fontSources?: FontObject[] };
  radius?: 'pill' | 'round' | 'soft' | 'sharp';
  density?: 'compact' | 'normal' | 'spacious';
  color?: {
    grayscale?: { hue: number; tint: number; shade?: number };
    accent?: { primary: string; level: number };
    surface?: { background: string; foreground: string };
  };
}

const RADII = {
  pill: { small: 8, medium: 14, large: 26, button: 999 },
  round: { small: 8, medium: 12, large: 18, button: 12 },
  soft: { small: 5, medium: 7, large: 10, button: 7 },
  sharp: { small: 0, medium: 0, large: 0, button: 0 },
};
const UNITS = { compact: 3.25, normal: 4, spacious: 4.75 };

export function schemeOf(theme: 'light' | 'dark' | Theme | undefined): 'light' | 'dark' {
  return (isRecord(theme) ? theme.colorScheme : theme) === 'dark' ? 'dark' : 'light';
}

/** Only what the option sets; the defaults are in the style sheet. */
export function variablesOf(option: 'light' | 'dark' | Theme | undefined): Record<string, string> {
  const theme: Theme = isRecord(option) ? (option as Theme) : {};
  const variables: Record<string, string> = {};
  const { typography, color } = theme;
  if (typography?.baseSize) variables['--ck-size'] = `${typography.baseSize}px`;
  if (typography?.fontFamily) variables['--ck-font'] = typography.fontFamily;
  if (typography?.fontFamilyMono) variables['--ck-font-mono'] = typography.fontFamilyMono;
  const radius = theme.radius ? RADII[theme.radius] : undefined;
  if (radius) {
    variables['--ck-radius-small'] = `${radius.small}px`;
    variables['--ck-radius'] = `${radius.medium}px`;
    variables['--ck-radius-large'] = `${radius.large}px`;
    variables['--ck-radius-button'] = `${radius.button}px`;
  }
  const unit = theme.density ? UNITS[theme.density] : undefined;
  if (unit) variables['--ck-unit'] = `${unit}px`;
  if (color?.grayscale) {
    variables['--ck-hue'] = `${color.grayscale.hue}`;
    variables['--ck-chroma'] = `${color.grayscale.tint * 0.0045}`;
    variables['--ck-shade'] = `${(color.grayscale.shade ?? 0) * 0.012}`;
  }
  if (color?.accent && CSS.supports('color', color.accent.primary)) {
    const { primary, level } = color.accent;
    variables['--ck-accent'] = primary;
    variables['--ck-accent-text'] = `light-dark(color-mix(in oklab, ${primary}, black 12%), color-mix(in oklab, ${primary}, white 45%))`;
    variables['--ck-on-accent'] = textOn(primary);
    if (level > 0) variables['--ck-bubble'] = `color-mix(in oklab, ${primary} ${level * 8}%, var(--ck-surface-secondary))`;
  }
  if (color?.surface) {
    variables['--ck-background'] = color.surface.background;
    variables['--ck-text'] = color.surface.foreground;
    variables['--ck-surface-secondary'] = `color-mix(in oklab, ${color.surface.foreground} 5%, ${color.surface.background})`;
    variables['--ck-surface-elevated'] = `color-mix(in oklab, ${color.surface.foreground} 2%, ${color.surface.background})`;
    variables['--ck-border'] = `color-mix(in oklab, ${color.surface.foreground} 14%, ${color.surface.background})`;
    variables['--ck-text-secondary'] = `color-mix(in oklab, ${color.surface.foreground} 76%, ${color.surface.background})`;
    variables['--ck-text-tertiary'] = `color-mix(in oklab, ${color.surface.foreground} 66%, ${color.surface.background})`;
  }
  return variables;
}

/** Black or white, whichever can be read on the colour. */
function textOn(color: string): string {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!canvas) return 'white';
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? 'white' : 'black';
}

const loaded = new Set<string>();
/** Fonts belong to the document: an `@font-face` inside a shadow root is not seen by anybody. */
export function loadFonts(option: 'light' | 'dark' | Theme | undefined): void {
  const sources = isRecord(option) ? (option as Theme).typography?.fontSources : undefined;
  for (const { family, src, weight, style, display, unicodeRange } of sources ?? []) {
    const key = `${family} ${src} ${weight} ${style}`;
    if (loaded.has(key)) continue;
    loaded.add(key);
    const face = new FontFace(family, `url(${JSON.stringify(src)})`, {
      ...(weight === undefined ? {} : { weight: String(weight) }),
      ...(style === undefined ? {} : { style }),
      ...(display === undefined ? {} : { display: display as FontDisplay }),
      ...(unicodeRange === undefined ? {} : { unicodeRange }),
    });
    document.fonts.add(face);
    face.load().catch(() => {});
  }
}

export const themeStyles = css`
  :host {
    --ck-hue: 285;
    --ck-chroma: 0.006;
    --ck-shade: 0;
    --gray-0: light-dark(oklch(1 0 0), oklch(calc(0.195 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue)));
    --gray-1: light-dark(
      oklch(calc(0.968 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue)),
      oklch(calc(0.255 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue))
    );
    --gray-2: light-dark(
      oklch(calc(0.918 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue)),
      oklch(calc(0.325 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue))
    );
    --ck-background: var(--gray-0);
    --ck-surface: var(--ck-background);
    --ck-surface-tertiary: var(--gray-2);
    --ck-border-subtle: var(--gray-1);
    --ck-link: var(--ck-accent-text);
    --ck-surface-secondary: var(--gray-1);
    --ck-surface-elevated: light-dark(oklch(1 0 0), oklch(calc(0.235 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue)));
    --ck-border: var(--gray-2);
    --ck-border-strong: light-dark(
      oklch(calc(0.76 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue)),
      oklch(calc(0.47 + var(--ck-shade)) var(--ck-chroma) var(--ck-hue))
    );
    --ck-text: light-dark(oklch(0.22 var(--ck-chroma) var(--ck-hue)), oklch(0.94 var(--ck-chroma) var(--ck-hue)));
    --ck-text-secondary: light-dark(oklch(0.44 var(--ck-chroma) var(--ck-hue)), oklch(0.78 var(--ck-chroma) var(--ck-hue)));
    --ck-text-tertiary: light-dark(oklch(0.52 var(--ck-chroma) var(--ck-hue)), oklch(0.7 var(--ck-chroma) var(--ck-hue)));
    --ck-accent: oklch(0.53 0.18 277);
    --ck-accent-text: light-dark(oklch(0.5 0.19 277), oklch(0.78 0.11 277));
    --ck-on-accent: white;
    --ck-bubble: var(--ck-surface-secondary);
    --ck-focus: var(--ck-accent-text);
    --ck-danger: light-dark(oklch(0.52 0.19 25), oklch(0.76 0.13 22));
    --ck-danger-soft: light-dark(oklch(0.965 0.015 20), oklch(0.28 0.05 22));
    --ck-warning: light-dark(oklch(0.5 0.11 70), oklch(0.82 0.12 80));
    --ck-warning-soft: light-dark(oklch(0.97 0.025 85), oklch(0.29 0.035 75));
    --ck-success: light-dark(oklch(0.5 0.12 155), oklch(0.79 0.13 155));
    --ck-success-soft: light-dark(oklch(0.965 0.025 155), oklch(0.28 0.04 155));
    --ck-font: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif;
    --ck-font-mono: ui-monospace, 'SF Mono', 'Cascadia Code', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
    --ck-size: 16px;
    --ck-unit: 4px;
    --ck-radius-small: 8px;
    --ck-radius: 14px;
    --ck-radius-large: 26px;
    --ck-radius-button: 999px;
    --ck-shadow: 0 1px 2px rgb(0 0 0 / 0.04), 0 8px 28px rgb(0 0 0 / 0.08);
  }
  @media (prefers-contrast: more) {
    :host {
      --ck-border: light-dark(oklch(0.55 0 0), oklch(0.7 0 0));
      --ck-text-secondary: var(--ck-text);
      --ck-text-tertiary: var(--ck-text);
    }
  }
`;
