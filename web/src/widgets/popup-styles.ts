import { css } from 'lit';

/** The controls that open a popup, and their popups. */
export const popupStyles = css`
  .widget .w-picker {
    position: relative;
    display: inline-flex;
    inline-size: fit-content;
    max-inline-size: 100%;
    min-inline-size: 0;
  }
  .widget .w-picker.w-block {
    display: flex;
    inline-size: 100%;
  }
  .widget .w-picker-button {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    flex: 1 1 auto;
    min-inline-size: 140px;
    max-inline-size: 100%;
    text-align: start;
    cursor: pointer;
  }
  .widget .w-picker-button .icon {
    color: var(--text-tertiary);
  }
  .widget .w-picker-button:not(:disabled):hover {
    border-color: var(--text-tertiary);
  }
  .widget .w-picker-value {
    flex: 1;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .widget .w-picker-value.w-empty {
    color: var(--text-tertiary);
  }
  .widget .w-picker:has(.w-picker-clear) .w-picker-button .icon {
    margin-inline-start: 24px;
  }
  .widget .w-picker-clear {
    position: absolute;
    inset-block: 0;
    inset-inline-end: 34px;
    margin-block: auto;
    display: grid;
    place-items: center;
    inline-size: 24px;
    block-size: 24px;
    padding: 0;
    border: 0;
    border-radius: 6px;
    background: none;
    color: var(--text-tertiary);
    cursor: pointer;
  }
  .widget .w-picker-clear:hover {
    background: var(--surface-tertiary);
    color: var(--text);
  }
  .widget .w-popup {
    position: fixed;
    inset: auto;
    margin: 0;
    padding: 6px;
    border: 1px solid var(--line);
    border-radius: var(--round-small);
    background: var(--raised);
    color: var(--text);
    box-shadow: var(--shadow);
    font-size: calc(var(--size) * 0.9375);
    opacity: 0;
    scale: 0.98;
    transition:
      opacity 0.12s,
      scale 0.12s;
  }
  .widget .w-popup:popover-open {
    opacity: 1;
    scale: 1;
  }
  @starting-style {
    .widget .w-popup:popover-open {
      opacity: 0;
      scale: 0.98;
    }
  }
  .widget .w-menu:popover-open {
    display: flex;
    flex-direction: column;
  }
  .widget .w-menu-search {
    display: flex;
    align-items: center;
    gap: 8px;
    margin: -6px -6px 6px;
    padding: 4px 14px;
    border-block-end: 1px solid var(--line-subtle);
    color: var(--text-tertiary);
  }
  .widget .w-menu-search input {
    flex: 1;
    min-inline-size: 0;
    block-size: 36px;
    padding: 0;
    border: 0;
    outline: 0;
    background: none;
    color: var(--text);
    font: inherit;
  }
  .widget .w-menu-search input::placeholder {
    color: var(--text-tertiary);
    opacity: 1;
  }
  .widget .w-menu-list {
    overflow-y: auto;
    max-block-size: 300px;
    overscroll-behavior: contain;
  }
  .widget .w-option {
    display: flex;
    align-items: center;
    gap: 12px;
    min-block-size: 36px;
    padding: 6px 10px;
    border-radius: 7px;
    cursor: pointer;
  }
  .widget .w-option.w-active {
    background: var(--surface-tertiary);
  }
  .widget .w-option[aria-disabled] {
    color: var(--text-tertiary);
    cursor: not-allowed;
  }
  .widget .w-option-text {
    display: grid;
    flex: 1;
    min-inline-size: 0;
  }
  .widget .w-option-description {
    color: var(--text-secondary);
    font-size: 0.8667em;
  }
  .widget .w-option .icon {
    color: var(--link);
  }
  .widget .w-menu-empty {
    padding: 10px;
    color: var(--text-secondary);
  }

  .widget .w-sheet {
    padding: 12px;
  }
  .widget .w-month-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin-block-end: 6px;
  }
  .widget .w-month-name {
    font-weight: 600;
  }
  .widget .w-month-name::first-letter {
    text-transform: uppercase;
  }
  .widget .w-month-move {
    display: grid;
    place-items: center;
    inline-size: 36px;
    block-size: 36px;
    padding: 0;
    border: 0;
    border-radius: 9px;
    background: none;
    color: var(--text-secondary);
    cursor: pointer;
  }
  .widget .w-month-move:hover {
    background: var(--surface-tertiary);
    color: var(--text);
  }
  .widget .w-month table {
    border-collapse: collapse;
    font-variant-numeric: tabular-nums;
  }
  .widget .w-month th {
    inline-size: 38px;
    block-size: 28px;
    padding: 0;
    color: var(--text-tertiary);
    font-size: calc(var(--size) * 0.75);
    font-weight: 500;
  }
  .widget .w-month td {
    padding: 1px;
  }
  .widget .w-day {
    inline-size: 36px;
    block-size: 36px;
    padding: 0;
    border: 0;
    border-radius: 9px;
    background: none;
    color: inherit;
    font: inherit;
    font-size: calc(var(--size) * 0.875);
    cursor: pointer;
  }
  .widget .w-day:hover {
    background: var(--surface-tertiary);
  }
  .widget .w-day.w-outside {
    color: var(--text-tertiary);
  }
  .widget .w-day.w-now {
    font-weight: 700;
    color: var(--link);
  }
  .widget [aria-selected='true'] > .w-day {
    background: var(--accent);
    color: var(--on-accent);
  }
  .widget .w-day:disabled {
    opacity: 0.35;
    cursor: not-allowed;
    background: none;
  }
  @media (pointer: coarse) {
    .widget .w-option {
      min-block-size: 44px;
    }
    .widget .w-menu-search input {
      font-size: max(16px, 1em);
    }
    .widget .w-day,
    .widget .w-month-move {
      inline-size: 42px;
      block-size: 42px;
    }
  }
  @media (forced-colors: active) {
    .widget .w-popup {
      border: 1px solid CanvasText;
    }
    .widget .w-option.w-active,
    .widget [aria-selected='true'] > .w-day {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`;
