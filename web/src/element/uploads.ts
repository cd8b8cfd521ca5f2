/** The files of one draft: on their way, there, or failed. They go on when another draft is shown. */
import type { Attachment } from '../core/protocol.ts';
import { type Upload, refusalOf } from './attachments.ts';
import type { AttachmentOptions } from './options.ts';
import { type Words, fill } from './words.ts';

/** What the files need from the composer they are shown in. */
export interface UploadHost {
  readonly words: Words;
  upload(file: File, signal: AbortSignal, progressed: (share: number) => void): Promise<Attachment>;
  forgetAttachment(id: string): void;
  failed(error: unknown): void;
  changed(): void;
}

let keys = 0;

export class Uploads {
  all: readonly Upload[] = [];
  /** The last thing that did not work, for the user. */
  problem: string | null = null;

  constructor(private readonly host: UploadHost) {}

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  get attachments(): Attachment[] {
    return this.all.flatMap((upload) => upload.attachment ?? []);
  }

  get areOnTheirWay(): boolean {
    return this.all.some((upload) => !upload.attachment && !upload.failed);
  }

  add(files: Iterable<File>, options: AttachmentOptions): void {
    this.problem = null;
    for (const file of files) {
      const refusal = refusalOf(file, this.all.length, options, this.host.words);
      if (refusal) {
        this.problem = refusal;
        continue;
      }
      const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : null;
      const upload: Upload = { ...blank(), name: file.name, mime: file.type, preview, file };
      this.all = [...this.all, upload];
      void this.start(upload);
    }
    this.host.changed();
  }

  /** In place of all that was there. */
  set(attachments: readonly Attachment[]): void {
    this.all = attachments.map((attachment) => ({ ...blank(), name: attachment.name, mime: attachment.mime_type, attachment, preview: attachment.preview_url ?? null }));
    this.host.changed();
  }

  retry(upload: Upload): void {
    this.problem = null;
    this.change(upload.key, { failed: false, progress: null });
    void this.start(upload);
  }

  remove(upload: Upload): void {
    upload.abort.abort();
    if (upload.preview) URL.revokeObjectURL(upload.preview);
    if (upload.attachment) this.host.forgetAttachment(upload.attachment.id);
    this.problem = null;
    this.all = this.all.filter((each) => each.key !== upload.key);
    this.host.changed();
  }

  private async start(upload: Upload): Promise<void> {
    try {
      const attachment = await this.host.upload(upload.file as File, upload.abort.signal, (progress) => this.change(upload.key, { progress }));
      this.change(upload.key, { attachment });
    } catch (error) {
      if (upload.abort.signal.aborted) return;
      this.problem = fill(this.host.words.fileFailed, { name: upload.name });
      this.change(upload.key, { failed: true });
      this.host.failed(error);
    }
  }

  private change(key: number, change: Partial<Upload>): void {
    this.all = this.all.map((upload) => (upload.key === key ? { ...upload, ...change } : upload));
    this.host.changed();
  }
}

function blank(): Upload {
  return { key: ++keys, name: '', mime: '', attachment: null, preview: null, failed: false, progress: null, file: null, abort: new AbortController() };
}
