// Loaded when the first formula is shown.
import katex from 'katex';

interface MathTree {
  children?: MathTree[];
  attributes?: Record<string, string>;
  classes?: string[];
  type?: string;
  text?: string;
}

const namespace = 'http://www.w3.org/1998/Math/MathML';

/** The formula as MathML, built node by node: KaTeX's own DOM carries style attributes that a strict CSP refuses. */
export function formula(source: string, display: boolean): Node | undefined {
  try {
    const tree = (katex as unknown as { __renderToDomTree(source: string, options: object): MathTree }).__renderToDomTree(source, {
      displayMode: display,
      output: 'mathml',
      throwOnError: true,
      strict: 'ignore',
      trust: false,
      maxExpand: 500,
      maxSize: 20,
    });
    return mathElement(tree);
  } catch {
    return undefined;
  }
}

function mathElement(tree: MathTree): Node {
  if (tree.type === undefined && tree.text !== undefined) return document.createTextNode(tree.text);
  const parent = tree.type === undefined ? document.createDocumentFragment() : document.createElementNS(namespace, tree.type);
  if (parent instanceof Element) {
    for (const [name, value] of Object.entries(tree.attributes ?? {})) {
      if (name === 'style') (parent as MathMLElement).style.cssText = value;
      else if (name !== 'href') parent.setAttribute(name, value);
    }
  }
  for (const child of tree.children ?? []) parent.appendChild(mathElement(child));
  return parent;
}
