export interface Placement {
  side?: 'top' | 'bottom' | 'left' | 'right';
  align?: 'start' | 'center' | 'end';
  /** As wide as its anchor at least. */
  stretch?: boolean;
}

const GAP = 6;
const MARGIN = 8;

/** Puts an open popover beside its anchor and inside the window; the other side is taken where there is more room. */
export function place(popover: HTMLElement, anchor: Element, { side = 'bottom', align = 'start', stretch = false }: Placement = {}): void {
  const target = anchor.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const height = window.visualViewport?.height ?? window.innerHeight;
  if (stretch) popover.style.setProperty('min-width', `${target.width}px`);
  const above = target.top - GAP - MARGIN;
  const below = height - target.bottom - GAP - MARGIN;
  popover.style.setProperty('max-height', `${Math.max(above, below, 120)}px`);
  popover.style.setProperty('max-width', `${width - 2 * MARGIN}px`);
  const box = popover.getBoundingClientRect();
  const across = side === 'left' || side === 'right';
  const rtl = getComputedStyle(anchor).direction === 'rtl';
  let left: number;
  let top: number;
  if (across) {
    const leftward = side === 'left' ? target.left - GAP - box.width >= MARGIN : target.right + GAP + box.width > width - MARGIN;
    left = leftward ? target.left - GAP - box.width : target.right + GAP;
    top = along(target.top, target.bottom, box.height, align);
  } else {
    const upward = side === 'top' ? above >= box.height || above > below : below < box.height && above > below;
    top = upward ? target.top - GAP - box.height : target.bottom + GAP;
    left = along(target.left, target.right, box.width, rtl ? mirrored[align] : align);
  }
  popover.style.setProperty('left', `${clamp(left, MARGIN, width - MARGIN - box.width)}px`);
  popover.style.setProperty('top', `${clamp(top, MARGIN, height - MARGIN - box.height)}px`);
}

const mirrored = { start: 'end', center: 'center', end: 'start' } as const;

function along(start: number, end: number, size: number, align: 'start' | 'center' | 'end'): number {
  return align === 'start' ? start : align === 'end' ? end - size : (start + end - size) / 2;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

/** Shows a popover beside its anchor and keeps it there while the page scrolls or changes its size, until it closes. */
export function showBeside(popover: HTMLElement, anchor: Element, placement: Placement = {}): void {
  if (popover.matches(':popover-open')) return;
  popover.showPopover();
  const follow = () => place(popover, anchor, placement);
  follow();
  const closed = new AbortController();
  addEventListener('scroll', follow, { capture: true, passive: true, signal: closed.signal });
  addEventListener('resize', follow, { signal: closed.signal });
  popover.addEventListener(
    'toggle',
    (event) => {
      if ((event as ToggleEvent).newState === 'closed') closed.abort();
    },
    { signal: closed.signal },
  );
}
