/** Registers a tag once, whoever comes first: two copies on one page must not break each other. */
export function define(tag: string, element: CustomElementConstructor): boolean {
  if (customElements.get(tag)) return false;
  customElements.define(tag, element);
  return true;
}
