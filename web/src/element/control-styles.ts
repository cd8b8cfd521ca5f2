/** What every control of the element looks like, wherever it stands. */
import { css } from 'lit';

export const controlStyles = css`
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  button,
  input,
  textarea {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button {
    background: none;
    border: 0;
    padding: 0;
    margin: 0;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }
  button:disabled {
    cursor: default;
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2px solid var(--ck-focus);
    outline-offset: 2px;
  }
  .icon-button {
    display: inline-grid;
    place-items: center;
    inline-size: calc(var(--ck-unit) * 9);
    block-size: calc(var(--ck-unit) * 9);
    border-radius: min(var(--ck-radius-button), 12px);
    color: var(--ck-text-secondary);
    transition: background-color 0.12s, color 0.12s;
  }
  .icon-button.small {
    inline-size: calc(var(--ck-unit) * 8);
    block-size: calc(var(--ck-unit) * 8);
    border-radius: min(var(--ck-radius-button), 8px);
  }
  .icon-button:hover:not(:disabled),
  .icon-button[aria-expanded='true'],
  .icon-button[aria-pressed='true'] {
    background: color-mix(in oklab, var(--ck-text) 7%, transparent);
    color: var(--ck-text);
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: calc(var(--ck-unit) * 1.5);
    min-block-size: calc(var(--ck-unit) * 9);
    padding: 0 calc(var(--ck-unit) * 3.5);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-button);
    font-size: 0.875em;
    font-weight: 550;
    transition: background-color 0.12s;
  }
  .button:hover:not(:disabled) {
    background: color-mix(in oklab, var(--ck-text) 6%, transparent);
  }
  .button.primary {
    background: var(--ck-accent);
    border-color: transparent;
    color: var(--ck-on-accent);
  }
  .button.primary:hover:not(:disabled) {
    background: color-mix(in oklab, var(--ck-accent), black 10%);
  }
  .button.danger {
    background: var(--ck-danger-soft);
    border-color: transparent;
    color: var(--ck-danger);
  }
  .button:disabled {
    opacity: 0.5;
  }
  .field {
    inline-size: 100%;
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-small);
    background: var(--ck-background);
  }
  .field:focus-visible {
    outline-offset: -1px;
  }
  .menu {
    background: var(--ck-surface-elevated);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius);
    box-shadow: var(--ck-shadow);
    padding: calc(var(--ck-unit) * 1.5);
    min-inline-size: 13rem;
    max-inline-size: min(22rem, 90vw);
    max-block-size: 20rem;
    overflow-y: auto;
    animation: appear 0.13s ease-out;
  }
  .menu button,
  .menu .option {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2.5);
    inline-size: 100%;
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 2.5);
    border-radius: var(--ck-radius-small);
    font-size: 0.9em;
    text-align: start;
    cursor: pointer;
  }
  .menu .icon {
    color: var(--ck-text-secondary);
  }
  .menu button:hover:not(:disabled),
  .menu button:focus-visible,
  .menu .option[aria-selected='true'] {
    background: color-mix(in oklab, var(--ck-text) 7%, transparent);
  }
  .menu button:disabled {
    opacity: 0.5;
  }
  .menu button.danger,
  .menu button.danger .icon {
    color: var(--ck-danger);
  }
  .menu hr {
    border: 0;
    border-block-start: 1px solid var(--ck-border);
    margin: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2);
  }
  .menu .mark {
    margin-inline-start: auto;
  }
  .two-lines {
    display: grid;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }
  .two-lines small {
    color: var(--ck-text-secondary);
    font-size: 0.87em;
  }
  .group {
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2.5) var(--ck-unit);
    font-size: 0.75em;
    font-weight: 600;
    color: var(--ck-text-tertiary);
  }
  .spinner {
    display: inline-block;
    inline-size: 18px;
    block-size: 18px;
    border: 2px solid color-mix(in oklab, currentColor 22%, transparent);
    border-block-start-color: currentColor;
    border-radius: 50%;
    animation: turn 0.8s linear infinite;
  }
  .visually-hidden {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }
  @keyframes appear {
    from {
      opacity: 0;
      translate: 0 4px;
    }
  }
  @media (pointer: coarse) {
    .icon-button,
    .icon-button.small,
    .button,
    .menu button,
    .menu .option {
      min-inline-size: 44px;
      min-block-size: 44px;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    ::before,
    ::after {
      animation-duration: 0.01ms !important;
      animation-iteration-count: 1 !important;
      transition-duration: 0.01ms !important;
    }
    .spinner {
      animation-duration: 2s !important;
      animation-iteration-count: infinite !important;
    }
  }
  @media (forced-colors: active) {
    .send,
    .chip,
    .icon-button {
      border: 1px solid ButtonText;
    }
  }
`;
