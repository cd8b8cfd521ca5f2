/**
 * The seams between the layers: what the markdown and widget renderers are given and what they give back.
 * Types only, so that every layer can import them without importing another layer's code.
 */
import type { TemplateResult } from 'lit';

/** What may happen to an image whose address a model or a widget chose. */
export interface ImagePolicy {
  /** `show`: load it now; `ask`: show a button that loads it; `block`: show its alternative text only. */
  decide(url: string): 'show' | 'ask' | 'block';
  /** The user pressed the button: from now on `decide` answers `show` for this address. */
  release(url: string): void;
}

export interface UrlSource {
  type: 'url';
  url: string;
  title?: string | null;
  attribution?: string | null;
  description?: string | null;
  timestamp?: string | null;
  group?: string | null;
}
export interface FileSource {
  type: 'file';
  filename: string;
  title?: string | null;
  description?: string | null;
  timestamp?: string | null;
  group?: string | null;
}
export interface EntitySource {
  type: 'entity';
  id: string;
  title?: string | null;
  icon?: string | null;
  label?: string | null;
  inline_label?: string | null;
  interactive?: boolean;
  data?: Record<string, unknown>;
  description?: string | null;
  group?: string | null;
}
export type Source = UrlSource | FileSource | EntitySource;

export interface Annotation {
  type?: 'annotation';
  source: Source;
  /** Character offset in the text at which the mark stands; the same offset is the same number. */
  index?: number | null;
}

export interface MarkdownOptions {
  streaming: boolean;
  locale: string;
  annotations?: readonly Annotation[];
  imagePolicy: ImagePolicy;
  /** Called when a link is pressed; `true` means it was dealt with and the browser must not follow it. */
  onLink(url: string): boolean;
}
export type RenderMarkdown = (text: string, options: MarkdownOptions) => TemplateResult;

export interface Action {
  type: string;
  payload?: Record<string, unknown>;
  handler?: 'server' | 'client';
  loadingBehavior?: 'auto' | 'none' | 'self' | 'container';
  streaming?: boolean;
}

/** A node of a widget tree. Unknown types and fields are kept: the renderer is tolerant. */
export interface WidgetNode {
  type: string;
  id?: string;
  key?: string;
  children?: WidgetNode | WidgetNode[];
  [field: string]: unknown;
}
export type WidgetRoot = WidgetNode;

export type FormValue = string | boolean | string[];

/** Values the user entered into one item's widget; they survive updates streamed by the server. */
export interface FormState {
  get(name: string): FormValue | undefined;
  set(name: string, value: FormValue): void;
  delete(name: string): void;
}

export interface WidgetContext {
  itemId: string;
  locale: string;
  scheme: 'light' | 'dark';
  /** A response streams: actions that need a stream of their own are refused until it has ended. */
  busy: boolean;
  /**
   * Runs an action whose payload is complete (form values merged in). Resolves when the server has
   * answered; rejects when it failed (the message is already shown to the user).
   */
  act(action: Action, source: HTMLElement, options: { loading: 'none' | 'self' | 'container' }): Promise<void>;
  imagePolicy: ImagePolicy;
  /** Links inside widget Markdown, as in `MarkdownOptions`. */
  onLink(url: string): boolean;
  formState: FormState;
}
export type RenderWidget = (root: WidgetRoot, context: WidgetContext) => TemplateResult;

/**
 * Variables that the element sets for every style below it; colours follow the scheme by themselves.
 *
 * --ck-background --ck-surface (cards) --ck-surface-secondary (bubbles, code) --ck-surface-tertiary
 * --ck-surface-elevated (menus) --ck-border --ck-border-subtle --ck-border-strong --ck-shadow
 * --ck-text --ck-text-secondary --ck-text-tertiary
 * --ck-accent (fills) --ck-on-accent --ck-accent-text (marks on the background) --ck-link --ck-focus
 * --ck-danger --ck-warning --ck-success and the same with -soft (backgrounds of notices)
 * --ck-font --ck-font-mono --ck-size (of text, px) --ck-unit (spacing, 4px at normal density)
 * --ck-radius-small (code, inputs) --ck-radius (cards) --ck-radius-large (bubbles, composer) --ck-radius-button
 */
export type ThemeVariables = `--ck-${string}`;
