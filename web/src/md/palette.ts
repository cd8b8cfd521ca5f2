import { css } from 'lit';

/**
 * The colours and sizes that text and widgets are drawn with, each open to a theme by its `--ck-` variable.
 * `light-dark()` follows `color-scheme`, so a subtree with its own scheme needs nothing else.
 */
export const palette = css`
  .md,
  .widget,
  .lightbox,
  .popup {
    --text: var(--ck-text, light-dark(#16181d, #eceef2));
    --text-secondary: var(--ck-text-secondary, light-dark(#5a6070, #a9afbd));
    --text-tertiary: var(--ck-text-tertiary, light-dark(#6a7080, #949bab));
    --surface: var(--ck-surface, light-dark(#ffffff, #17191e));
    --surface-secondary: var(--ck-surface-secondary, light-dark(#f5f6f8, #1f2228));
    --surface-tertiary: var(--ck-surface-tertiary, light-dark(#eceef2, #2a2e36));
    --surface-elevated: var(--ck-surface-elevated, light-dark(#ffffff, #23262d));
    --line: var(--ck-border, light-dark(#e1e4ea, #343841));
    --line-subtle: var(--ck-border-subtle, light-dark(#eceef2, #282c34));
    --line-strong: var(--ck-border-strong, light-dark(#868d9b, #737b8a));
    --accent: var(--ck-accent, light-dark(#3559e0, #8ea6ff));
    --on-accent: var(--ck-on-accent, light-dark(#ffffff, #10152b));
    --link: var(--ck-link, var(--accent));
    --mono: var(--ck-font-mono, ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace);
    --round: var(--ck-radius, 12px);
    --shadow: 0 0 0 1px light-dark(rgb(15 20 40 / 7%), rgb(255 255 255 / 9%)), 0 2px 6px rgb(10 14 30 / 6%),
      0 14px 36px light-dark(rgb(10 14 30 / 14%), rgb(0 0 0 / 45%));
    --focus: 0 0 0 2px var(--surface), 0 0 0 4px var(--accent);
  }
`;
