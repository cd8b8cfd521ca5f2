/** The options of the element, checked where a wrong one would only be noticed much later. */
import type { Action } from '../core/contracts.ts';
import { type MessageContent, isRecord } from '../core/protocol.ts';
import type { Theme } from './theme.ts';

export interface Entity {
  id: string;
  title: string;
  icon?: string;
  interactive?: boolean;
  group?: string;
  data?: Record<string, unknown>;
}
export interface Command {
  id: string;
  label: string;
  description?: string;
  icon?: string;
  group?: string;
}
export interface Tool {
  id: string;
  label: string;
  icon?: string;
  shortLabel?: string;
  placeholderOverride?: string;
  pinned?: boolean;
  persistent?: boolean;
}
export interface Model {
  id: string;
  label: string;
  description?: string;
  disabled?: boolean;
  default?: boolean;
}
export interface AttachmentOptions {
  enabled: boolean;
  maxSize?: number | Record<string, number>;
  maxCount?: number;
  accept?: Record<string, string[]>;
}
export interface HeaderAction {
  icon: string;
  onClick: () => void;
}
export interface Options {
  api: {
    url: string;
    fetch?: typeof fetch;
    uploadStrategy?: { type: 'two_phase' } | { type: 'direct'; uploadUrl: string };
  };
  locale?: string;
  theme?: 'light' | 'dark' | Theme;
  frameTitle?: string;
  initialThread?: string | null;
  onClientTool?: (call: { name: string; params: Record<string, unknown> }) => unknown;
  header?: { enabled?: boolean; title?: { enabled?: boolean; text?: string }; leftAction?: HeaderAction; rightAction?: HeaderAction };
  history?: { enabled?: boolean; showDelete?: boolean; showRename?: boolean };
  startScreen?: { greeting?: string; prompts?: { label: string; prompt: string | MessageContent[]; icon?: string }[] };
  /** `edit` is beyond ChatKit, and on unless it is false. */
  threadItemActions?: { feedback?: boolean; retry?: boolean; edit?: boolean };
  composer?: {
    placeholder?: string;
    attachments?: AttachmentOptions;
    tools?: Tool[];
    models?: Model[];
  };
  disclaimer?: { text: string; highContrast?: boolean };
  entities?: {
    onTagSearch?: (query: string) => Promise<Entity[]>;
    showComposerMenu?: boolean;
    onClick?(entity: Entity): void;
    onRequestPreview?(entity: Entity): Promise<{ preview: unknown }>;
  };
  commands?: {
    enabled: boolean;
    onSearch?: (query: string) => Promise<Command[]>;
    onSelect?(command: Command): Promise<{ type: 'entity'; entity: Entity } | { type: 'menu'; commands: Command[] } | void>;
  };
  widgets?: { onAction?(action: Action, item: { id: string; widget: unknown }): unknown };
  thread?: { autoScroll?: boolean };
}

export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

/** What is wrong, in words for whoever writes the page; the options as they are otherwise. */
export function checkOptions(given: unknown): Options {
  if (!isRecord(given)) throw new OptionsError('setOptions needs an object with at least `api`.');
  const { api, theme, composer } = given;
  if (!isRecord(api)) throw new OptionsError('`api` is missing: give `api: { url }`.');
  if (api.getClientSecret !== undefined) {
    throw new OptionsError('`api.getClientSecret` is for conversations hosted by OpenAI. This element talks to your own server: give `api: { url }`.');
  }
  if (typeof api.url !== 'string' || api.url === '') throw new OptionsError('`api.url` must be the address of the ChatKit endpoint.');
  if (theme !== undefined && theme !== 'light' && theme !== 'dark' && !isRecord(theme)) throw new OptionsError('`theme` is "light", "dark" or an object.');
  const attachments = isRecord(composer) && isRecord(composer.attachments) ? composer.attachments : {};
  if (attachments.enabled === true && !isRecord(api.uploadStrategy)) {
    throw new OptionsError('Attachments are enabled, so `api.uploadStrategy` is required.');
  }
  return given as unknown as Options;
}
