import { showBeside } from '../md/floating.ts';
import type { Placement } from '../md/floating.ts';

/** Whether the popup of a control was open when the press that is now a click began: it has closed itself since. */
const wasOpen = new WeakMap<Element, boolean>();

export function popupOf(trigger: Element): HTMLElement {
  return trigger.closest('.w-picker')!.querySelector<HTMLElement>('[popover]')!;
}

export function rememberOpen(event: Event): void {
  const trigger = event.currentTarget as HTMLElement;
  wasOpen.set(trigger, popupOf(trigger).matches(':popover-open'));
}

/** A press on the control: it opens its popup, which `draw` fills, or leaves closed what the press has just closed. */
export function togglePopup(trigger: HTMLElement, placement: Placement, draw: () => void): void {
  const popup = popupOf(trigger);
  const open = popup.matches(':popover-open');
  const closing = wasOpen.get(trigger) === true;
  wasOpen.delete(trigger);
  if (open) popup.hidePopover();
  if (open || closing) return;
  draw();
  showBeside(popup, trigger, placement);
}

/** Escape closes the popup and nothing else. */
export function escapePopup(event: KeyboardEvent): void {
  if (event.key !== 'Escape') return;
  event.preventDefault();
  event.stopPropagation();
  closePopup(event.currentTarget as HTMLElement);
}

/** Closes the popup that holds an element and gives the focus back to its control. */
export function closePopup(within: Element): void {
  const picker = within.closest('.w-picker')!;
  const popup = picker.querySelector<HTMLElement>('[popover]')!;
  if (popup.matches(':popover-open')) popup.hidePopover();
  picker.querySelector<HTMLElement>('.w-picker-button')!.focus();
}
