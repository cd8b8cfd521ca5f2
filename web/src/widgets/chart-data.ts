import type { WidgetNode } from '../core/contracts.ts';
import { seriesColor, seriesColors } from './colors.ts';

/** One series with a span per category: from where its mark starts, above others of its stack, to where it ends. */
export interface Series {
  kind: 'bar' | 'line' | 'area';
  label: string;
  color: string;
  curve: unknown;
  stack: string | undefined;
  values: (number | undefined)[];
  spans: ({ from: number; to: number } | undefined)[];
}

export interface ChartData {
  categories: string[];
  series: Series[];
  ticks: number[];
}

export function chartData(node: WidgetNode): ChartData {
  const rows = list(node.data);
  const axis = typeof node.xAxis === 'string' ? { dataKey: node.xAxis } : object(node.xAxis);
  const labels = object(axis.labels);
  const categories = rows.map((row) => {
    const name = String(row[String(axis.dataKey)] ?? '');
    return typeof labels[name] === 'string' ? (labels[name] as string) : name;
  });
  const tops = new Map<string, number[]>();
  const series = list(node.series).map((given, index): Series => {
    const key = String(given.dataKey ?? '');
    const values = rows.map((row) => number(row[key]));
    const stack = typeof given.stack === 'string' && given.type !== 'line' ? given.stack : undefined;
    return {
      kind: given.type === 'line' || given.type === 'area' ? given.type : 'bar',
      label: typeof given.label === 'string' && given.label !== '' ? given.label : key,
      color: seriesColor(given.color) ?? seriesColors[index % seriesColors.length]!,
      curve: given.curveType,
      stack,
      values,
      spans: values.map((value, category) => {
        if (value === undefined) return undefined;
        if (stack === undefined) return { from: 0, to: value };
        // What is below zero stacks downwards, by itself.
        const pile = `${stack}${value < 0 ? '-' : '+'}`;
        const top = tops.get(pile) ?? tops.set(pile, []).get(pile)!;
        const from = top[category] ?? 0;
        top[category] = from + value;
        return { from, to: from + value };
      }),
    };
  });
  const ends = series.flatMap(({ spans }) => spans.flatMap((span) => (span ? [span.from, span.to] : [])));
  return { categories, series, ticks: ticks(Math.min(0, ...ends), Math.max(0, ...ends)) };
}

/** Round numbers that cover a range, three to seven of them. */
export function ticks(low: number, high: number): number[] {
  const range = high - low || 1;
  const rough = range / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.ceil((high || (low === 0 ? 1 : 0)) / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function number(value: unknown): number | undefined {
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}
