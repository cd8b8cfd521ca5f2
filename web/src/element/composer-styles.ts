import { css } from 'lit';

export const composerStyles = css`
  :host {
    display: block;
  }
  .box {
    position: relative;
    display: flex;
    flex-direction: column;
    background: var(--ck-surface-elevated);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-large);
    box-shadow: 0 1px 2px rgb(0 0 0 / 0.03), 0 4px 18px rgb(0 0 0 / 0.05);
    cursor: text;
    transition: border-color 0.15s, box-shadow 0.15s;
  }
  .box:focus-within {
    border-color: var(--ck-border-strong);
  }
  .box:has(.editor:focus-visible) {
    border-color: color-mix(in oklab, var(--ck-focus) 70%, var(--ck-border));
    box-shadow: 0 0 0 3px color-mix(in oklab, var(--ck-focus) 16%, transparent);
  }
  .box.locked {
    background: var(--ck-surface-secondary);
    cursor: default;
  }
  .editor {
    padding: calc(var(--ck-unit) * 3.5) calc(var(--ck-unit) * 4.5) 0;
    min-block-size: calc(var(--ck-unit) * 3.5 + 1.5em);
    max-block-size: min(15em, 40vh);
    overflow-y: auto;
    line-height: 1.5;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    outline: none;
    scrollbar-width: thin;
  }
  .slim {
    flex-flow: row wrap;
    align-items: end;
  }
  .slim > .quote,
  .slim > .uploads {
    flex-basis: 100%;
  }
  .slim > .editor {
    flex: 1;
    min-inline-size: 0;
    padding-block-end: calc(var(--ck-unit) * 3.5);
  }
  .slim > .editor {
    align-self: center;
    min-block-size: calc(var(--ck-unit) * 7 + 1.5em);
  }
  .editor.empty::before {
    content: attr(data-placeholder);
    color: var(--ck-text-tertiary);
    pointer-events: none;
    /* The caret stands before the placeholder, not after it. */
    float: inline-start;
    block-size: 0;
  }
  .locked .editor {
    color: var(--ck-text-secondary);
  }
  .tag {
    padding: 0.08em 0.35em;
    border-radius: 6px;
    background: color-mix(in oklab, var(--ck-accent) 13%, transparent);
    color: var(--ck-accent-text);
    font-weight: 550;
    white-space: nowrap;
  }
  .bar {
    display: flex;
    align-items: center;
    gap: var(--ck-unit);
    padding: calc(var(--ck-unit) * 2);
    min-inline-size: 0;
  }
  .room {
    flex: 1;
  }
  .bar .icon-button {
    border-radius: var(--ck-radius-button);
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 1.5);
    block-size: calc(var(--ck-unit) * 9);
    padding: 0 calc(var(--ck-unit) * 3);
    border-radius: var(--ck-radius-button);
    font-size: 0.875em;
    color: var(--ck-text-secondary);
    min-inline-size: 0;
    transition: background-color 0.12s;
  }
  .chip span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .chip:hover {
    background: color-mix(in oklab, var(--ck-text) 7%, transparent);
  }
  .chip.on {
    color: var(--ck-accent-text);
    background: color-mix(in oklab, var(--ck-accent) 12%, transparent);
  }
  .send {
    flex: none;
    display: grid;
    place-items: center;
    inline-size: calc(var(--ck-unit) * 9);
    block-size: calc(var(--ck-unit) * 9);
    border-radius: var(--ck-radius-button);
    background: var(--ck-accent);
    color: var(--ck-on-accent);
    transition: background-color 0.15s, opacity 0.15s, scale 0.1s;
  }
  .send:active:not(:disabled) {
    scale: 0.94;
  }
  .send:hover:not(:disabled) {
    background: color-mix(in oklab, var(--ck-accent), black 10%);
  }
  .send:disabled {
    background: color-mix(in oklab, var(--ck-text) 10%, transparent);
    color: var(--ck-text-tertiary);
  }
  .send.stop {
    background: var(--ck-text);
    color: var(--ck-background);
  }
  .anchor {
    position: relative;
    min-inline-size: 0;
  }
  .anchor .menu {
    position: absolute;
    inset-block-end: calc(100% + 8px);
    inset-inline-start: 0;
    z-index: 3;
    cursor: default;
  }
  .anchor.end .menu {
    inset-inline: auto 0;
  }
  .suggestions {
    position: absolute;
    inset-block-end: calc(100% + 8px);
    inset-inline-start: calc(var(--ck-unit) * 2);
    z-index: 3;
  }
  .quote {
    display: flex;
    align-items: start;
    gap: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 3) 0 calc(var(--ck-unit) * 4.5);
  }
  .quote blockquote {
    flex: 1;
    margin: 0;
    padding-inline-start: calc(var(--ck-unit) * 2.5);
    border-inline-start: 3px solid var(--ck-border-strong);
    color: var(--ck-text-secondary);
    font-size: 0.9em;
    max-block-size: 3.2em;
    overflow: hidden;
  }
  .uploads {
    display: flex;
    flex-wrap: wrap;
    gap: calc(var(--ck-unit) * 2);
    margin: 0;
    padding: calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 3.5) 0;
    list-style: none;
  }
  .upload {
    position: relative;
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    max-inline-size: 15rem;
    padding: calc(var(--ck-unit) * 1.5) var(--ck-unit) calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2.5);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius);
    font-size: 0.875em;
    background: var(--ck-background);
  }
  .upload .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .upload.failed {
    border-color: var(--ck-danger);
    color: var(--ck-danger);
  }
  .upload.picture {
    padding: 0;
    overflow: hidden;
  }
  .upload img {
    display: block;
    inline-size: 64px;
    block-size: 64px;
    object-fit: cover;
  }
  .upload.picture .remove,
  .upload.picture .spinner {
    position: absolute;
    inset-block-start: 3px;
    inset-inline-end: 3px;
    background: rgb(0 0 0 / 0.6);
    color: white;
    inline-size: 24px;
    block-size: 24px;
    min-inline-size: 24px;
    min-block-size: 24px;
  }
  .upload.picture .spinner {
    inset: 20px auto auto 20px;
    background: none;
  }
  .upload progress {
    position: absolute;
    inset: auto 8px 3px;
    inline-size: auto;
    block-size: 4px;
    accent-color: var(--ck-accent);
  }
  .problem {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 1.5);
    margin: 0 0 calc(var(--ck-unit) * 2);
    padding: 0 calc(var(--ck-unit) * 3);
    font-size: 0.875em;
    color: var(--ck-danger);
  }
  @media (pointer: coarse) {
    .editor {
      /* Below 16px phones zoom into the page when the field is focused. */
      font-size: max(16px, 1em);
    }
    .send,
    .chip {
      min-inline-size: 44px;
      min-block-size: 44px;
    }
  }
`;
