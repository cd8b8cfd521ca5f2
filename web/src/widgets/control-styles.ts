import { css } from 'lit';

/** Buttons, fields and choices. */
export const controlStyles = css`
  .widget .w-control {
    --height: 36px;
    --gutter: 12px;
    --control-size: 0.875;
    block-size: var(--height);
    min-block-size: 24px;
    padding: 0 var(--gutter);
    border: 1px solid transparent;
    border-radius: min(var(--round-button), calc(var(--height) * 0.32));
    font: inherit;
    font-size: calc(var(--size) * var(--control-size));
    line-height: 1.2;
    color: var(--text);
    transition:
      background-color 0.12s,
      border-color 0.12s,
      box-shadow 0.12s;
  }
  .widget :is(.w-control-3xs, .w-control-2xs) {
    --height: 24px;
    --gutter: 7px;
    --control-size: 0.75;
  }
  .widget .w-control-xs {
    --height: 26px;
    --gutter: 8px;
    --control-size: 0.8125;
  }
  .widget .w-control-sm {
    --height: 28px;
    --gutter: 10px;
    --control-size: 0.8125;
  }
  .widget .w-control-md {
    --height: 32px;
    --gutter: 11px;
  }
  .widget .w-control-xl {
    --height: 40px;
    --gutter: 14px;
    --control-size: 0.9375;
  }
  .widget .w-control-2xl {
    --height: 44px;
    --gutter: 16px;
    --control-size: 1;
  }
  .widget .w-control-3xl {
    --height: 48px;
    --gutter: 18px;
    --control-size: 1;
  }
  .widget .w-gutter-2xs {
    --gutter: 6px;
  }
  .widget .w-gutter-xs {
    --gutter: 8px;
  }
  .widget .w-gutter-sm {
    --gutter: 10px;
  }
  .widget .w-gutter-md {
    --gutter: 12px;
  }
  .widget .w-gutter-lg {
    --gutter: 14px;
  }
  .widget .w-gutter-xl {
    --gutter: 16px;
  }
  .widget .w-control.w-pill {
    border-radius: 99px;
  }
  .widget :is(.w-control, .w-picker-clear, .w-month-move, .w-day):focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .widget .w-control:disabled {
    opacity: 0.5;
    cursor: not-allowed;
  }
  .widget [aria-disabled='true'] {
    cursor: progress;
  }

  .widget .w-button {
    position: relative;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 7px;
    inline-size: fit-content;
    max-inline-size: 100%;
    flex: none;
    font-weight: 550;
    white-space: nowrap;
    cursor: pointer;
    user-select: none;
  }
  .widget .w-button-label {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .widget .w-button.w-uniform {
    inline-size: var(--height);
    padding: 0;
  }
  .widget .w-button.w-block {
    inline-size: 100%;
  }
  .widget .w-button-solid {
    background: var(--tone);
    color: var(--on-tone);
  }
  .widget .w-button-solid:hover:not(:disabled) {
    background: color-mix(in srgb, var(--tone) 88%, var(--text));
  }
  .widget .w-button-soft {
    background: color-mix(in srgb, var(--tone) 12%, var(--surface));
    color: var(--tone-text);
  }
  .widget .w-button-soft:hover:not(:disabled) {
    background: color-mix(in srgb, var(--tone) 20%, var(--surface));
  }
  .widget .w-button-outline {
    border-color: color-mix(in srgb, var(--tone) 32%, transparent);
    background: none;
    color: var(--tone-text);
  }
  .widget .w-button-ghost {
    background: none;
    color: var(--tone-text);
  }
  .widget :is(.w-button-outline, .w-button-ghost):hover:not(:disabled) {
    background: color-mix(in srgb, var(--tone) 9%, transparent);
  }
  .widget .w-button[aria-busy='true'] > :not(.w-spinner) {
    visibility: hidden;
  }
  .widget .w-button[aria-busy='true'] > .w-spinner {
    position: absolute;
    inset: 0;
    margin: auto;
  }
  .widget .w-spinner {
    inline-size: 16px;
    block-size: 16px;
    border: 2px solid currentColor;
    border-inline-end-color: transparent;
    border-radius: 50%;
    animation: turn 0.7s linear infinite;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }

  .widget .w-field {
    display: block;
    inline-size: 100%;
  }
  .widget .w-row > .w-field {
    flex: 1 1 0;
    inline-size: auto;
  }
  .widget :is(.w-row, .w-col) > .w-field:has(.w-choice) {
    flex: none;
    inline-size: auto;
    max-inline-size: 100%;
  }
  .widget .w-input {
    inline-size: 100%;
    text-align: start;
  }
  .widget :is(.w-input-outline, .w-input-solid) {
    background: var(--surface);
    border-color: var(--line-control);
  }
  .widget .w-input-soft {
    background: var(--surface-tertiary);
    border-color: transparent;
  }
  .widget .w-input-ghost {
    background: none;
  }
  .widget .w-input-ghost:hover {
    background: var(--surface-tertiary);
  }
  .widget :is(.w-input, .w-editable)::placeholder {
    color: var(--text-tertiary);
    opacity: 1;
  }
  .widget .w-input:focus-visible {
    outline-offset: -1px;
  }
  .widget [aria-invalid='true'] {
    border-color: var(--danger);
  }
  .widget .w-field-error {
    display: block;
    color: var(--danger);
    font-size: calc(var(--size) * 0.8125);
  }
  .widget .w-field-error:not(:empty) {
    margin-block-start: 4px;
  }
  .widget .w-textarea {
    --padding: calc((var(--height) - 1.45em) / 2);
    display: block;
    block-size: auto;
    min-block-size: var(--height);
    padding-block: var(--padding);
    line-height: 1.45;
    resize: vertical;
  }
  .widget .w-textarea.w-grows {
    field-sizing: content;
    resize: none;
    min-block-size: calc(var(--rows) * 1lh + 2 * var(--padding) + 2px);
    max-block-size: calc(var(--most-rows, 12) * 1lh + 2 * var(--padding) + 2px);
  }
  .widget .w-editable {
    inline-size: calc(100% + 14px);
    padding: 2px 6px;
    margin: -3px -7px;
    border: 1px solid transparent;
    border-radius: 6px;
    background: none;
    color: inherit;
    font-family: inherit;
    line-height: inherit;
  }
  .widget .w-editable:hover {
    border-color: var(--line);
  }
  .widget .w-editable:focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 0;
    background: var(--surface);
  }

  .widget .w-choices {
    gap: 4px;
  }
  .widget .w-choices.w-row {
    flex-wrap: wrap;
    column-gap: 18px;
  }
  .widget .w-choice {
    display: inline-flex;
    align-items: flex-start;
    gap: 10px;
    padding-block: 4px;
    cursor: pointer;
  }
  .widget .w-choice:has(:disabled) {
    opacity: 0.55;
    cursor: not-allowed;
  }
  .widget .w-choice-label {
    font-size: calc(var(--size) * 0.9375);
  }
  .widget .w-box {
    position: relative;
    display: grid;
    place-items: center;
    flex: none;
    inline-size: 18px;
    block-size: 18px;
    margin-block-start: 0.12em;
    color: var(--on-accent);
  }
  .widget .w-box input {
    appearance: none;
    grid-area: 1 / 1;
    inline-size: 18px;
    block-size: 18px;
    margin: 0;
    border: 1.5px solid var(--line-control);
    border-radius: 5px;
    background: var(--surface);
    cursor: inherit;
    transition:
      background-color 0.12s,
      border-color 0.12s,
      border-width 0.12s;
  }
  .widget .w-box.w-round input {
    border-radius: 50%;
  }
  .widget .w-box input:checked {
    background: var(--accent);
    border-color: var(--accent);
  }
  .widget .w-box.w-round input:checked {
    background: var(--on-accent);
    border-width: 5.5px;
  }
  .widget .w-box input:focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .widget .w-box .icon {
    grid-area: 1 / 1;
    stroke-width: 3.2;
    z-index: 1;
    pointer-events: none;
    opacity: 0;
  }
  .widget .w-box input:checked + .icon {
    opacity: 1;
  }
  /* Fingers need room, and phones zoom into fields with smaller letters. */
  @media (pointer: coarse) {
    .widget :is(.w-control-md, .w-control-lg, .w-control-xl) {
      --height: 44px;
    }
    .widget :is(.w-input, .w-editable) {
      font-size: max(16px, calc(var(--size) * var(--control-size, 1)));
    }
    .widget .w-choice {
      padding-block: 10px;
    }
  }
  @media (forced-colors: active) {
    .widget .w-box input {
      appearance: auto;
    }
    .widget .w-box .icon {
      display: none;
    }
    .widget .w-control {
      border-color: CanvasText;
    }
  }
`;
