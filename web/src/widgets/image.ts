import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { WidgetNode } from '../core/contracts.ts';
import { gatedImage } from '../md/image.ts';
import { background, blockStyles } from './measures.ts';
import type { Scope } from './scope.ts';
import { styled } from './styled.ts';

export function image(node: WidgetNode, { context }: Scope): TemplateResult {
  const source = typeof node.src === 'string' ? node.src : '';
  const alt = typeof node.alt === 'string' ? node.alt : '';
  const looks = `w-picture-box${node.frame === true ? ' w-frame' : ''}${node.flush === true ? ' w-flush' : ''}`;
  const styles = styled({ ...blockStyles(node), ...background(node.background) });
  const fit = styled({
    'object-fit': typeof node.fit === 'string' ? node.fit : undefined,
    'object-position': typeof node.position === 'string' ? node.position : undefined,
  });
  return html`<div class=${looks} ${styles}>${gatedImage({
    source,
    alt,
    policy: context.imagePolicy,
    locale: context.locale,
    view: (address) => html`<img src=${address} alt=${alt} loading="lazy" decoding="async" referrerpolicy="no-referrer" ${fit} />`,
  })}</div>`;
}
