import { css } from 'lit';

export const codeStyles = css`
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
