import { css } from 'lit';
import { iconStyles } from '../icons/icon.ts';
import { palette } from './palette.ts';

const text = css`
  .md {
    color: var(--text);
    line-height: 1.62;
    overflow-wrap: anywhere;
    min-width: 0;
  }
  .md > :first-child {
    margin-block-start: 0;
  }
  .md > :last-child {
    margin-block-end: 0;
  }
  .md p,
  .md ul,
  .md ol,
  .md blockquote,
  .md .md-code,
  .md .md-table {
    margin-block: 0 0.9em;
  }
  .md :is(h3, h4, h5, h6) {
    margin-block: 1.5em 0.5em;
    font-weight: 650;
    line-height: 1.3;
    letter-spacing: -0.012em;
    text-wrap: balance;
  }
  .md .md-h1 {
    font-size: 1.5em;
  }
  .md .md-h2 {
    font-size: 1.25em;
  }
  .md .md-h3 {
    font-size: 1.08em;
  }
  .md .md-h4 {
    font-size: 1em;
    letter-spacing: 0;
  }
  .md strong {
    font-weight: 650;
  }
  .md a {
    color: var(--link);
    text-decoration: underline;
    text-decoration-color: color-mix(in srgb, currentColor 35%, transparent);
    text-underline-offset: 0.18em;
    text-decoration-thickness: 1px;
    border-radius: 3px;
  }
  .md a:hover {
    text-decoration-color: currentColor;
  }
  .md :is(a, button, pre, .md-table, .md-formula):focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .md hr {
    border: 0;
    border-block-start: 1px solid var(--line);
    margin-block: 1.6em;
  }
  .md blockquote {
    margin-inline: 0;
    padding-inline-start: 1em;
    border-inline-start: 3px solid var(--line);
    color: var(--text-secondary);
  }
  .md blockquote > :last-child,
  .md li > :last-child {
    margin-block-end: 0;
  }
  .md .md-raw {
    white-space: pre-wrap;
  }
`;

const lists = css`
  .md :is(ul, ol) {
    padding-inline-start: 1.6em;
  }
  .md li {
    padding-inline-start: 0.2em;
    unicode-bidi: plaintext;
  }
  .md li + li {
    margin-block-start: 0.3em;
  }
  .md .md-loose > li + li {
    margin-block-start: 0.7em;
  }
  .md li > :is(ul, ol) {
    margin-block: 0.3em 0;
  }
  .md li > :is(ul, ol) + * {
    margin-block-start: 0.6em;
  }
  .md li > :is(.md-code, .md-table):last-child {
    margin-block-end: 0.5em;
  }
  .md li > p {
    margin-block-end: 0.5em;
  }
  .md li::marker {
    color: var(--text-tertiary);
    font-variant-numeric: tabular-nums;
  }
  .md li.md-task {
    list-style: none;
    position: relative;
  }
  .md .md-tick {
    position: absolute;
    inset-inline-start: -1.45em;
    inset-block-start: 0.28em;
    display: grid;
    place-items: center;
    inline-size: 1.1em;
    block-size: 1.1em;
    border: 1.5px solid var(--line-control);
    border-radius: 4px;
    color: var(--on-accent);
  }
  .md .md-tick.md-checked {
    background: var(--accent);
    border-color: var(--accent);
  }
  .md .md-tick .icon {
    stroke-width: 3;
  }
`;

const tables = css`
  .md .md-table {
    overflow-x: auto;
    border: 1px solid var(--line);
    border-radius: var(--round-small);
  }
  .md table {
    border-collapse: collapse;
    min-width: 100%;
    font-size: 0.94em;
    font-variant-numeric: tabular-nums;
    overflow-wrap: normal;
  }
  .md :is(th, td) {
    padding: 0.55em 0.9em;
    text-align: start;
    vertical-align: top;
    max-width: 32em;
    min-width: 4em;
    unicode-bidi: plaintext;
  }
  .md th {
    font-weight: 600;
    background: var(--surface-secondary);
    white-space: nowrap;
  }
  .md tbody tr {
    border-block-start: 1px solid var(--line-subtle);
  }
  .md .md-align-center {
    text-align: center;
  }
  .md .md-align-right {
    text-align: end;
  }
`;

const code = css`
  .md code {
    font-family: var(--mono);
    font-size: 0.875em;
    font-variant-ligatures: none;
  }
  .md :not(pre) > code {
    background: var(--surface-tertiary);
    border-radius: 5px;
    padding: 0.15em 0.38em;
    unicode-bidi: isolate;
    -webkit-box-decoration-break: clone;
    box-decoration-break: clone;
  }
  .md .md-code {
    background: var(--surface-secondary);
    border: 1px solid var(--line-subtle);
    border-radius: var(--round-small);
    overflow: clip;
    text-align: left;
  }
  .md .md-code-head {
    display: flex;
    align-items: center;
    gap: 2px;
    padding: 5px 6px 0 14px;
    font-size: 0.8em;
    color: var(--text-secondary);
  }
  .md .md-code-language {
    flex: 1;
    font-family: var(--mono);
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .md .md-code-tool {
    display: grid;
    place-items: center;
    inline-size: 30px;
    block-size: 30px;
    padding: 0;
    border: 0;
    border-radius: 8px;
    background: none;
    color: inherit;
    cursor: pointer;
  }
  .md .md-code-tool:is(:hover, [aria-pressed='true']) {
    background: var(--surface-tertiary);
    color: var(--text);
  }
  .md .md-code-tool > * {
    grid-area: 1 / 1;
  }
  .md .md-code-copy .md-face {
    transition: opacity 0.15s, scale 0.15s;
  }
  .md .md-code-copy:not(.md-done) .md-face.md-done,
  .md .md-code-copy.md-done .md-face:not(.md-done) {
    opacity: 0;
    scale: 0.6;
  }
  .md pre {
    margin: 0;
    padding: 6px 14px 14px;
    overflow-x: auto;
    line-height: 1.55;
    tab-size: 4;
    border-radius: var(--round-small);
    outline-offset: -3px;
  }
  .md pre:focus-visible {
    outline-offset: -2px;
  }
  .md pre code {
    display: block;
    inline-size: max-content;
    min-inline-size: 100%;
    white-space: pre;
    overflow-wrap: normal;
  }
  .md .md-wrapped pre code {
    inline-size: auto;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .md :is(.hl-comment, .hl-quote, .hl-meta) {
    color: light-dark(#676e7e, #939aa9);
  }
  .md :is(.hl-keyword, .hl-selector-tag, .hl-doctag, .hl-section) {
    color: light-dark(#a3268d, #ef93df);
  }
  .md :is(.hl-string, .hl-regexp, .hl-addition, .hl-selector-attr) {
    color: light-dark(#1c7038, #86d69b);
  }
  .md :is(.hl-number, .hl-literal, .hl-symbol, .hl-bullet) {
    color: light-dark(#a64300, #f5b078);
  }
  .md :is(.hl-title, .hl-name, .hl-selector-id, .hl-selector-class) {
    color: light-dark(#2b50cf, #9bb3ff);
  }
  .md :is(.hl-type, .hl-built_in, .hl-attr, .hl-attribute, .hl-property) {
    color: light-dark(#096c86, #79cde6);
  }
  .md :is(.hl-variable, .hl-template-variable, .hl-deletion) {
    color: light-dark(#b4232f, #ff9a97);
  }
  .md .hl-emphasis {
    font-style: italic;
  }
  .md .hl-strong {
    font-weight: 650;
  }
`;

const formulas = css`
  .md .md-formula {
    unicode-bidi: isolate;
  }
  .md .md-formula.md-display {
    display: block;
    margin-block: 0.9em;
    padding-block: 2px;
    overflow-x: auto;
    overflow-y: hidden;
    text-align: center;
  }
  .md .md-formula.md-display > span {
    display: inline-block;
    padding-inline: 4px;
  }
  .md math {
    font-size: 1.1em;
  }
`;

const images = css`
  .md-picture {
    display: inline-block;
    max-width: 100%;
    padding: 0;
    border: 0;
    background: none;
    border-radius: var(--round-small);
    overflow: clip;
    cursor: zoom-in;
    vertical-align: top;
  }
  .md-picture img {
    display: block;
    max-width: 100%;
    max-height: 300px;
    object-fit: contain;
  }
  /* The height that a picture has in the end, unless it is as small as a sign. */
  .md-picture:is(.md-loading, .md-framed) {
    block-size: 300px;
    background: var(--surface-tertiary);
  }
  .md-picture.md-loading {
    inline-size: min(400px, 100%);
  }
  .md-picture.md-framed img {
    block-size: 100%;
    object-fit: scale-down;
  }
  .md-picture.md-failed {
    padding: 12px 16px;
    background: var(--surface-secondary);
    color: var(--text-secondary);
    font: inherit;
    cursor: default;
  }
  .md-image-chip {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    max-width: 100%;
    min-block-size: 32px;
    padding: 4px 12px 4px 10px;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--surface-secondary);
    color: var(--text-secondary);
    font: inherit;
    font-size: 0.875em;
    line-height: 1.4;
    text-align: start;
    vertical-align: middle;
  }
  button.md-image-chip {
    cursor: pointer;
  }
  button.md-image-chip:hover {
    background: var(--surface-tertiary);
    color: var(--text);
  }
  .md-image-chip .md-chip-action {
    color: var(--text);
    font-weight: 550;
    white-space: nowrap;
  }
  .md-image-chip .md-chip-name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    min-inline-size: 0;
  }
  .md-image-chip .md-chip-host {
    color: var(--text-tertiary);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .md-sr {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .lightbox {
    max-width: none;
    max-height: none;
    inline-size: 100vw;
    block-size: 100dvh;
    padding: 48px 16px 16px;
    border: 0;
    background: none;
    color: #fff;
    overflow: hidden;
    cursor: zoom-out;
  }
  .lightbox[open] {
    display: grid;
    place-items: center;
  }
  .lightbox::backdrop {
    background: rgb(8 10 16 / 82%);
  }
  .lightbox img {
    max-width: 100%;
    max-height: calc(100dvh - 64px);
    object-fit: contain;
    border-radius: 8px;
    cursor: default;
  }
  .lightbox-close {
    position: absolute;
    inset-block-start: 8px;
    inset-inline-end: 8px;
    display: grid;
    place-items: center;
    inline-size: 44px;
    block-size: 44px;
    border: 0;
    border-radius: 50%;
    background: rgb(255 255 255 / 14%);
    color: inherit;
    cursor: pointer;
  }
  .lightbox-close:focus-visible {
    outline: 2px solid #fff;
    outline-offset: 2px;
  }
`;

const citations = css`
  .md .md-cite {
    white-space: nowrap;
    line-height: 1;
  }
  .md .md-cite-mark {
    display: inline-block;
    min-inline-size: 1.5em;
    padding: 0.2em 0.35em;
    margin-inline: 2px;
    border: 0;
    border-radius: 99px;
    background: var(--surface-tertiary);
    color: var(--text-secondary);
    font: inherit;
    font-size: 0.7em;
    font-weight: 600;
    line-height: 1.1;
    text-align: center;
    text-decoration: none;
    vertical-align: 0.25em;
    cursor: pointer;
    font-variant-numeric: tabular-nums;
  }
  .md .md-cite-mark .icon {
    display: inline-block;
    vertical-align: -0.25em;
  }
  .md .md-cite-mark:is(:hover, :focus-visible) {
    background: var(--accent);
    color: var(--on-accent);
  }
  .md .md-cite-card {
    position: fixed;
    inset: auto;
    margin: 0;
    inline-size: max-content;
    max-inline-size: 320px;
    padding: 6px;
    border: 1px solid var(--line);
    border-radius: 12px;
    background: var(--raised);
    color: var(--text);
    box-shadow: var(--shadow);
    font-size: 0.875rem;
    line-height: 1.4;
    white-space: normal;
    text-align: start;
    overflow-y: auto;
  }
  .md .md-cite-source {
    display: grid;
    gap: 2px;
    padding: 8px 10px;
  }
  .md .md-cite-title {
    font-weight: 600;
  }
  .md .md-cite-source a {
    color: inherit;
    text-decoration: none;
  }
  .md .md-cite-source a:hover {
    text-decoration: underline;
  }
  .md .md-cite-from {
    color: var(--text-secondary);
    font-size: 0.92em;
  }
  .md .md-cite-text {
    color: var(--text-secondary);
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    overflow: hidden;
  }
`;

const circumstances = css`
  @media (forced-colors: active) {
    .md .md-code,
    .md .md-cite-card,
    .md .md-cite-mark {
      border: 1px solid CanvasText;
    }
    .md .md-tick.md-checked {
      forced-color-adjust: none;
      background: Highlight;
      color: HighlightText;
    }
  }
  @media (pointer: coarse) {
    .md .md-code-tool {
      inline-size: 40px;
      block-size: 40px;
    }
    button.md-image-chip {
      min-block-size: 44px;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .md .md-code-copy .md-face {
      transition: none;
    }
  }
  @media print {
    .md .md-code-tool,
    .md .md-cite-card {
      display: none;
    }
    .md pre code {
      inline-size: auto;
      white-space: pre-wrap;
    }
  }
`;

export const markdownStyles = css`
  ${iconStyles}
  ${palette}
  ${text}
  ${lists}
  ${tables}
  ${code}
  ${formulas}
  ${images}
  ${citations}
  ${circumstances}
`;
