import { css } from 'lit';

export const transcriptStyles = css`
  .exchange {
    display: flow-root;
    padding-block-end: calc(var(--ck-unit) * 7);
    /* Room for what stands out at the sides: an exchange that is out of sight is not laid out, and so clips. */
    margin-inline: calc(var(--ck-unit) * -4);
    padding-inline: calc(var(--ck-unit) * 4);
  }
  /* Sizes that become known while somebody scrolls would move the text, where the browser does not hold on to it. */
  @supports (overflow-anchor: auto) {
    .exchange:not(.last) {
      content-visibility: auto;
      contain-intrinsic-block-size: auto 18rem;
    }
  }
  /* A new question goes to the top; its answer grows in the room below it. */
  .sent-here .exchange.last {
    min-block-size: var(--viewport, 0px);
  }
  @media print {
    .exchange.exchange {
      content-visibility: visible;
    }
  }
  .question {
    display: flex;
    flex-direction: column;
    align-items: end;
    gap: calc(var(--ck-unit) * 1.5);
    padding-block-start: calc(var(--ck-unit) * 4);
    margin-inline-start: 8%;
  }
  .bubble {
    max-inline-size: 100%;
    padding: calc(var(--ck-unit) * 2.5) calc(var(--ck-unit) * 4.5);
    border-radius: min(var(--ck-radius-large), 22px);
    background: var(--ck-bubble);
    line-height: 1.5;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    text-align: start;
  }
  .pending .bubble {
    animation: appear 0.18s ease-out;
  }
  .tag {
    padding: 0.05em 0.35em;
    border-radius: 6px;
    background: color-mix(in oklab, var(--ck-accent) 13%, transparent);
    color: var(--ck-accent-text);
    font-weight: 550;
  }
  .quoted {
    margin: 0;
    padding-inline-start: calc(var(--ck-unit) * 3);
    border-inline-start: 3px solid var(--ck-border-strong);
    color: var(--ck-text-secondary);
    font-size: 0.9em;
    max-inline-size: 100%;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .attachments {
    display: flex;
    flex-wrap: wrap;
    justify-content: end;
    gap: calc(var(--ck-unit) * 2);
  }
  .picture {
    max-inline-size: 100%;
  }
  .picture img {
    display: block;
    block-size: 12rem;
    min-inline-size: 4rem;
    max-inline-size: 100%;
    object-fit: scale-down;
    border-radius: var(--ck-radius);
    background: var(--ck-surface-secondary);
  }
  .file {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 2.5) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius);
    font-size: 0.9em;
  }
  .answer {
    display: block;
    padding-block-start: calc(var(--ck-unit) * 5);
    min-inline-size: 0;
  }
  .item + .item:not(:empty) {
    margin-block-start: calc(var(--ck-unit) * 3);
  }
  .prose {
    line-height: 1.65;
    overflow-wrap: anywhere;
  }
  .prose.small {
    font-size: 0.9em;
    line-height: 1.55;
    color: var(--ck-text-secondary);
  }
  .actions {
    display: flex;
    gap: 2px;
    transition: opacity 0.15s;
  }
  .below {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    margin-block-start: calc(var(--ck-unit) * 1.5);
    margin-inline-start: calc(var(--ck-unit) * -2);
  }
  .versions {
    display: flex;
    align-items: center;
    color: var(--ck-text-secondary);
    font-size: 0.85em;
    font-variant-numeric: tabular-nums;
  }
  .versions [aria-disabled='true'] {
    opacity: 0.35;
    cursor: default;
  }
  /* While an answer is written nothing takes its place. Not removed, so that the words beside it stay where they are. */
  .busy .when-idle {
    visibility: hidden;
  }
  .busy .versions {
    opacity: 0.6;
    pointer-events: none;
  }
  .said {
    display: flex;
    align-items: center;
    gap: var(--ck-unit);
    max-inline-size: 100%;
  }
  .said .bubble {
    min-inline-size: 0;
  }
  .bubble:focus {
    outline: none;
  }
  @media (hover: hover) {
    .exchange:not(.last) .answer .actions,
    .question .actions {
      opacity: 0;
    }
    .exchange:not(.last) .answer:is(:hover, :focus-within) .actions,
    .question:is(:hover, :focus-within) .actions {
      opacity: 1;
    }
  }
  /* Without a pointer that hovers, a tap on the message shows them. */
  @media (hover: none) {
    .said {
      flex-flow: row wrap-reverse;
      justify-content: end;
    }
    .question .actions {
      flex-basis: 100%;
      justify-content: end;
    }
    .question:not(:focus-within) .actions {
      position: absolute;
      opacity: 0;
      pointer-events: none;
    }
  }
  .icon-button[aria-pressed='true'] {
    color: var(--ck-accent-text);
  }
  .stopped {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 1.5);
    margin: calc(var(--ck-unit) * 2) 0 0;
    color: var(--ck-text-tertiary);
    font-size: 0.85em;
  }
  .waiting {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2.5);
    min-block-size: 1.65em;
    margin-block-start: calc(var(--ck-unit) * 1);
    color: var(--ck-text-secondary);
    font-size: 0.95em;
  }
  .pulse {
    inline-size: 11px;
    block-size: 11px;
    margin-inline: 3px;
    border-radius: 50%;
    background: var(--ck-accent);
    animation: breathe 1.3s ease-in-out infinite;
  }
  .shimmer {
    background: linear-gradient(90deg, var(--ck-text-secondary) 35%, var(--ck-text) 50%, var(--ck-text-secondary) 65%) 0 0 / 300% 100%;
    -webkit-background-clip: text;
    background-clip: text;
    color: transparent;
    animation: shimmer 2.2s linear infinite;
  }
  @media (forced-colors: active), (prefers-reduced-motion: reduce) {
    .shimmer {
      background: none;
      color: var(--ck-text-secondary);
    }
  }
  details > summary {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    max-inline-size: 100%;
    min-block-size: calc(var(--ck-unit) * 8);
    cursor: pointer;
    list-style: none;
    color: var(--ck-text-secondary);
    font-size: 0.92em;
    border-radius: var(--ck-radius-small);
  }
  details > summary::-webkit-details-marker {
    display: none;
  }
  details > summary:hover {
    color: var(--ck-text);
  }
  .sign {
    flex: none;
    display: grid;
    place-items: center;
    inline-size: 20px;
    block-size: 1.5em;
    color: var(--ck-text-tertiary);
  }
  .sign .spinner {
    inline-size: 14px;
    block-size: 14px;
    color: var(--ck-accent-text);
  }
  .fold {
    display: grid;
    transition: rotate 0.15s;
    color: var(--ck-text-tertiary);
  }
  details[open] > summary > .fold {
    rotate: 90deg;
  }
  details[open] > summary > .fold:dir(rtl) {
    rotate: -90deg;
  }
  .workflow > .tasks {
    position: relative;
    margin-block: var(--ck-unit) calc(var(--ck-unit) * 2);
    animation: appear 0.15s ease-out;
  }
  .task {
    position: relative;
    display: flex;
    gap: calc(var(--ck-unit) * 2);
    padding-block: calc(var(--ck-unit) * 1);
    font-size: 0.92em;
    color: var(--ck-text-secondary);
  }
  .task:not(:last-child)::before {
    content: '';
    position: absolute;
    inset-block: calc(1.5em + var(--ck-unit) * 2) calc(var(--ck-unit) * -0.5);
    inset-inline-start: 9.5px;
    border-inline-start: 1px solid var(--ck-border);
  }
  .task-body {
    flex: 1;
    min-inline-size: 0;
  }
  .task-title {
    line-height: 1.5;
    overflow-wrap: anywhere;
  }
  .queries,
  .source-list {
    display: flex;
    flex-wrap: wrap;
    gap: calc(var(--ck-unit) * 1.5);
    margin-block: calc(var(--ck-unit) * 1.5);
  }
  .query,
  .source {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 1.5);
    max-inline-size: 18rem;
    padding: calc(var(--ck-unit) * 1.25) calc(var(--ck-unit) * 2.5);
    border: 1px solid var(--ck-border);
    border-radius: min(var(--ck-radius-button), 12px);
    color: var(--ck-text-secondary);
    font-size: 0.875rem;
    line-height: 1.35;
    text-decoration: none;
    text-align: start;
    overflow-wrap: anywhere;
  }
  a.source:hover,
  button.source:hover {
    background: color-mix(in oklab, var(--ck-text) 5%, transparent);
    color: var(--ck-text);
  }
  .sources {
    margin-block-start: calc(var(--ck-unit) * 2);
  }
  .count {
    padding: 0 0.5em;
    border-radius: 99px;
    background: color-mix(in oklab, var(--ck-text) 8%, transparent);
    font-size: 0.85em;
  }
  .drawing {
    position: relative;
    margin: 0;
    inline-size: min(100%, 24rem);
    aspect-ratio: 1;
    border-radius: var(--ck-radius);
    overflow: hidden;
    background: var(--ck-surface-secondary);
  }
  .drawing button,
  .drawing img,
  .skeleton {
    display: block;
    inline-size: 100%;
    block-size: 100%;
  }
  .drawing img {
    object-fit: contain;
  }
  .drawing.open img {
    filter: blur(6px);
  }
  .skeleton.card {
    max-inline-size: 26rem;
    border-radius: var(--ck-radius);
  }
  .skeleton {
    background: linear-gradient(100deg, transparent 35%, color-mix(in oklab, var(--ck-text) 6%, transparent) 50%, transparent 65%) 0 0 / 300% 100% var(--ck-surface-secondary);
    animation: shimmer 2s linear infinite;
  }
  .drawing progress {
    position: absolute;
    inset: auto 12px 12px;
    inline-size: auto;
    block-size: 4px;
    accent-color: var(--ck-accent);
  }
  .answered {
    margin: 0;
    padding: calc(var(--ck-unit) * 3.5) calc(var(--ck-unit) * 4);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius);
    font-size: 0.95em;
  }
  .answered dt {
    color: var(--ck-text-secondary);
    font-size: 0.9em;
  }
  .answered dd {
    margin: 0;
  }
  .answered dd + dt {
    margin-block-start: calc(var(--ck-unit) * 3);
  }
  @keyframes breathe {
    50% {
      scale: 0.6;
      opacity: 0.55;
    }
  }
  @keyframes shimmer {
    from {
      background-position-x: 100%;
    }
    to {
      background-position-x: 0%;
    }
  }
`;
