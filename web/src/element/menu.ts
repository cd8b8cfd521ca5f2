/** Movement in a list of choices, the same for every menu. */

/** The next place for a key, round and round; null for keys that do not move. */
export function moved(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  if (key === 'ArrowDown') return (at + 1) % count;
  if (key === 'ArrowUp') return (at - 1 + count) % count;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return null;
}

/** Arrow keys walk through the buttons of an open menu, Escape closes it. */
export function walkMenu(event: KeyboardEvent, close: () => void): void {
  const menu = event.currentTarget as HTMLElement;
  if (event.key === 'Escape' || event.key === 'Tab') {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
    }
    close();
    return;
  }
  const items = [...menu.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)')];
  const active = (menu.getRootNode() as ShadowRoot).activeElement;
  const next = moved(event.key, items.indexOf(active as HTMLElement), items.length);
  if (next === null) return;
  event.preventDefault();
  items[next]?.focus();
}
