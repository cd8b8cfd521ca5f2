/** Files dropped anywhere on the element. */
import type { ChatElement } from './chat-element.ts';

export class FileDrop {
  /** Files are being dragged over the element. */
  isNear = false;

  constructor(private readonly element: ChatElement) {}

  readonly over = (event: DragEvent): void => {
    if (!this.element.options?.composer?.attachments?.enabled || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    if (!this.isNear) this.show(true);
  };

  readonly leave = (event: DragEvent): void => {
    if (event.relatedTarget && this.element.renderRoot.contains(event.relatedTarget as Node)) return;
    this.show(false);
  };

  readonly drop = (event: DragEvent): void => {
    if (!this.isNear) return;
    event.preventDefault();
    this.show(false);
    this.element.composer?.addFiles(event.dataTransfer?.files ?? []);
  };

  private show(isNear: boolean): void {
    this.isNear = isNear;
    this.element.requestUpdate();
  }
}
