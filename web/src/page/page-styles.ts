import { css } from 'lit';

export const pageStyles = css`
  :host {
    display: block;
    block-size: 100dvh;
  }
  .page {
    position: relative;
    display: grid;
    grid-template-columns: 0 minmax(0, 1fr) 0;
    grid-template-rows: minmax(0, 1fr);
    block-size: 100%;
    overflow: hidden;
    font: 400 16px / 1.5 var(--ck-font);
    color: var(--ck-text);
    background: var(--ck-background);
    transition: grid-template-columns 0.22s ease;
    -webkit-font-smoothing: antialiased;
  }
  .page.with-sidebar {
    grid-template-columns: 17rem minmax(0, 1fr) 0;
  }
  .page.with-tasks {
    grid-template-columns: 0 minmax(0, 1fr) 19rem;
  }
  .page.with-sidebar.with-tasks {
    grid-template-columns: 17rem minmax(0, 1fr) 19rem;
  }
  .sidebar,
  .tasks {
    display: flex;
    flex-direction: column;
    min-block-size: 0;
    min-inline-size: 0;
    background: light-dark(oklch(0.98 0.003 285), oklch(0.172 0.006 285));
    overflow: hidden;
  }
  .sidebar {
    grid-column: 1;
    inline-size: 17rem;
    border-inline-end: 1px solid var(--ck-border-subtle);
  }
  .page:not(.with-sidebar) .sidebar {
    visibility: hidden;
  }
  .tasks {
    grid-column: 3;
    inline-size: 19rem;
    border-inline-start: 1px solid var(--ck-border-subtle);
  }
  .top {
    display: flex;
    align-items: center;
    justify-content: space-between;
    min-block-size: 56px;
    padding: 8px 12px 8px 18px;
  }
  .top h2 {
    margin: 0;
    font-size: 0.95em;
    font-weight: 600;
  }
  .brand {
    display: flex;
    align-items: center;
    gap: 10px;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  .brand .logo {
    display: grid;
    place-items: center;
    inline-size: 28px;
    block-size: 28px;
    border-radius: 9px;
    background: var(--ck-accent);
    color: var(--ck-on-accent);
  }
  .new {
    display: flex;
    align-items: center;
    gap: 10px;
    margin: 0 12px 10px;
    padding: 8px 10px;
    border-radius: 10px;
    color: inherit;
    text-decoration: none;
    font-size: 0.92em;
    font-weight: 550;
  }
  .new:hover {
    background: color-mix(in oklab, var(--ck-text) 6%, transparent);
  }
  .bottom {
    display: flex;
    gap: 4px;
    padding: 8px 12px max(8px, env(safe-area-inset-bottom));
    border-block-start: 1px solid var(--ck-border-subtle);
  }
  main {
    grid-column: 2;
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    grid-template-columns: minmax(0, 1fr);
    min-inline-size: 0;
    min-block-size: 0;
  }
  .bar {
    display: flex;
    align-items: center;
    gap: 4px;
    min-block-size: 56px;
    padding: 8px 12px;
  }
  .bar .title {
    flex: 1;
    min-inline-size: 0;
    margin: 0;
    padding-inline: 8px;
    font-size: 0.95em;
    font-weight: 600;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .with-sidebar .show-sidebar,
  .with-sidebar .show-new {
    display: none;
  }
  .with-count {
    position: relative;
  }
  .with-count .bubble {
    position: absolute;
    inset-block-start: 1px;
    inset-inline-end: 0;
    min-inline-size: 16px;
    padding: 0 4px;
    border-radius: 9px;
    background: var(--ck-accent);
    color: var(--ck-on-accent);
    font-size: 10.5px;
    font-weight: 650;
    line-height: 16px;
    text-align: center;
  }
  .veil {
    display: none;
  }
  .toast-place {
    position: absolute;
    inset: auto 0 112px;
    z-index: 9;
    display: grid;
    justify-items: center;
    pointer-events: none;
  }
  .toast {
    display: flex;
    align-items: center;
    gap: 16px;
    padding: 10px 18px;
    border-radius: 14px;
    background: var(--ck-text);
    color: var(--ck-background);
    font-size: 0.92em;
    box-shadow: var(--ck-shadow);
    pointer-events: auto;
    animation: appear 0.18s ease-out;
  }
  .toast button {
    font-weight: 650;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  .dialog {
    inline-size: min(27rem, calc(100vw - 32px));
    padding: 24px;
    border: 1px solid var(--ck-border);
    border-radius: 20px;
    background: var(--ck-surface-elevated);
    color: inherit;
    box-shadow: var(--ck-shadow);
  }
  .dialog::backdrop {
    background: rgb(0 0 0 / 0.4);
  }
  .dialog h2 {
    margin: 0;
    font-size: 1.15em;
    font-weight: 650;
    letter-spacing: -0.01em;
  }
  .dialog p {
    margin: 6px 0 16px;
    color: var(--ck-text-secondary);
    font-size: 0.93em;
  }
  .dialog .problem {
    margin: 8px 0 0;
    color: var(--ck-danger);
  }
  .dialog-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin-block-end: 8px;
  }
  .badge {
    display: grid;
    place-items: center;
    inline-size: 48px;
    block-size: 48px;
    margin-block-end: 14px;
    border-radius: 14px;
    background: color-mix(in oklab, var(--ck-accent) 12%, transparent);
    color: var(--ck-accent-text);
  }
  .sign-in label:not(.check) {
    display: block;
    margin-block-end: 6px;
    font-size: 0.88em;
    font-weight: 550;
  }
  .sign-in .button {
    inline-size: 100%;
    min-block-size: 44px;
  }
  .check {
    display: flex;
    align-items: center;
    gap: 8px;
    margin-block: 14px;
    font-size: 0.9em;
    color: var(--ck-text-secondary);
  }
  .check input {
    inline-size: 16px;
    block-size: 16px;
    margin: 0;
    accent-color: var(--ck-accent);
  }
  .help dl {
    margin: 0;
  }
  .help dl div {
    display: flex;
    justify-content: space-between;
    gap: 16px;
    padding-block: 7px;
    border-block-end: 1px solid var(--ck-border-subtle);
    font-size: 0.93em;
  }
  .help dd {
    margin: 0;
    white-space: nowrap;
  }
  kbd {
    display: inline-block;
    min-inline-size: 1.9em;
    padding: 1px 7px;
    border: 1px solid var(--ck-border);
    border-radius: 7px;
    background: var(--ck-surface-secondary);
    font: 500 0.88em var(--ck-font);
    text-align: center;
  }
  @media (max-width: 1199px) {
    .page.with-tasks,
    .page.with-sidebar.with-tasks {
      grid-template-columns: 0 minmax(0, 1fr) 0;
    }
    .page.with-sidebar,
    .page.with-sidebar.with-tasks {
      grid-template-columns: 17rem minmax(0, 1fr) 0;
    }
    .tasks {
      position: absolute;
      grid-column: 1 / -1;
      inset-block: 0;
      inset-inline-end: 0;
      z-index: 7;
      inline-size: min(21rem, 100%);
      box-shadow: var(--ck-shadow);
    }
  }
  @media (max-width: 859px) {
    .page,
    .page.with-sidebar,
    .page.with-tasks,
    .page.with-sidebar.with-tasks {
      grid-template-columns: 0 minmax(0, 1fr) 0;
    }
    .sidebar {
      position: absolute;
      grid-column: 1 / -1;
      inset-block: 0;
      inset-inline-start: 0;
      z-index: 8;
      inline-size: min(19rem, 86%);
      translate: -102%;
      visibility: hidden;
      transition: translate 0.22s ease, visibility 0.22s;
      box-shadow: var(--ck-shadow);
    }
    .sidebar:dir(rtl) {
      translate: 102%;
    }
    .page.drawer .sidebar {
      translate: none;
      visibility: visible;
    }
    .tasks {
      z-index: 8;
    }
    .page:is(.drawer, .with-tasks) .veil {
      display: block;
      position: absolute;
      inset: 0;
      z-index: 7;
      background: rgb(0 0 0 / 0.35);
    }
    .page .show-sidebar,
    .page .show-new {
      display: inline-grid;
    }
    .bar {
      min-block-size: 52px;
      padding: 4px 8px;
    }
  }
`;
