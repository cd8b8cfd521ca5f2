/** What happens around the element: the network goes and comes back, and the page is looked at again. */
import type { ReactiveController } from 'lit';
import type { ChatElement } from './chat-element.ts';

export class Surroundings implements ReactiveController {
  private ended = new AbortController();
  private refreshedAt = 0;

  constructor(private readonly element: ChatElement) {
    element.addController(this);
  }

  hostConnected(): void {
    this.ended = new AbortController();
    const { signal } = this.ended;
    addEventListener('offline', () => this.element.controller?.connectionLost(), { signal });
    addEventListener('online', () => this.element.controller?.reconnectNow(), { signal });
    document.addEventListener('visibilitychange', () => this.seenAgain(), { signal });
    addEventListener('focus', () => this.seenAgain(), { signal });
  }

  hostDisconnected(): void {
    this.ended.abort();
  }

  /** Another tab may have gone on with this thread. */
  private seenAgain(): void {
    const { controller } = this.element;
    if (document.hidden || !controller?.threadId || controller.isBusy || Date.now() - this.refreshedAt < 5000) return;
    this.refreshedAt = Date.now();
    controller.refresh().catch(() => {});
  }
}
