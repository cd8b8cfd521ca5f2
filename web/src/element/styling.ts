/** Inline styles that a strict content security policy allows: set as properties, never as an attribute. */
import { noChange } from 'lit';
import { Directive, type ElementPart, type PartInfo, PartType, directive } from 'lit/directive.js';

class Styling extends Directive {
  private before = new Set<string>();

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('styling() stands in a tag, not in an attribute');
  }

  render(_: Record<string, string | undefined>): unknown {
    return noChange;
  }

  override update({ element }: ElementPart, [styles]: [Record<string, string | undefined>]): unknown {
    const { style } = element as HTMLElement;
    for (const name of this.before) if (styles[name] === undefined) style.removeProperty(name);
    this.before = new Set();
    for (const [name, value] of Object.entries(styles)) {
      if (value === undefined) continue;
      style.setProperty(name, value);
      this.before.add(name);
    }
    return noChange;
  }
}

export const styling = directive(Styling);
