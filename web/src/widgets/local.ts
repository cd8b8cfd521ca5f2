import { AsyncDirective } from 'lit/async-directive.js';
import { directive } from 'lit/directive.js';

type View<State> = (state: State, set: (state: State) => void) => unknown;

/** A part of a widget with a state of its own, such as a menu that is open; it outlives updates from the server. */
class Local extends AsyncDirective {
  #state: unknown;
  #started = false;
  #view: View<unknown> = () => undefined;

  render<State>(initial: State, view: View<State>): unknown {
    if (!this.#started) this.#state = initial;
    this.#started = true;
    this.#view = view as View<unknown>;
    return this.#draw();
  }

  #draw(): unknown {
    return this.#view(this.#state, (state) => {
      this.#state = state;
      if (this.isConnected) this.setValue(this.#draw());
    });
  }
}
const localDirective = directive(Local);

export function local<State>(initial: State, view: View<State>): unknown {
  return localDirective(initial, view as View<unknown>);
}
