/** Files on their way into a message: what is accepted, and how they reach the server. */
import type { Client } from '../core/client.ts';
import { type Attachment, type JsonRecord, isRecord, isText } from '../core/protocol.ts';
import type { AttachmentOptions, Options } from './options.ts';
import { type Words, fill } from './words.ts';

const DEFAULT_SIZE = 100 * 1024 * 1024;
const DEFAULT_COUNT = 10;

export interface Upload {
  key: number;
  name: string;
  mime: string;
  /** Set when the server has the file. */
  attachment: Attachment | null;
  /** A picture to show before the server has one. */
  preview: string | null;
  failed: boolean;
  /** 0 to 1; null while it cannot be told. */
  progress: number | null;
  file: File | null;
  abort: AbortController;
}

/** Why a file cannot be added, or null. */
export function refusalOf(file: File, count: number, options: AttachmentOptions, words: Words): string | null {
  if (count >= (options.maxCount ?? DEFAULT_COUNT)) return fill(words.fileTooMany, { count: options.maxCount ?? DEFAULT_COUNT });
  if (!isAccepted(file, options.accept)) return fill(words.fileType, { name: file.name });
  const limit = limitOf(file, options.maxSize);
  if (file.size > limit) return fill(words.fileTooLarge, { name: file.name, limit: inBytes(limit) });
  return null;
}

export function acceptAttribute(options: AttachmentOptions): string {
  return Object.entries(options.accept ?? {}).flatMap(([mime, endings]) => [mime, ...endings]).join(',');
}

function isAccepted(file: File, accept: AttachmentOptions['accept']): boolean {
  const kinds = Object.entries(accept ?? {});
  if (kinds.length === 0) return true;
  return kinds.some(([mime, endings]) => matches(file.type, mime) || endings.some((ending) => file.name.toLowerCase().endsWith(ending.toLowerCase())));
}

function limitOf(file: File, limits: AttachmentOptions['maxSize']): number {
  if (typeof limits === 'number') return limits;
  const own = Object.entries(limits ?? {}).find(([mime]) => mime !== '*' && mime !== '' && matches(file.type, mime));
  return own?.[1] ?? limits?.['*'] ?? limits?.[''] ?? DEFAULT_SIZE;
}

function matches(type: string, pattern: string): boolean {
  return pattern === '*/*' || (pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern);
}

function inBytes(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${Math.round(bytes / 1024 / 1024)} MB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} kB` : `${bytes} B`;
}

/** `direct`: one form post that answers with the attachment. `two_phase`: the server is asked where the file goes first. */
export async function upload(file: File, client: Client, strategy: Options['api']['uploadStrategy'], signal: AbortSignal, progressed: (share: number) => void): Promise<Attachment> {
  if (strategy?.type === 'direct') {
    return asAttachment(await client.upload(strategy.uploadUrl, file, 'POST', {}, signal, progressed));
  }
  const params: JsonRecord = { name: file.name, size: file.size, mime_type: file.type || 'application/octet-stream' };
  const attachment = asAttachment((await client.ask('attachments.create', params, signal)).answer);
  const where = attachment.upload_descriptor ?? (attachment.upload_url ? { url: attachment.upload_url, method: 'POST' as const } : null);
  if (where) await client.upload(where.url, file, where.method, where.headers ?? {}, signal, progressed);
  return attachment;
}

function asAttachment(given: unknown): Attachment {
  if (!isRecord(given) || !isText(given.id)) throw new Error('The server did not say how the file is called there.');
  return given as unknown as Attachment;
}
