import { css } from 'lit';
import { iconStyles } from '../icons/icon.ts';
import { citationStyles } from './citation-styles.ts';
import { codeStyles } from './code-styles.ts';
import { imageStyles } from './image-styles.ts';
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
  ${codeStyles}
  ${formulas}
  ${imageStyles}
  ${citationStyles}
  ${circumstances}
`;
