import { AsyncDirective } from 'lit/async-directive.js';
import { directive } from 'lit/directive.js';
import { html, noChange } from 'lit';

/** Longest code that is coloured; more would hold up the page. */
const LONGEST_CODE = 60_000;

/** Shows plain text now and what a module that is loaded on demand makes of it as soon as it can. */
abstract class Lazy<Input extends unknown[]> extends AsyncDirective {
  #input: readonly unknown[] = [];
  #made: unknown;

  protected abstract plain(...input: Input): unknown;
  protected abstract make(...input: Input): Promise<Node | undefined>;

  render(...input: Input): unknown {
    if (input.every((value, index) => value === this.#input[index])) return noChange;
    this.#input = input;
    this.#made = undefined;
    void this.make(...input)
      .catch(() => undefined)
      .then((made) => {
        if (made === undefined || this.#input !== input) return;
        this.#made = made;
        if (this.isConnected) this.setValue(made);
      });
    return this.plain(...input);
  }

  protected override reconnected(): void {
    if (this.#made !== undefined) this.setValue(this.#made);
  }
}

class HighlightedCode extends Lazy<[code: string, language: string]> {
  protected plain(code: string): unknown {
    return code;
  }

  protected async make(code: string, language: string): Promise<Node | undefined> {
    if (language === '' || code.length > LONGEST_CODE) return undefined;
    return (await import('./highlight.ts')).highlighted(code, language);
  }
}
export const highlightedCode = directive(HighlightedCode);

class Formula extends Lazy<[source: string, display: boolean]> {
  protected plain(source: string): unknown {
    return html`<code>${source}</code>`;
  }

  protected async make(source: string, display: boolean): Promise<Node | undefined> {
    return (await import('./math.ts')).formula(source, display);
  }
}
export const formula = directive(Formula);
