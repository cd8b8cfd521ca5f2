import { html } from 'lit';
import type { TemplateResult } from 'lit';
import { icon } from '../icons/icon.ts';
import { copyText } from './copy.ts';
import type { Environment } from './environment.ts';
import { highlightedCode } from './lazy.ts';
import { scrollable } from './scrollable.ts';

/**
 * A block of code: coloured once it is finished, scrolling inside itself, always left to right. `info` is what
 * its first line says about it, or nothing while that line is being written.
 */
export function codeBlock(code: string, info: string | undefined, finished: boolean, { words }: Environment): TemplateResult {
  const language = info?.trim().split(/[\s{,:]/, 1)[0] ?? '';
  const label = info === undefined ? '' : language || words.code;
  const copy = async (event: MouseEvent) => {
    const button = event.currentTarget as HTMLElement;
    if (!(await copyText(code, button))) return;
    button.classList.add('md-done');
    button.setAttribute('aria-label', words.copied);
    setTimeout(() => {
      button.classList.remove('md-done');
      button.setAttribute('aria-label', words.copy);
    }, 2000);
  };
  return html`<div class="md-code" dir="ltr">
    <div class="md-code-head">
      <span class="md-code-language">${label}</span>
      <button type="button" class="md-code-tool" aria-label=${words.wrapLines} aria-pressed="false" title=${words.wrapLines} @click=${toggleWrap}>${icon('wrap', 16)}</button>
      <button type="button" class="md-code-tool md-code-copy" aria-label=${words.copy} title=${words.copy} @click=${copy}>
        <span class="md-face">${icon('copy', 16)}</span><span class="md-face md-done">${icon('check', 16)}</span>
      </button>
    </div>
    <pre role="group" aria-label=${language ? `${words.code}: ${language}` : words.code} ${scrollable()}><code>${highlightedCode(code, finished ? language.toLowerCase() : '')}</code></pre>
  </div>`;
}

function toggleWrap(event: MouseEvent): void {
  const button = event.currentTarget as HTMLElement;
  const wrapped = button.closest('.md-code')!.classList.toggle('md-wrapped');
  button.setAttribute('aria-pressed', String(wrapped));
}
