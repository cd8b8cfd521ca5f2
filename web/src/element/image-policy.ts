/** Which pictures are shown at once: those of the page, of places that the thread allows, and those that the reader asked for. */
import type { ImagePolicy } from '../core/contracts.ts';

export function imagePolicy(allowedDomains: () => readonly string[], released: () => void): ImagePolicy {
  const releasedImages = new Set<string>();
  return {
    decide: (address) => {
      const url = URL.parse(address, document.baseURI);
      if (!url) return 'block';
      if (url.protocol === 'data:' || url.protocol === 'blob:' || url.origin === location.origin) return 'show';
      const isAllowed = allowedDomains().some((domain) => url.hostname === domain || url.hostname.endsWith(`.${domain}`));
      return isAllowed || releasedImages.has(address) ? 'show' : 'ask';
    },
    release: (address) => {
      releasedImages.add(address);
      released();
    },
  };
}
