/** The two dialogs of the page: signing in, and the keys. */
import { type TemplateResult, html, nothing } from 'lit';
import { icon } from '../icons/icon.ts';

export const SHORTCUTS = [
  ['n', 'New conversation'],
  ['/', 'Write a message'],
  ['f', 'Search conversations'],
  ['s', 'Show or hide the conversations'],
  ['t', 'Show or hide the tasks'],
  ['c', 'Copy the newest answer'],
  ['?', 'This help'],
] as const;

export function signInDialog(problem: string | null, signIn: (token: string, keep: boolean) => void): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    signIn(String(form.get('token')).trim(), form.get('keep') !== null);
  };
  return html`<dialog class="dialog sign-in" aria-labelledby="sign-in" @cancel=${(event: Event) => event.preventDefault()}>
    <form @submit=${submit}>
      <span class="badge">${icon('key', 24)}</span>
      <h2 id="sign-in">Sign in</h2>
      <p>This server needs an access token or an API key. Paste the one you were given.</p>
      <label for="token">Access token or API key</label>
      <input class="field" id="token" name="token" type="password" autocomplete="current-password" required spellcheck="false" aria-invalid=${problem ? 'true' : nothing} aria-describedby=${problem ? 'sign-in-problem' : nothing} />
      ${problem ? html`<p class="problem" id="sign-in-problem" role="alert">${problem}</p>` : nothing}
      <label class="check"><input type="checkbox" name="keep" /> Keep me signed in on this device</label>
      <button class="button primary">Sign in</button>
    </form>
  </dialog>`;
}

export function helpDialog(isOn: boolean, turn: (isOn: boolean) => void): TemplateResult {
  return html`<dialog class="dialog help" aria-labelledby="help">
    <form method="dialog">
      <div class="dialog-head"><h2 id="help">Keyboard</h2><button class="icon-button" aria-label="Close">${icon('close', 20)}</button></div>
      <dl>
        ${SHORTCUTS.map(([key, what]) => html`<div><dt>${what}</dt><dd><kbd>${key}</kbd></dd></div>`)}
        <div><dt>Send, or a new line</dt><dd><kbd>Enter</kbd> <kbd>Shift</kbd>+<kbd>Enter</kbd></dd></div>
        <div><dt>Edit the last message, when the field is empty</dt><dd><kbd>↑</kbd></dd></div>
        <div><dt>Stop the answer</dt><dd><kbd>Esc</kbd></dd></div>
      </dl>
      <label class="check"><input type="checkbox" .checked=${isOn} @change=${(event: Event) => turn((event.target as HTMLInputElement).checked)} /> Use the single keys</label>
    </form>
  </dialog>`;
}
