/** Keeps the newest words in sight while the reader is at the end, and never moves the page under somebody who scrolled away. */

const NEAR = 40;

export class Scrolling {
  private following = true;
  private readonly sizes: ResizeObserver;
  private readonly ended = new AbortController();
  private lastTop = 0;

  constructor(
    private readonly viewport: HTMLElement,
    content: HTMLElement,
    private readonly follows: () => boolean,
    private readonly moved: (distance: number) => void,
  ) {
    this.isFollowing = true;
    this.sizes = new ResizeObserver(() => this.sizeChanged());
    this.sizes.observe(viewport);
    this.sizes.observe(content);
    const options = { passive: true, signal: this.ended.signal };
    viewport.addEventListener('wheel', (event) => event.deltaY < 0 && this.release(), options);
    viewport.addEventListener('touchmove', () => this.release(), options);
    viewport.addEventListener('keydown', (event) => ['ArrowUp', 'PageUp', 'Home'].includes(event.key) && this.release(), options);
    viewport.addEventListener('scroll', () => this.scrolled(), options);
  }

  /** The reader is at the end and has not moved away. */
  get isFollowing(): boolean {
    return this.following;
  }

  /** Whoever reads further up stays at these words; at the end the browser must not hold on to what moves. */
  set isFollowing(isFollowing: boolean) {
    this.following = isFollowing;
    this.viewport.style.setProperty('overflow-anchor', isFollowing ? 'none' : 'auto');
  }

  disconnect(): void {
    this.sizes.disconnect();
    this.ended.abort();
  }

  get distance(): number {
    return this.viewport.scrollHeight - this.viewport.clientHeight - this.viewport.scrollTop;
  }

  toEnd(behavior: ScrollBehavior = 'instant'): void {
    this.isFollowing = true;
    this.viewport.scrollTo({ top: this.viewport.scrollHeight, behavior });
  }

  /** Runs a change above what is being read, which stays where it is. */
  async keeping(change: () => Promise<unknown>): Promise<void> {
    const { viewport } = this;
    const fromEnd = viewport.scrollHeight - viewport.scrollTop;
    await change();
    viewport.scrollTop = viewport.scrollHeight - fromEnd;
  }

  private release(): void {
    this.isFollowing = false;
  }

  private scrolled(): void {
    const { scrollTop } = this.viewport;
    // Moving up by any means is a wish to stay there; arriving at the end takes it back.
    if (scrollTop < this.lastTop - 1 && this.distance > NEAR) this.isFollowing = false;
    if (scrollTop > this.lastTop && this.distance <= NEAR) this.isFollowing = true;
    this.lastTop = scrollTop;
    this.moved(this.distance);
  }

  private sizeChanged(): void {
    this.knowHeight();
    if (this.isFollowing && this.follows()) this.viewport.scrollTop = this.viewport.scrollHeight;
    this.moved(this.distance);
  }

  /** Written only when it differs: every row would be styled again. */
  private knowHeight(): void {
    const height = `${this.viewport.clientHeight}px`;
    if (this.viewport.style.getPropertyValue('--viewport') !== height) this.viewport.style.setProperty('--viewport', height);
  }
}
