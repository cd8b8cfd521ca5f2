/** How much of a long thread is drawn: its end at once, what came before when the browser has time or the reader goes there. */
import type { Exchange } from './exchanges.ts';

const AT_ONCE = 20;
const SLICE = 10;

export class Backlog {
  /** The first exchange that is drawn; null when all are. */
  private first: string | null = null;
  private isNew = true;
  private asked = 0;

  constructor(private readonly draw: () => void) {}

  /** Another thread comes. */
  begin(): void {
    this.isNew = true;
    this.first = null;
  }

  get isWhole(): boolean {
    return this.first === null;
  }

  drawn(exchanges: readonly Exchange[]): readonly Exchange[] {
    if (exchanges.length === 0) return exchanges;
    if (this.isNew) {
      this.isNew = false;
      this.startAt(exchanges, exchanges.length - AT_ONCE);
    }
    if (this.first === null) return exchanges;
    let at = exchanges.findIndex((exchange) => exchange.key === this.first);
    if (at < 0) at = this.startAt(exchanges, exchanges.length - AT_ONCE);
    if (at > 0) this.ask();
    return exchanges.slice(at);
  }

  /** The next ones before those that are drawn. */
  drawMore(exchanges: readonly Exchange[]): void {
    if (this.first === null) return;
    this.startAt(exchanges, exchanges.findIndex((exchange) => exchange.key === this.first) - SLICE);
  }

  disconnect(): void {
    cancelIdle(this.asked);
    this.asked = 0;
  }

  private startAt(exchanges: readonly Exchange[], at: number): number {
    this.first = at > 0 ? (exchanges[at] as Exchange).key : null;
    return Math.max(0, at);
  }

  private ask(): void {
    this.asked ||= whenIdle(() => {
      this.asked = 0;
      this.draw();
    });
  }
}

/** Safari has no idle callbacks. */
const whenIdle = (run: () => void): number => globalThis.requestIdleCallback?.(run) ?? window.setTimeout(run, 50);
const cancelIdle = (asked: number): void => (globalThis.cancelIdleCallback ?? clearTimeout)(asked);
