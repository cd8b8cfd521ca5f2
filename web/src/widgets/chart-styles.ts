import { css } from 'lit';

export const chartStyles = css`
  .widget .w-chart {
    display: flex;
    flex-direction: column;
    gap: 10px;
    position: relative;
    inline-size: 100%;
    min-inline-size: 0;
    margin: 0;
  }
  .widget .w-plot {
    flex: 1 1 180px;
    min-block-size: 0;
    display: flex;
    border-radius: 8px;
  }
  .widget .w-plot:focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .widget .w-plot-area {
    position: relative;
    flex: 1;
    min-inline-size: 0;
    min-block-size: 0;
    direction: ltr;
  }
  .widget .w-drawing {
    position: absolute;
    inset: 0;
    display: block;
    touch-action: pan-y;
  }
  .widget .w-rule {
    stroke: var(--line-subtle);
    shape-rendering: crispEdges;
  }
  .widget .w-rule.w-zero {
    stroke: var(--line);
  }
  .widget .w-tick {
    fill: var(--text-secondary);
    font-size: 11.5px;
    font-variant-numeric: tabular-nums;
  }
  .widget .w-band {
    fill: var(--text);
    opacity: 0.05;
  }
  .widget .w-cross {
    stroke: var(--line-strong);
    stroke-dasharray: 3 3;
  }
  .widget .w-bar {
    transition: opacity 0.12s;
  }
  .widget .w-bar.w-faded {
    opacity: 0.55;
  }
  .widget .w-area {
    opacity: 0.18;
  }
  .widget .w-line {
    fill: none;
    stroke-width: 2;
    stroke-linejoin: round;
    stroke-linecap: round;
  }
  .widget .w-dot {
    stroke: var(--surface);
    stroke-width: 2;
  }
  .widget .w-legend {
    flex: none;
    display: flex;
    flex-wrap: wrap;
    gap: 4px 16px;
    color: var(--text-secondary);
    font-size: calc(var(--size) * 0.8125);
  }
  .widget .w-legend-entry {
    display: inline-flex;
    align-items: center;
    gap: 7px;
  }
  .widget .w-swatch {
    inline-size: 10px;
    block-size: 10px;
    flex: none;
    border-radius: 3px;
    background: var(--series);
  }
  .widget .w-swatch-line {
    block-size: 3px;
    border-radius: 2px;
  }
  .widget .w-tooltip {
    position: absolute;
    inset-block-start: 8px;
    z-index: 1;
    min-inline-size: 110px;
    max-inline-size: 60%;
    padding: 8px 11px;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--raised);
    box-shadow: var(--shadow);
    font-size: calc(var(--size) * 0.8125);
    pointer-events: none;
  }
  .widget .w-tooltip-name {
    margin-block-end: 3px;
    font-weight: 600;
  }
  .widget .w-tooltip-row {
    display: flex;
    align-items: center;
    gap: 7px;
    color: var(--text-secondary);
  }
  .widget .w-tooltip-row b {
    margin-inline-start: auto;
    padding-inline-start: 14px;
    color: var(--text);
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  @media (forced-colors: active) {
    .widget .w-tooltip {
      border: 1px solid CanvasText;
    }
    .widget :is(.w-bar, .w-area, .w-line, .w-swatch) {
      forced-color-adjust: none;
    }
  }
`;
