import { html, nothing, svg } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { chartData } from './chart-data.ts';
import type { ChartData, Series } from './chart-data.ts';
import { curve } from './curves.ts';
import type { Point } from './curves.ts';
import { local } from './local.ts';
import { measured } from './measured.ts';
import { blockStyles } from './measures.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';

export function chart(node: WidgetNode, scope: Scope): TemplateResult {
  const data = chartData(node);
  const name = data.series.map(({ label }) => label).join(', ');
  const numbers = new Intl.NumberFormat(scope.context.locale, { maximumFractionDigits: 2 });
  return html`<figure class="w-chart" ${styled(blockStyles(node))}>
    ${local<number | undefined>(undefined, (active, set) => {
      const last = data.categories.length - 1;
      const move = (event: KeyboardEvent) => {
        const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last };
        const step = steps[event.key];
        if (event.key === 'Escape' && active !== undefined) event.stopPropagation();
        else if (step === undefined || last < 0) return;
        event.preventDefault();
        set(step === undefined ? undefined : Math.max(0, Math.min(last, active === undefined ? (step < 0 ? last : 0) : active + step)));
      };
      return html`<div
        class="w-plot"
        role="group"
        tabindex="0"
        aria-label=${`${scope.words.chart}: ${name}. ${scope.words.chartHint}`}
        @keydown=${move}
        @focusout=${() => set(undefined)}
        @pointerleave=${() => set(undefined)}
      >
        <div class="w-plot-area">${measured((width, height) => new Plot(node, data, numbers, width, height).draw(active, set))}</div>
        <div class="w-sr" aria-live="polite">${active === undefined ? nothing : spoken(data, active, numbers)}</div>
      </div>`;
    })}
    ${node.showLegend === true ? legend(data) : nothing}
    <table class="w-sr">
      <caption>${scope.words.chartData}</caption>
      <thead><tr><td></td>${data.series.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead>
      <tbody>${data.categories.map(
        (category, index) => html`<tr><th scope="row">${category}</th>${data.series.map(({ values }) => html`<td>${values[index] === undefined ? '' : numbers.format(values[index])}</td>`)}</tr>`,
      )}</tbody>
    </table>
  </figure>`;
}

function spoken({ categories, series }: ChartData, index: number, numbers: Intl.NumberFormat): string {
  const values = series.filter(({ values }) => values[index] !== undefined).map(({ label, values }) => `${label} ${numbers.format(values[index]!)}`);
  return `${categories[index]}: ${values.join(', ')}`;
}

function legend({ series }: ChartData): TemplateResult {
  return html`<figcaption class="w-legend">${series.map(
    ({ label, color, kind }) => html`<span class="w-legend-entry"><span class="w-swatch w-swatch-${kind}" ${styled({ '--series': color })}></span>${label}</span>`,
  )}</figcaption>`;
}

const TOP = 8;
const LETTER = 6.6;
const LINE = 15;

/** The drawing for one size of the plot. */
class Plot {
  readonly #left: number;
  readonly #right: number;
  readonly #bottom: number;
  readonly #axisShown: boolean;
  readonly #compact: Intl.NumberFormat;

  constructor(
    private readonly node: WidgetNode,
    private readonly data: ChartData,
    private readonly numbers: Intl.NumberFormat,
    private readonly width: number,
    private readonly height: number,
  ) {
    const axis = node.xAxis as { hide?: unknown } | string | undefined;
    this.#axisShown = !(typeof axis === 'object' && axis?.hide === true);
    this.#compact = new Intl.NumberFormat(numbers.resolvedOptions().locale, { notation: 'compact', maximumFractionDigits: 2 });
    const widest = Math.max(...data.ticks.map((tick) => this.#compact.format(tick).length));
    this.#left = node.showYAxis === true ? widest * LETTER + 12 : 2;
    this.#right = width - 6;
    this.#bottom = height - (this.#axisShown ? 24 : 4);
  }

  draw(active: number | undefined, set: (active: number | undefined) => void): unknown {
    const { width, height, data } = this;
    if (width <= 0 || height <= 0 || data.categories.length === 0) return nothing;
    const follow = (event: PointerEvent) => {
      const box = (event.currentTarget as Element).getBoundingClientRect();
      const index = Math.floor((event.clientX - box.left - this.#left) / this.#band());
      const within = Math.max(0, Math.min(data.categories.length - 1, index));
      if (within !== active) set(within);
    };
    return html`<svg class="w-drawing" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true" @pointermove=${follow} @pointerdown=${follow}
      >${this.#grid()}${active === undefined ? nothing : this.#highlight(active)}${this.#areas()}${this.#bars(active)}${this.#lines(active)}${this.#axisShown ? this.#categories() : nothing}</svg
    >${active !== undefined && this.node.showTooltip !== false ? this.#tooltip(active) : nothing}`;
  }

  #band(): number {
    return (this.#right - this.#left) / this.data.categories.length;
  }

  #x(index: number): number {
    return this.#left + this.#band() * (index + 0.5);
  }

  #y(value: number): number {
    const low = this.data.ticks[0]!;
    const high = this.data.ticks.at(-1)!;
    return this.#bottom - ((value - low) / (high - low)) * (this.#bottom - TOP);
  }

  /** As many numbers as fit above each other; the lowest is always there. */
  #grid(): unknown {
    const { ticks } = this.data;
    const step = (this.#bottom - TOP) / Math.max(1, ticks.length - 1);
    const every = Math.max(1, Math.ceil(LINE / Math.max(1, step)));
    return ticks.map((tick, index) => {
      if (index % every !== 0) return nothing;
      const y = Math.round(this.#y(tick)) + 0.5;
      return svg`<line class=${tick === 0 ? 'w-rule w-zero' : 'w-rule'} x1=${this.#left} x2=${this.#right} y1=${y} y2=${y}></line>${
        this.node.showYAxis === true ? svg`<text class="w-tick" x=${this.#left - 8} y=${y} text-anchor="end" dominant-baseline="central">${this.#compact.format(tick)}</text>` : nothing
      }`;
    });
  }

  /** As many names as fit beside each other. */
  #categories(): unknown {
    const { categories } = this.data;
    const widest = Math.max(...categories.map((name) => name.length)) * LETTER + 14;
    const every = Math.max(1, Math.ceil(Math.min(widest, 120) / this.#band()));
    const room = Math.floor((this.#band() * every) / LETTER);
    return categories.map((name, index) =>
      index % every === 0
        ? svg`<text class="w-tick" x=${this.#x(index)} y=${this.height - 5} text-anchor="middle">${name.length > room ? `${name.slice(0, Math.max(1, room - 1))}…` : name}</text>`
        : nothing,
    );
  }

  #highlight(active: number): unknown {
    const bars = this.data.series.some(({ kind }) => kind === 'bar');
    return bars
      ? svg`<rect class="w-band" x=${this.#x(active) - this.#band() / 2} y=${TOP} width=${this.#band()} height=${this.#bottom - TOP} rx="4"></rect>`
      : svg`<line class="w-cross" x1=${this.#x(active)} x2=${this.#x(active)} y1=${TOP} y2=${this.#bottom}></line>`;
  }

  #bars(active: number | undefined): unknown {
    const bars = this.data.series.filter(({ kind }) => kind === 'bar');
    const slots = [...new Set(bars.map(({ stack }, index) => stack ?? `alone ${index}`))];
    const gap = number(this.node.barGap, 2);
    const apart = number(this.node.barCategoryGap, Math.max(4, this.#band() * 0.28));
    const width = Math.max(1, Math.min(56, (this.#band() - apart - gap * (slots.length - 1)) / slots.length));
    const group = width * slots.length + gap * (slots.length - 1);
    return bars.map((series, index) => {
      const slot = slots.indexOf(series.stack ?? `alone ${index}`);
      return series.spans.map((span, category) => {
        if (!span) return nothing;
        const x = this.#x(category) - group / 2 + slot * (width + gap);
        const faded = active !== undefined && active !== category;
        return svg`<path class=${faded ? 'w-bar w-faded' : 'w-bar'} d=${this.#bar(x, width, span, series)} ${styled({ fill: series.color })}></path>`;
      });
    });
  }

  /** A bar with its far end rounded, unless another one stands on it. */
  #bar(x: number, width: number, { from, to }: { from: number; to: number }, { stack }: Series): string {
    const [start, end] = [this.#y(from), this.#y(to)];
    const up = end < start;
    const r = stack === undefined || this.#isTop(stack, to) ? Math.min(4, width / 2, Math.abs(start - end)) : 0;
    const turn = up ? r : -r;
    const sweep = up ? 1 : 0;
    return `M${x} ${start}V${end + turn}a${r} ${r} 0 0 ${sweep} ${r} ${-turn}h${width - 2 * r}a${r} ${r} 0 0 ${sweep} ${r} ${turn}V${start}z`;
  }

  #isTop(stack: string, end: number): boolean {
    const ends = this.data.series.filter((series) => series.kind === 'bar' && series.stack === stack).flatMap(({ spans }) => spans.map((span) => span?.from));
    return !ends.includes(end);
  }

  #areas(): unknown {
    return this.data.series
      .filter(({ kind }) => kind === 'area')
      .map((series) =>
        this.#runs(series).map((run) => {
          const top = run.map(({ index, to }) => ({ x: this.#x(index), y: this.#y(to) }));
          const base = run.map(({ index, from }) => ({ x: this.#x(index), y: this.#y(from) })).reverse();
          return svg`<path class="w-area" d=${`${curve(top, series.curve)}${curve(base, mirrored(series.curve), 'L')}z`} ${styled({ fill: series.color })}></path>`;
        }),
      );
  }

  #lines(active: number | undefined): unknown {
    return this.data.series
      .filter(({ kind }) => kind !== 'bar')
      .map((series) => {
        const points: Point[][] = this.#runs(series).map((run) => run.map(({ index, to }) => ({ x: this.#x(index), y: this.#y(to) })));
        const end = active === undefined ? undefined : series.spans[active];
        return svg`${points.map((run) =>
          run.length > 1
            ? svg`<path class="w-line" d=${curve(run, series.curve)} ${styled({ stroke: series.color })}></path>`
            : svg`<circle class="w-dot" cx=${run[0]!.x} cy=${run[0]!.y} r="3" ${styled({ fill: series.color })}></circle>`,
        )}${end ? svg`<circle class="w-dot" cx=${this.#x(active!)} cy=${this.#y(end.to)} r="4.5" ${styled({ fill: series.color })}></circle>` : nothing}`;
      });
  }

  /** The stretches of a series without a missing value. */
  #runs({ spans }: Series): { index: number; from: number; to: number }[][] {
    const runs: { index: number; from: number; to: number }[][] = [];
    spans.forEach((span, index) => {
      if (!span) return;
      if (index === 0 || !spans[index - 1]) runs.push([]);
      runs.at(-1)!.push({ index, ...span });
    });
    return runs;
  }

  #tooltip(active: number): TemplateResult {
    const after = this.#x(active) < this.width / 2;
    const offset = `${Math.round(after ? this.#x(active) + this.#band() / 2 + 4 : this.width - this.#x(active) + this.#band() / 2 + 4)}px`;
    return html`<div class="w-tooltip" aria-hidden="true" ${styled(after ? { left: offset } : { right: offset })}>
      <div class="w-tooltip-name">${this.data.categories[active]}</div>
      ${this.data.series.map(({ label, color, kind, values }) =>
        values[active] === undefined
          ? nothing
          : html`<div class="w-tooltip-row"><span class="w-swatch w-swatch-${kind}" ${styled({ '--series': color })}></span><span>${label}</span><b>${this.numbers.format(values[active])}</b></div>`,
      )}
    </div>`;
  }
}

/** The way back along a curve: a step that came late comes early. */
function mirrored(type: unknown): unknown {
  return type === 'stepBefore' ? 'stepAfter' : type === 'stepAfter' ? 'stepBefore' : type;
}

function number(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}
