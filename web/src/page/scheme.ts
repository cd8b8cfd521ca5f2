/** Light, dark, or as the system says: remembered, and known before the first paint. */
export type Choice = 'light' | 'dark' | 'system';

const KEY = 'chatkit-host.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

export function chosenScheme(): Choice {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(KEY);
  } catch {
    // Not allowed here: as the system says.
  }
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function chooseScheme(choice: Choice): void {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // The choice lives as long as the page.
  }
}

export function schemeFor(choice: Choice): 'light' | 'dark' {
  if (choice !== 'system') return choice;
  return dark.matches ? 'dark' : 'light';
}

export function paintScheme(choice: Choice): void {
  document.documentElement.dataset.scheme = schemeFor(choice);
}

export function onSystemChange(listener: () => void): void {
  dark.addEventListener('change', listener);
}
