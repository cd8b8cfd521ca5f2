/** When the element can be used, and when it says so: wrappers may listen only after they have set the options. */
import { pause } from './pause.ts';

const LISTENER_WAIT = 250;

export class Readiness {
  private isReached = false;
  private reached: () => void = () => {};
  private listened: () => void = () => {};
  readonly whenReached = new Promise<void>((resolve) => (this.reached = resolve));
  private readonly whenListenedTo = new Promise<void>((resolve) => (this.listened = resolve));

  constructor(private readonly tell: () => void) {}

  hasListener(): void {
    this.listened();
  }

  reach(): void {
    if (this.isReached) return;
    this.isReached = true;
    this.reached();
    void Promise.race([this.whenListenedTo, pause(LISTENER_WAIT)])
      .then(() => pause(0))
      .then(this.tell);
  }
}
