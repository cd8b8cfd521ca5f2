/** The curves of lines and areas as SVG path data. */
export interface Point {
  x: number;
  y: number;
}

/** The path through points, left to right, starting with its first command `M` or, to continue a path, `L`. */
export function curve(points: readonly Point[], type: unknown, start: 'M' | 'L' = 'M'): string {
  const [first] = points;
  if (!first) return '';
  const head = `${start}${at(first)}`;
  switch (type) {
    case 'linear':
    case 'linearClosed':
      return head + points.slice(1).map((point) => `L${at(point)}`).join('');
    case 'step':
      return head + steps(points, 0.5);
    case 'stepBefore':
      return head + steps(points, 0);
    case 'stepAfter':
      return head + steps(points, 1);
    default:
      return head + monotone(points);
  }
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Each value holds for a share of the way to the next. */
function steps(points: readonly Point[], share: number): string {
  return points
    .slice(1)
    .map((point, index) => `H${round(points[index]!.x + (point.x - points[index]!.x) * share)}V${round(point.y)}H${round(point.x)}`)
    .join('');
}

/** Smooth without rising above a peak or falling below a trough: the curve never shows a value that is not there. */
function monotone(points: readonly Point[]): string {
  const slopes = points.slice(1).map((point, index) => (point.y - points[index]!.y) / (point.x - points[index]!.x || 1));
  const tangent = (index: number): number => {
    const before = slopes[index - 1];
    const after = slopes[index];
    if (before === undefined || after === undefined) return before ?? after ?? 0;
    if (before * after <= 0) return 0;
    const mean = (before + after) / 2;
    return Math.sign(mean) * Math.min(Math.abs(mean), 3 * Math.abs(before), 3 * Math.abs(after));
  };
  return points
    .slice(1)
    .map((end, index) => {
      const from = points[index]!;
      const third = (end.x - from.x) / 3;
      return `C${round(from.x + third)} ${round(from.y + third * tangent(index))} ${round(end.x - third)} ${round(end.y - third * tangent(index + 1))} ${at(end)}`;
    })
    .join('');
}
