/** Where the reader is in the thread, and how much of it is drawn there. */
import type { ReactiveController } from 'lit';
import { Backlog } from './backlog.ts';
import type { ChatElement } from './chat-element.ts';
import { type Exchange, exchangesOf } from './exchanges.ts';
import { pause } from './pause.ts';
import { Scrolling } from './scrolling.ts';

const SCROLL_BUTTON = 40;

export class Reading implements ReactiveController {
  /** There is more below than the reader sees. */
  isAwayFromEnd = false;
  /** The newest message was sent here: below it is room for its answer. */
  isSentHere = false;
  private scrolling: Scrolling | null = null;
  private readonly backlog = new Backlog(() => void this.showMore());

  constructor(private readonly element: ChatElement) {
    element.addController(this);
  }

  hostUpdated(): void {
    const content = this.element.renderRoot.querySelector<HTMLElement>('.column');
    if (this.viewport && content && !this.scrolling) {
      this.scrolling = new Scrolling(this.viewport, content, () => this.followsAnswer, (distance) => this.hasScrolled(distance));
    }
  }

  hostDisconnected(): void {
    this.scrolling?.disconnect();
    this.scrolling = null;
    this.backlog.disconnect();
  }

  /** Another thread comes. */
  begin(): void {
    this.backlog.begin();
  }

  toEnd(behavior?: ScrollBehavior): void {
    this.scrolling?.toEnd(behavior);
  }

  willSend(): void {
    this.isSentHere = true;
    this.element.requestUpdate();
    void this.element.updateComplete.then(() => pause(0)).then(() => this.toEnd('smooth'));
  }

  drawn(exchanges: readonly Exchange[]): readonly Exchange[] {
    return this.backlog.drawn(exchanges);
  }

  get hasOlder(): boolean {
    return !this.backlog.isWhole || typeof this.element.controller?.olderAfter === 'string';
  }

  /** Earlier messages: those that are here already, then those that the server has. */
  async showOlder(): Promise<void> {
    if (!this.backlog.isWhole) return this.showMore();
    await this.scrolling?.keeping(async () => {
      await this.element.chat.loadOlder();
      this.element.requestUpdate();
      await this.element.updateComplete;
    });
  }

  private async showMore(): Promise<void> {
    this.backlog.drawMore(exchangesOf(this.element.chat.view.entries));
    await this.scrolling?.keeping(() => {
      this.element.requestUpdate();
      return this.element.updateComplete;
    });
  }

  private get viewport(): HTMLElement | null {
    return this.element.renderRoot.querySelector('.viewport');
  }

  private get followsAnswer(): boolean {
    return this.element.options?.thread?.autoScroll === true || !this.element.controller?.isBusy;
  }

  private hasScrolled(distance: number): void {
    const { viewport, element } = this;
    if (viewport && viewport.scrollTop < 200 && this.hasOlder && !element.controller?.isLoadingOlder && viewport.scrollHeight > viewport.clientHeight) void this.showOlder();
    // Room that is kept free for the answer is not content that waits below.
    const isAway = distance > SCROLL_BUTTON && this.endIsBelow();
    if (isAway === this.isAwayFromEnd) return;
    this.isAwayFromEnd = isAway;
    element.requestUpdate();
  }

  private endIsBelow(): boolean {
    const { viewport } = this;
    const last = this.element.renderRoot.querySelector('.exchange.last')?.lastElementChild;
    if (!viewport || !last) return false;
    return last.getBoundingClientRect().bottom > viewport.getBoundingClientRect().bottom + 8;
  }
}
