import { noChange } from 'lit';
import { AsyncDirective } from 'lit/async-directive.js';
import { directive } from 'lit/directive.js';
import type { ElementPart } from 'lit/directive.js';

const observer = new ResizeObserver((entries) => {
  for (const element of new Set(entries.map(({ target }) => (target.matches('[data-scrollable]') ? target : target.parentElement!)))) {
    const scrolls = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
    if (scrolls) element.setAttribute('tabindex', '0');
    else element.removeAttribute('tabindex');
  }
});

/** Makes a box reachable by the keyboard while its content is larger than itself. Its content is one element. */
class Scrollable extends AsyncDirective {
  #element: Element | undefined;

  render(): unknown {
    return noChange;
  }

  override update(part: ElementPart): unknown {
    if (!this.#element) {
      this.#element = part.element;
      this.#element.setAttribute('data-scrollable', '');
      this.#observe();
    }
    return noChange;
  }

  protected override disconnected(): void {
    observer.unobserve(this.#element!);
    if (this.#element!.firstElementChild) observer.unobserve(this.#element!.firstElementChild);
  }

  protected override reconnected(): void {
    this.#observe();
  }

  #observe(): void {
    observer.observe(this.#element!);
    if (this.#element!.firstElementChild) observer.observe(this.#element!.firstElementChild);
  }
}
export const scrollable = directive(Scrollable);
