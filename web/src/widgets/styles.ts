import { css } from 'lit';
import { iconStyles } from '../icons/icon.ts';
import { palette } from '../md/palette.ts';
import { chartStyles } from './chart-styles.ts';
import { controlStyles } from './control-styles.ts';
import { popupStyles } from './popup-styles.ts';

const layout = css`
  .widget {
    color: var(--text);
    font-size: var(--size);
    line-height: 1.45;
    max-width: 100%;
    transition: opacity 0.2s;
  }
  .widget[aria-busy='true'] {
    opacity: 0.55;
  }
  .widget *,
  .widget ::before,
  .widget ::after {
    box-sizing: border-box;
  }
  .widget :is(.w-row, .w-col, .w-form, .w-basic, .w-field, .w-card-body) {
    min-width: 0;
  }
  .widget .w-row {
    display: flex;
    flex-direction: row;
    align-items: center;
  }
  .widget .w-col {
    display: flex;
    flex-direction: column;
  }
  .widget :is(.w-form.w-col, .w-form.w-row, .w-basic.w-col) {
    gap: calc(var(--unit) * 3);
  }
  .widget .w-row > :is(.w-text, .w-title, .w-caption) {
    min-width: 0;
  }
  .widget .w-spacer {
    flex: 1 1 0;
  }
  .widget .w-divider {
    align-self: stretch;
    margin: 0;
    border: 0;
    border-block-start: 1px solid var(--line);
  }
  .widget .w-row > .w-divider {
    border-block-start: 0;
    border-inline-start: 1px solid var(--line);
  }
  .widget .w-flush {
    margin-inline: calc(var(--inset, 0px) * -1);
  }
  .widget .w-entering {
    transition:
      opacity 0.25s ease-out,
      translate 0.25s ease-out;
  }
  @starting-style {
    .widget .w-entering {
      opacity: 0;
      translate: 0 6px;
    }
  }
  .widget .w-table-scroll {
    overflow-x: auto;
    border: 1px solid var(--line);
    border-radius: var(--round-small);
  }
  .widget .w-table {
    border-collapse: collapse;
    inline-size: 100%;
    font-size: calc(var(--size) * 0.875);
    font-variant-numeric: tabular-nums;
  }
  .widget .w-table :is(th, td) {
    padding: 8px 12px;
    text-align: start;
    font-weight: inherit;
  }
  .widget .w-table .w-header {
    background: var(--surface-secondary);
  }
  .widget .w-table .w-header :is(.w-text, .w-caption) {
    font-weight: 600;
  }
  .widget .w-table tr + tr {
    border-block-start: 1px solid var(--line-subtle);
  }
`;

const roots = css`
  .widget .w-card {
    --inset: calc(var(--unit) * 4);
    inline-size: 100%;
    margin: 0;
    background-color: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--round);
    overflow: clip;
    color: var(--text);
  }
  .widget .w-card-sm {
    max-inline-size: 360px;
  }
  .widget .w-card-md {
    max-inline-size: 440px;
  }
  .widget .w-card-lg {
    max-inline-size: 560px;
  }
  .widget .w-card-body {
    gap: calc(var(--unit) * 3);
    padding: var(--inset);
  }
  .widget .w-status {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 10px var(--inset);
    border-block-end: 1px solid var(--line-subtle);
    color: var(--text-secondary);
    font-size: calc(var(--size) * 0.8125);
    font-weight: 500;
  }
  .widget .w-favicon {
    border-radius: 4px;
  }
  .widget .w-favicon.w-frame {
    inline-size: 20px;
    block-size: 20px;
    padding: 2px;
    border: 1px solid var(--line);
    background: #fff;
  }
  .widget .w-card-footer {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 8px;
    padding: 12px var(--inset);
    border-block-start: 1px solid var(--line-subtle);
  }
  .widget :is(.w-card-toggle, .w-show-more) {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 8px;
    inline-size: 100%;
    min-block-size: 44px;
    padding: 10px var(--inset);
    border: 0;
    background: none;
    color: inherit;
    font: inherit;
    font-weight: 550;
    text-align: start;
    cursor: pointer;
  }
  .widget .w-show-more {
    justify-content: center;
    border-block-start: 1px solid var(--line-subtle);
    color: var(--text-secondary);
    font-size: calc(var(--size) * 0.875);
  }
  .widget :is(.w-card-toggle, .w-show-more):hover {
    background: var(--surface-secondary);
  }
  .widget :is(.w-card-toggle, .w-show-more, .w-row-press):focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: -3px;
    border-radius: var(--round);
  }
  .widget .w-rows {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .widget .w-row-item {
    position: relative;
  }
  .widget .w-row-item + .w-row-item {
    border-block-start: 1px solid var(--line-subtle);
  }
  .widget .w-row-content {
    display: flex;
    align-items: center;
    gap: calc(var(--unit) * 3);
    padding: 12px var(--inset);
    min-block-size: 44px;
  }
  .widget .w-row-press {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    padding: 0;
    border: 0;
    background: none;
    cursor: pointer;
  }
  .widget .w-row-press:hover {
    background: var(--surface-secondary);
  }
  .widget .w-row-press .w-spinner {
    position: absolute;
    inset-block: 0;
    inset-inline-end: 12px;
    margin-block: auto;
  }
  .widget .w-pressable .w-row-content {
    position: relative;
    pointer-events: none;
  }
  .widget .w-pressable .w-row-content :is(button, input, textarea, a, label) {
    pointer-events: auto;
  }
`;

const texts = css`
  .widget :is(.w-text, .w-title, .w-caption, .w-label) {
    overflow-wrap: anywhere;
    white-space: pre-line;
  }
  .widget :is(.w-text, .w-caption) {
    display: block;
  }
  .widget .w-title {
    font-weight: 600;
    line-height: 1.3;
    letter-spacing: -0.01em;
  }
  .widget .w-caption {
    color: var(--text-secondary);
  }
  .widget .w-label {
    display: block;
    font-weight: 500;
  }
  .widget .w-truncated {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    min-width: 0;
  }
  .widget .w-clamped {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    overflow: hidden;
  }
  .widget :is(.w-text-xs, .w-label-xs) {
    font-size: calc(var(--size) * 0.75);
  }
  .widget :is(.w-text-sm, .w-label-sm) {
    font-size: calc(var(--size) * 0.875);
  }
  .widget :is(.w-text-md, .w-label-md) {
    font-size: var(--size);
  }
  .widget :is(.w-text-lg, .w-label-lg) {
    font-size: calc(var(--size) * 1.125);
  }
  .widget :is(.w-text-xl, .w-label-xl) {
    font-size: calc(var(--size) * 1.25);
  }
  .widget .w-caption-sm {
    font-size: calc(var(--size) * 0.75);
  }
  .widget .w-caption-md {
    font-size: calc(var(--size) * 0.8125);
  }
  .widget .w-caption-lg {
    font-size: calc(var(--size) * 0.875);
  }
  .widget .w-title-sm {
    font-size: var(--size);
  }
  .widget .w-title-md {
    font-size: calc(var(--size) * 1.125);
  }
  .widget .w-title-lg {
    font-size: calc(var(--size) * 1.25);
  }
  .widget .w-title-xl {
    font-size: calc(var(--size) * 1.5);
  }
  .widget .w-title-2xl {
    font-size: calc(var(--size) * 1.75);
  }
  .widget .w-title-3xl {
    font-size: calc(var(--size) * 2);
  }
  .widget .w-title-4xl {
    font-size: calc(var(--size) * 2.5);
  }
  .widget .w-title-5xl {
    font-size: calc(var(--size) * 3);
  }
  .widget .w-streaming::after {
    content: '';
    display: inline-block;
    inline-size: 0.5em;
    block-size: 0.5em;
    margin-inline-start: 0.3em;
    border-radius: 50%;
    background: currentColor;
    animation: breathe 1.2s ease-in-out infinite;
  }
  @keyframes breathe {
    50% {
      opacity: 0.25;
    }
  }
  .widget .w-icon-box {
    display: inline-flex;
    flex: none;
    vertical-align: middle;
  }
  .widget .w-picture-box {
    max-width: 100%;
    flex: none;
    overflow: clip;
    border-radius: var(--round-small);
  }
  .widget .w-picture-box:has(.md-image-chip) {
    flex: 0 1 auto;
    min-inline-size: 0;
  }
  .widget .w-picture-box.w-flush {
    border-radius: 0;
    inline-size: calc(100% + 2 * var(--inset, 0px));
    max-width: none;
  }
  .widget .w-card-body > .w-picture-box.w-flush:first-child {
    margin-block-start: calc(var(--inset) * -1);
  }
  .widget .w-picture-box.w-frame {
    box-shadow: inset 0 0 0 1px var(--line);
  }
  .widget .w-picture-box img {
    display: block;
    inline-size: 100%;
    block-size: 100%;
    object-fit: cover;
  }
`;

const tones = css`
  .widget :is(.w-badge, .w-button) {
    --tone: light-dark(#4c5362, #b6bcc9);
    --on-tone: light-dark(#ffffff, #17191e);
    --tone-text: light-dark(#3d4350, #d3d7e0);
  }
  .widget .w-tone-primary {
    --tone: var(--accent);
    --on-tone: var(--on-accent);
    --tone-text: var(--link);
  }
  .widget .w-tone-info {
    --tone: light-dark(#2562c9, #7fb0ff);
    --on-tone: light-dark(#ffffff, #0b1a33);
    --tone-text: light-dark(#1d53b3, #9ac1ff);
  }
  .widget .w-tone-discovery {
    --tone: light-dark(#7a3fd0, #bd9bff);
    --on-tone: light-dark(#ffffff, #1f0f3d);
    --tone-text: light-dark(#6a33bd, #cdb3ff);
  }
  .widget .w-tone-success {
    --tone: light-dark(#1b7a45, #6fd39b);
    --on-tone: light-dark(#ffffff, #06230f);
    --tone-text: light-dark(#146437, #8fe0b1);
  }
  .widget .w-tone-caution {
    --tone: light-dark(#8a6a00, #ecc94b);
    --on-tone: light-dark(#ffffff, #2a2000);
    --tone-text: light-dark(#6f5500, #f0d470);
  }
  .widget .w-tone-warning {
    --tone: light-dark(#b04e0f, #f5a366);
    --on-tone: light-dark(#ffffff, #331503);
    --tone-text: light-dark(#944009, #f9b98a);
  }
  .widget .w-tone-danger {
    --tone: light-dark(#c4313a, #ff8d8a);
    --on-tone: light-dark(#ffffff, #3a0608);
    --tone-text: light-dark(#a9242d, #ffaaa6);
  }
  .widget .w-badge {
    display: inline-flex;
    align-items: center;
    flex: none;
    inline-size: fit-content;
    max-inline-size: 100%;
    border-radius: 6px;
    padding: 1px 7px;
    font-size: calc(var(--size) * 0.75);
    font-weight: 550;
    line-height: 1.5;
    white-space: nowrap;
    border: 1px solid transparent;
  }
  .widget .w-badge-md {
    padding: 2px 9px;
    font-size: calc(var(--size) * 0.8125);
  }
  .widget .w-badge-lg {
    padding: 3px 11px;
    font-size: calc(var(--size) * 0.875);
    border-radius: 8px;
  }
  .widget .w-badge.w-pill {
    border-radius: 99px;
  }
  .widget .w-badge-soft {
    background: color-mix(in srgb, var(--tone) 13%, var(--surface));
    color: var(--tone-text);
  }
  .widget .w-badge-solid {
    background: var(--tone);
    color: var(--on-tone);
  }
  .widget .w-badge-outline {
    border-color: color-mix(in srgb, var(--tone) 45%, transparent);
    color: var(--tone-text);
  }
`;

const hidden = css`
  .widget .w-sr {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    .widget *,
    .widget ::before,
    .widget ::after {
      animation-duration: 0.01ms !important;
      animation-iteration-count: 1 !important;
      transition: none !important;
    }
  }
  @media (forced-colors: active) {
    .widget :is(.w-badge, .w-button) {
      border: 1px solid currentColor;
    }
    .widget .w-row-press:hover {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`;

export const widgetStyles = css`
  ${iconStyles}
  ${palette}
  ${layout}
  ${roots}
  ${texts}
  ${tones}
  ${controlStyles}
  ${popupStyles}
  ${chartStyles}
  ${hidden}
`;
