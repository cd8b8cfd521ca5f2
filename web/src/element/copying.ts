import { copyText } from '../md/copy.ts';

/** An answer for the clipboard: Markdown for editors, and as it is shown for everything that takes formatted text. */
export async function copyAnswer(text: string, article: HTMLElement | null): Promise<boolean> {
  const shown = article ? formatted(article) : '';
  if (shown && typeof ClipboardItem !== 'undefined') {
    try {
      await navigator.clipboard.write([
        new ClipboardItem({ 'text/plain': new Blob([text], { type: 'text/plain' }), 'text/html': new Blob([shown], { type: 'text/html' }) }),
      ]);
      return true;
    } catch {
      // Only the text, then.
    }
  }
  return copyText(text, article ?? document.body);
}

/** What is shown, without the buttons and marks that belong to the page. */
function formatted(article: HTMLElement): string {
  return [...article.querySelectorAll('.prose:not(.small) > .md')]
    .map((element) => {
      const copy = element.cloneNode(true) as HTMLElement;
      copy.querySelectorAll('button, svg, style, script').forEach((each) => each.remove());
      return new XMLSerializer().serializeToString(copy).replace(/<!--.*?-->/g, '');
    })
    .join('');
}
