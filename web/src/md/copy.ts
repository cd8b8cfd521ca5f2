/**
 * Puts text on the clipboard and says whether it got there; where the browser has no clipboard for the page
 * (no secure origin) or refuses, by way of a selected text field beside `near`.
 */
export async function copyText(text: string, near: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyField(text, near);
  }
}

function copyField(text: string, near: Element): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.style.setProperty('position', 'fixed');
  field.style.setProperty('opacity', '0');
  near.parentElement?.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (near instanceof HTMLElement) near.focus();
  return copied;
}
