import { css } from 'lit';

/**
 * The colours and sizes that text and widgets are drawn with, each open to a theme by a `--ck-` variable.
 * `light-dark()` follows `color-scheme`, so a subtree with its own scheme needs nothing else.
 */
export const palette = css`
  .md,
  .widget,
  .lightbox {
    --text: var(--ck-text, light-dark(#16181d, #eceef2));
    --text-secondary: var(--ck-text-secondary, light-dark(#555b69, #a9afbd));
    --text-tertiary: var(--ck-text-tertiary, light-dark(#666c7a, #969dac));
    --surface: var(--ck-surface, light-dark(#ffffff, #1d2026));
    --raised: var(--ck-surface-elevated, light-dark(#ffffff, #282c33));
    --surface-secondary: var(--ck-surface-secondary, light-dark(#f5f6f8, #24282f));
    --surface-tertiary: var(--ck-surface-tertiary, color-mix(in srgb, var(--surface-secondary), var(--text) 6%));
    --line: var(--ck-border, light-dark(#e1e4ea, #363b44));
    --line-subtle: var(--ck-border-subtle, color-mix(in srgb, var(--line) 65%, transparent));
    --line-strong: var(--ck-border-strong, light-dark(#868d9b, #747c8b));
    /* The outline of a field is 3:1 against its card. */
    --line-control: color-mix(in oklab, var(--text) 48%, var(--surface));
    --accent: var(--ck-accent, light-dark(#3559e0, #8ea6ff));
    --on-accent: var(--ck-on-accent, light-dark(#ffffff, #10152b));
    --link: var(--ck-link, light-dark(#2f51d0, #9db2ff));
    --focus: var(--ck-focus, var(--accent));
    --danger: var(--ck-danger, light-dark(#b3261e, #ffb0a8));
    --warning: var(--ck-warning, light-dark(#8a5200, #f2bd70));
    --success: var(--ck-success, light-dark(#17693a, #84d6a2));
    --mono: var(--ck-font-mono, ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace);
    --size: var(--ck-size, 16px);
    --unit: var(--ck-unit, 4px);
    --round-small: var(--ck-radius-small, 10px);
    --round: var(--ck-radius, 14px);
    --round-button: var(--ck-radius-button, 10px);
    --shadow: var(--ck-shadow, 0 2px 6px rgb(10 14 30 / 6%), 0 14px 36px light-dark(rgb(10 14 30 / 14%), rgb(0 0 0 / 45%)));
  }
`;
