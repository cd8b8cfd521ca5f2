import { css } from 'lit';

export const citationStyles = css`
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
