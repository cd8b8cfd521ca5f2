/** Days as `YYYY-MM-DD`, free of clocks and time zones. */
export type Day = string;

const DAY = 86_400_000;

function time(day: Day): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8, 10)));
}

function dayAt(milliseconds: number): Day {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** The day that an ISO date or date and time names. */
export function dayOf(value: unknown): Day | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(value)) return undefined;
  const day = value.slice(0, 10);
  const milliseconds = time(day);
  return Number.isNaN(milliseconds) || dayAt(milliseconds) !== day ? undefined : day;
}

/** Today, where the user is. */
export function today(now = new Date()): Day {
  return dayAt(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()));
}

export function addDays(day: Day, count: number): Day {
  return dayAt(time(day) + count * DAY);
}

/** The same day in another month, or that month's last. */
export function addMonths(day: Day, count: number): Day {
  const date = new Date(time(day));
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count + 1, 0)).getUTCDate();
  return dayAt(first + (Math.min(date.getUTCDate(), last) - 1) * DAY);
}

/** The first day of the week, 1 for Monday to 7 for Sunday. */
export function firstWeekday(locale: string): number {
  try {
    const known = new Intl.Locale(locale) as Intl.Locale & { getWeekInfo?(): { firstDay: number }; weekInfo?: { firstDay: number } };
    return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1;
  } catch {
    return 1;
  }
}

/** The weeks that show a day's month, with the days of its neighbours that fill them up. */
export function weeksOf(day: Day, firstDay: number): Day[][] {
  const first = `${day.slice(0, 8)}01`;
  const weekday = new Date(time(first)).getUTCDay() || 7;
  const start = addDays(first, -((weekday - firstDay + 7) % 7));
  const weeks: Day[][] = [];
  for (let week = start; week.slice(0, 7) <= day.slice(0, 7); week = addDays(week, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, index) => addDays(week, index)));
  }
  return weeks;
}

export function formatDay(day: Day, locale: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }).format(time(day));
}

export function within(day: Day, earliest: Day | undefined, latest: Day | undefined): boolean {
  return (earliest === undefined || day >= earliest) && (latest === undefined || day <= latest);
}
