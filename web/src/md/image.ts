import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { AsyncDirective } from 'lit/async-directive.js';
import { directive } from 'lit/directive.js';
import type { ImagePolicy } from '../core/contracts.ts';
import { icon } from '../icons/icon.ts';
import { openLightbox } from './lightbox.ts';
import { allowedImage } from './links.ts';
import { wordsFor } from './words.ts';

export interface ImageRequest {
  source: string;
  alt: string;
  policy: ImagePolicy;
  locale: string;
  /** What to show when the policy agrees. */
  view(source: string): TemplateResult;
}

/** An image whose address was not chosen by us: shown, offered as a button, or named, as the policy decides. */
class GatedImage extends AsyncDirective {
  render(request: ImageRequest): unknown {
    const { source, alt, policy, locale, view } = request;
    const words = wordsFor(locale);
    const address = allowedImage(source);
    const decision = address === undefined ? 'block' : policy.decide(address);
    if (decision === 'show') return view(address!);
    const host = address === undefined ? '' : new URL(address).host;
    const name = html`<span class="md-chip-name" dir="auto">${alt || words.image}</span>${host ? html`<span class="md-chip-host">${host}</span>` : nothing}`;
    if (decision === 'block') {
      return html`<span class="md-image-chip">${icon('image-off', 16)}<span class="md-sr">${words.blockedImage}</span>${name}</span>`;
    }
    const load = () => {
      policy.release(address!);
      this.setValue(this.render(request));
    };
    return html`<button type="button" class="md-image-chip" @click=${load}>${icon('square-image', 16)}<span class="md-chip-action">${words.loadImage}</span>${name}</button>`;
  }
}
export const gatedImage = directive(GatedImage);

/** An image in a text: it keeps its place while it loads and opens large. */
export function textImage(source: string, alt: string, policy: ImagePolicy, locale: string): unknown {
  const words = wordsFor(locale);
  return gatedImage({
    source,
    alt,
    policy,
    locale,
    view: (address) =>
      html`<button type="button" class="md-picture md-loading" aria-label=${alt ? `${words.openImage}: ${alt}` : words.openImage}
        @click=${(event: MouseEvent) => openLightbox(event.currentTarget as HTMLElement, address, alt || words.image, words.close)}
        ><img src=${address} alt=${alt} loading="lazy" decoding="async" referrerpolicy="no-referrer" @load=${settled} @error=${settled}
      /></button>`,
  });
}

/** From this height on a picture keeps the place that was made for it; what is smaller stands in a line of text. */
const SIGN = 96;

function settled(event: Event): void {
  const image = event.currentTarget as HTMLImageElement;
  const picture = image.parentElement!;
  picture.classList.toggle('md-framed', image.naturalHeight >= SIGN);
  picture.classList.remove('md-loading');
  picture.classList.toggle('md-failed', event.type === 'error');
}
