import { css, html, noChange, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { AsyncDirective } from 'lit/async-directive.js';
import { directive } from 'lit/directive.js';
import { drawings } from './drawings.ts';

/** Drawings that point along the text and are mirrored where the text runs from right to left. */
const directional =
  /^(chevron-(left|right)|double-chevron|back-|sidebar-|collapse-(left|right)|open-(left|right)|arrow-(left|right)|external-link|undo|sign-|menu-inverted|corner-)/;

/**
 * An icon of ChatKit's names, of our own controls, or `lucide:*`; decorative: name the control, not the icon.
 * An unknown name keeps its place and shows nothing.
 */
export function icon(name: string, size = 20): TemplateResult {
  const [family, rest] = name.includes(':') ? name.split(':', 2) : ['', name];
  const known = family === '' && Object.hasOwn(drawings, name) ? drawings[name] : undefined;
  const lazy = known === undefined && (family === '' || family === 'lucide') ? rest : undefined;
  const [stroked, filled] = known === undefined ? [] : known.split('|');
  const mirrored = directional.test(rest ?? '') ? 'icon mirrored' : 'icon';
  return html`<svg class=${mirrored} width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true" focusable="false"
    fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"
    ><path d=${lazy ? lucide(lazy) : stroked || nothing}></path>${filled ? html`<svg stroke="none"><path fill="currentColor" d=${filled}></path></svg>` : nothing}</svg>`;
}

export const iconStyles = css`
  .icon {
    flex: none;
    display: block;
  }
  .icon.mirrored:dir(rtl) {
    transform: scaleX(-1);
  }
`;

type Part = Readonly<Record<string, string>>;
/** The whole Lucide set in parts by the first letter of the name. */
const parts: [last: string, load: () => Promise<{ drawings: Part }>][] = [
  ['b', () => import('./lucide-1.ts')],
  ['d', () => import('./lucide-2.ts')],
  ['l', () => import('./lucide-3.ts')],
  ['r', () => import('./lucide-4.ts')],
  ['z', () => import('./lucide-5.ts')],
];

async function lucideDrawing(name: string): Promise<string | undefined> {
  const part = parts.find(([last]) => name[0]! <= last);
  const loaded = part && (await part[1]());
  return loaded && Object.hasOwn(loaded.drawings, name) ? loaded.drawings[name] : undefined;
}

class LucideDrawing extends AsyncDirective {
  #name = '';

  render(name: string): unknown {
    if (name === this.#name) return noChange;
    this.#name = name;
    void lucideDrawing(name)
      .catch(() => undefined)
      .then((drawn) => {
        if (this.isConnected && name === this.#name) this.setValue(drawn?.split('|')[0] ?? nothing);
      });
    return nothing;
  }
}
const lucide = directive(LucideDrawing);
