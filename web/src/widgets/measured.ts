import { noChange, nothing } from 'lit';
import { AsyncDirective } from 'lit/async-directive.js';
import { directive } from 'lit/directive.js';
import type { ChildPart } from 'lit/directive.js';

type View = (width: number, height: number) => unknown;

/** Draws the content of an element for the size it has, again when that changes. */
class Measured extends AsyncDirective {
  #view: View = () => nothing;
  #size: readonly [number, number] | undefined;
  #parent: Element | undefined;
  #observer = new ResizeObserver(([entry]) => {
    const { width, height } = entry!.contentRect;
    if (this.#size?.[0] === width && this.#size[1] === height) return;
    this.#size = [width, height];
    if (this.isConnected) this.setValue(this.#view(width, height));
  });

  render(_view: View): unknown {
    return nothing;
  }

  override update(part: ChildPart, [view]: [View]): unknown {
    this.#view = view;
    if (!this.#parent) {
      this.#parent = part.parentNode as Element;
      this.#observer.observe(this.#parent);
    }
    return this.#size ? view(...this.#size) : noChange;
  }

  protected override disconnected(): void {
    this.#observer.disconnect();
  }

  protected override reconnected(): void {
    this.#observer.observe(this.#parent!);
  }
}
export const measured = directive(Measured);
