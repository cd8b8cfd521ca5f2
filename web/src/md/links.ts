/** Schemes that a link in a model's text may lead to; everything else is shown as plain text. */
const schemes = new Set(['http:', 'https:', 'mailto:', 'tel:', 'chatkit-link:']);

/** The address when it is absolute and of an allowed scheme. */
export function allowedLink(address: string): string | undefined {
  const url = URL.parse(address.trim());
  return url && schemes.has(url.protocol) ? url.href : undefined;
}

/** An image address that may be asked about: the image policy has the last word. */
export function allowedImage(address: string): string | undefined {
  const url = URL.parse(address.trim(), document.baseURI);
  if (!url) return undefined;
  if (url.protocol === 'data:') return /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/i.test(url.href) ? url.href : undefined;
  return ['http:', 'https:', 'blob:'].includes(url.protocol) ? url.href : undefined;
}

/** The press of a link: first the host's own handling, then the browser's. */
export function followLink(event: MouseEvent, url: string, onLink: (url: string) => boolean): void {
  const handled = onLink(url);
  if (handled || url.startsWith('chatkit-link:')) event.preventDefault();
}
