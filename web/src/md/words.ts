/** What the renderers of text and widgets say themselves, in English. */
export const english = {
  code: 'Code',
  copy: 'Copy',
  copied: 'Copied',
  wrapLines: 'Wrap lines',
  table: 'Table',
  formula: 'Formula',
  image: 'Image',
  openImage: 'Open image',
  loadImage: 'Load image',
  blockedImage: 'Image not shown',
  source: 'Source {number}',
  taskDone: 'Done',
  taskOpen: 'Not done',
  close: 'Close',
  showMore: 'Show {count} more',
  select: 'Select…',
  search: 'Search',
  noMatches: 'No matches',
  clear: 'Clear',
  chooseDate: 'Choose a date',
  calendar: 'Calendar',
  previousMonth: 'Previous month',
  nextMonth: 'Next month',
  required: 'Please fill in this field.',
  invalid: 'Please check this value.',
  nameCollision: 'The form field “{name}” has the name of a value the action already carries.',
  chart: 'Chart',
  chartData: 'Chart data',
  chartHint: 'Use the arrow keys to read the values.',
  working: 'Working',
};
export type Words = Readonly<typeof english>;

const catalogs = new Map<string, Words>([['en', english]]);

/** Adds a language; what a catalogue lacks is said in English. */
export function addWords(locale: string, words: Partial<Words>): void {
  catalogs.set(locale.toLowerCase(), { ...english, ...words });
}

/** The words of a locale, of its language, or the English ones. */
export function wordsFor(locale: string): Words {
  const wanted = locale.toLowerCase();
  return catalogs.get(wanted) ?? catalogs.get(wanted.split('-')[0]!) ?? english;
}

export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
