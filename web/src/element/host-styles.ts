import { css } from 'lit';

export const hostStyles = css`
  :host {
    display: block;
    position: relative;
    block-size: 100%;
    min-block-size: 0;
    contain: layout paint;
    container-type: inline-size;
  }
  :host([hidden]) {
    display: none;
  }
  .frame {
    position: relative;
    display: grid;
    grid-template-rows: auto minmax(0, 1fr) auto;
    grid-template-columns: minmax(0, 1fr);
    block-size: 100%;
    overflow: clip;
    /* What a page around us sets must not come in by inheritance. */
    font: 400 var(--ck-size) / 1.5 var(--ck-font);
    letter-spacing: normal;
    word-spacing: normal;
    text-align: start;
    text-indent: 0;
    text-transform: none;
    text-shadow: none;
    white-space: normal;
    visibility: visible;
    cursor: auto;
    color: var(--ck-text);
    background: var(--ck-background);
    accent-color: var(--ck-accent);
    -webkit-font-smoothing: antialiased;
    -webkit-text-size-adjust: 100%;
  }
  .frame.empty {
    grid-template-rows: auto minmax(min-content, 1.05fr) auto minmax(0, 0.95fr);
  }
  .frame.empty .viewport {
    align-items: safe end;
  }
  .header {
    grid-row: 1;
    display: flex;
    align-items: center;
    gap: var(--ck-unit);
    min-block-size: calc(var(--ck-unit) * 13);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
  }
  .header .title {
    flex: 1;
    min-inline-size: 0;
    padding-inline: calc(var(--ck-unit) * 2);
  }
  .header h2 {
    margin: 0;
    font-size: 0.95em;
    font-weight: 600;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .body {
    grid-row: 2;
    position: relative;
    min-block-size: 0;
  }
  .viewport {
    block-size: 100%;
    overflow-y: auto;
    overflow-x: clip;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--ck-border-strong) transparent;
  }
  .viewport:focus-visible {
    outline-offset: -3px;
  }
  .column {
    max-inline-size: 47rem;
    margin-inline: auto;
    padding-inline: calc(var(--ck-unit) * 5);
  }
  .empty .viewport {
    display: grid;
  }
  .empty .viewport .column {
    inline-size: 100%;
  }
  .foot {
    grid-row: 3;
    padding-block: calc(var(--ck-unit) * 1) calc(var(--ck-unit) * 4);
    padding-block-end: max(calc(var(--ck-unit) * 4), env(safe-area-inset-bottom));
    background: var(--ck-background);
  }
  .foot .column {
    max-inline-size: 49rem;
    padding-inline: calc(var(--ck-unit) * 4);
  }
  .welcome {
    padding-block: calc(var(--ck-unit) * 4);
    animation: appear 0.3s ease-out;
  }
  .welcome h2 {
    margin: 0 0 calc(var(--ck-unit) * 7);
    font-size: clamp(1.5rem, 1.1rem + 1.9cqi, 2.1rem);
    font-weight: 600;
    letter-spacing: -0.022em;
    line-height: 1.2;
    text-align: center;
    text-wrap: balance;
  }
  .prompts {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr));
    gap: calc(var(--ck-unit) * 2.5);
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .prompts button {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 3);
    inline-size: 100%;
    block-size: 100%;
    padding: calc(var(--ck-unit) * 3.5) calc(var(--ck-unit) * 4);
    border: 1px solid var(--ck-border);
    border-radius: min(var(--ck-radius-large), 18px);
    font-size: 0.95em;
    line-height: 1.4;
    text-align: start;
    color: var(--ck-text);
    transition: background-color 0.15s, border-color 0.15s;
  }
  .prompts .icon {
    color: var(--ck-accent-text);
  }
  .prompts button:hover {
    background: var(--ck-surface-secondary);
    border-color: var(--ck-border-strong);
  }
  .loading,
  .older {
    display: grid;
    place-items: center;
    padding: calc(var(--ck-unit) * 6);
    color: var(--ck-text-tertiary);
  }
  .to-end {
    position: absolute;
    inset-block-end: calc(var(--ck-unit) * 3);
    inset-inline-start: calc(50% - 20px);
    display: grid;
    place-items: center;
    inline-size: 40px;
    block-size: 40px;
    border-radius: 50%;
    border: 1px solid var(--ck-border);
    background: var(--ck-surface-elevated);
    color: var(--ck-text);
    box-shadow: var(--ck-shadow);
    animation: appear 0.15s ease-out;
  }
  .to-end.fresh::after {
    content: '';
    position: absolute;
    inset: 2px 2px auto auto;
    inline-size: 9px;
    block-size: 9px;
    border-radius: 50%;
    background: var(--ck-accent);
  }
  .notice {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2.5);
    margin-block-end: calc(var(--ck-unit) * 2.5);
    padding: calc(var(--ck-unit) * 2.5) calc(var(--ck-unit) * 3.5);
    border-radius: min(var(--ck-radius-large), 18px);
    background: var(--ck-surface-secondary);
    font-size: 0.92em;
    animation: appear 0.18s ease-out;
  }
  .notice > div {
    flex: 1;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }
  .notice strong {
    display: block;
  }
  .notice .md {
    line-height: 1.45;
  }
  .notice.warning {
    background: var(--ck-warning-soft);
  }
  .notice.warning > .icon {
    color: var(--ck-warning);
  }
  .notice.danger {
    background: var(--ck-danger-soft);
  }
  .notice.danger > .icon {
    color: var(--ck-danger);
  }
  .closed {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: calc(var(--ck-unit) * 2);
    margin: 0;
    padding: calc(var(--ck-unit) * 4);
    border-radius: min(var(--ck-radius-large), 18px);
    background: var(--ck-surface-secondary);
    color: var(--ck-text-secondary);
  }
  .disclaimer {
    padding-block-start: calc(var(--ck-unit) * 2);
    font-size: 0.78em;
    text-align: center;
  }
  .disclaimer .md {
    color: var(--ck-text-tertiary);
    line-height: 1.4;
  }
  .disclaimer.strong .md {
    color: var(--ck-text);
  }
  .drop-hint {
    position: absolute;
    inset: calc(var(--ck-unit) * 3);
    z-index: 6;
    display: grid;
    place-content: center;
    justify-items: center;
    gap: calc(var(--ck-unit) * 2);
    border: 2px dashed var(--ck-accent-text);
    border-radius: var(--ck-radius);
    background: color-mix(in oklab, var(--ck-background) 88%, transparent);
    color: var(--ck-accent-text);
    font-weight: 550;
    pointer-events: none;
  }
  @container (max-width: 34rem) {
    .column {
      padding-inline: calc(var(--ck-unit) * 4);
    }
    .foot .column {
      padding-inline: calc(var(--ck-unit) * 2.5);
    }
    .foot {
      padding-block-end: max(calc(var(--ck-unit) * 2.5), env(safe-area-inset-bottom));
    }
    .frame.empty {
      grid-template-rows: auto minmax(0, 1fr) auto;
    }
    .frame.empty .welcome h2 {
      margin-block-end: calc(var(--ck-unit) * 5);
    }
    .welcome {
      padding-block-end: calc(var(--ck-unit) * 2);
    }
    .prompts {
      grid-template-columns: 1fr;
      gap: calc(var(--ck-unit) * 2);
    }
    .prompts button {
      padding-block: calc(var(--ck-unit) * 2.75);
    }
  }
  @media print {
    .foot,
    .header,
    .actions,
    .to-end {
      display: none !important;
    }
    .viewport,
    .frame,
    :host {
      block-size: auto;
      overflow: visible;
    }
  }
`;
