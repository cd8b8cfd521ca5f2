import { css } from 'lit';

export const imageStyles = css`
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
