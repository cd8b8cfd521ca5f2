// Loaded when the first finished code block with a language is shown.
import common from 'highlight.js/lib/common';

interface Scope {
  scope?: string;
  children: (Scope | string)[];
}

/** The code as elements with a class per kind of word, or nothing for a language that is not known. */
export function highlighted(code: string, language: string): Node | undefined {
  if (!common.getLanguage(language)) return undefined;
  // The highlighter's own tree: its HTML text would have to be parsed again.
  const result = common.highlight(code, { language, ignoreIllegals: true }) as unknown as { _emitter: { rootNode: Scope } };
  const root = document.createElement('span');
  append(root, result._emitter.rootNode);
  return root;
}

function append(parent: HTMLElement, scope: Scope): void {
  for (const child of scope.children) {
    if (typeof child === 'string') {
      parent.append(child);
      continue;
    }
    const kind = child.scope?.split('.')[0];
    if (kind === undefined || kind.startsWith('language:')) {
      append(parent, child);
      continue;
    }
    const element = document.createElement('span');
    element.className = `hl-${kind}`;
    append(element, child);
    parent.append(element);
  }
}
