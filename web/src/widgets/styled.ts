import { noChange } from 'lit';
import { Directive, directive } from 'lit/directive.js';
import type { ElementPart } from 'lit/directive.js';

export type Styles = Readonly<Record<string, string | undefined>>;

/** Styles set one by one on the element: a style attribute is refused under a strict Content-Security-Policy. */
class Styled extends Directive {
  #before: Styles = {};

  render(_styles: Styles): unknown {
    return noChange;
  }

  override update(part: ElementPart, [styles]: [Styles]): unknown {
    const { style } = part.element as HTMLElement;
    for (const name in this.#before) if (styles[name] === undefined) style.removeProperty(name);
    for (const name in styles) {
      const value = styles[name];
      if (value !== undefined && value !== this.#before[name]) {
        style.removeProperty(name);
        style.setProperty(name, value);
      }
    }
    this.#before = styles;
    return noChange;
  }
}
export const styled = directive(Styled);
