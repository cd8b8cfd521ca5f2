/** The rows of the thread: what the reader opened, filled in, copied and let through there, and what follows from it. */
import type { ReactiveController } from 'lit';
import type { Action, FormState, FormValue, RenderWidget } from '../core/contracts.ts';
import type { Versions } from '../core/protocol.ts';
import { openLightbox } from '../md/lightbox.ts';
import type { ChatElement } from './chat-element.ts';
import { copyAnswer } from './copying.ts';
import type { Exchange } from './exchanges.ts';
import { imagePolicy } from './image-policy.ts';
import { pause } from './pause.ts';
import { schemeOf } from './theme.ts';
import { type Transcript, renderExchanges } from './transcript.ts';
import { chooseVersion } from './version-choice.ts';

export class Rows implements ReactiveController {
  private epoch = 0;
  private copiedKey: string | null = null;
  private drawnVersions: readonly Versions[] = [];
  private drewEdit = false;
  private renderWidget: RenderWidget | null = null;
  private isLoadingWidgets = false;
  private readonly opened = new Map<string, boolean>();
  private readonly forms = new Map<string, Map<string, FormValue>>();
  readonly imagePolicy = imagePolicy(
    () => this.element.controller?.view.thread?.allowed_image_domains ?? [],
    () => this.redraw(),
  );

  constructor(private readonly element: ChatElement) {
    element.addController(this);
  }

  hostUpdate(): void {
    const { controller } = this.element;
    if (!controller) return;
    if (!this.isLoadingWidgets && controller.view.entries.some((entry) => entry.item.type === 'widget')) void this.loadWidgets();
    this.noticeVersions(controller.versions, this.element.editing.isAllowed);
  }

  /** Something outside the entries changed how they look. */
  redraw(): void {
    this.epoch += 1;
    this.element.requestUpdate();
  }

  /** Another thread comes. */
  begin(): void {
    this.opened.clear();
  }

  render(exchanges: readonly Exchange[]): unknown {
    return renderExchanges(exchanges, this.transcript());
  }

  readonly followLink = (url: string): boolean => {
    if (!url.startsWith('chatkit-link:')) return false;
    const parsed = URL.parse(url);
    const name = parsed ? parsed.hostname || parsed.pathname.replace(/^\/+/, '') : '';
    this.element.emit('chatkit.deeplink', { name, data: Object.fromEntries(parsed?.searchParams ?? []) });
    return true;
  };

  private transcript(): Transcript {
    const { options, words, locale, chat, editing, sending } = this.element;
    return {
      words,
      locale,
      scheme: schemeOf(options?.theme),
      canRate: options?.threadItemActions?.feedback === true,
      canRetry: options?.threadItemActions?.retry === true,
      canEdit: editing.isAllowed,
      editing: editing.current,
      versions: chat.versions,
      isBusy: chat.isBusy,
      epoch: this.epoch,
      progress: chat.view.progress,
      imagePolicy: this.imagePolicy,
      renderWidget: this.renderWidget,
      copiedKey: this.copiedKey,
      opened: this.opened,
      feedbackOf: (itemId) => chat.feedback.get(itemId),
      formState: (itemId) => this.formState(itemId),
      act: (itemId, action) => this.runAction(itemId, action),
      onLink: this.followLink,
      onEntity: (entity) => options?.entities?.onClick?.(entity),
      onToggle: (key, isOpen) => {
        this.opened.set(key, isOpen);
        this.redraw();
      },
      onCopy: (key, text, article) => void this.copy(key, text, article),
      onRate: (ids, kind) => {
        void chat.sendFeedback(ids, kind);
        this.redraw();
      },
      onRetry: (itemId) => void sending.retry(itemId),
      onEdit: (itemId) => void editing.start(itemId),
      onEdited: (content) => void editing.finish(content),
      onEditCancelled: () => void editing.cancel(),
      onVersion: (versionId) => void chooseVersion(this.element, versionId),
      onZoom: (event, url, name) => openLightbox(event.currentTarget as HTMLElement, url, name, words.dismiss),
    };
  }

  private noticeVersions(versions: readonly Versions[], canEdit: boolean): void {
    if (versions === this.drawnVersions && canEdit === this.drewEdit) return;
    this.drawnVersions = versions;
    this.drewEdit = canEdit;
    this.epoch += 1;
  }

  /** Only some conversations need them: their code comes when one does. */
  private async loadWidgets(): Promise<void> {
    this.isLoadingWidgets = true;
    try {
      const { renderWidget, widgetStyles } = await import('../widgets/widget.ts');
      const { styleSheet } = widgetStyles;
      const root = this.element.renderRoot as ShadowRoot;
      if (styleSheet && !root.adoptedStyleSheets.includes(styleSheet)) root.adoptedStyleSheets.push(styleSheet);
      this.renderWidget = renderWidget;
      this.redraw();
    } catch (error) {
      this.isLoadingWidgets = false;
      this.element.report(error);
    }
  }

  private formState(itemId: string): FormState {
    let values = this.forms.get(itemId);
    if (!values) this.forms.set(itemId, (values = new Map()));
    return values;
  }

  private async runAction(itemId: string, action: Action): Promise<void> {
    const { chat, options } = this.element;
    const item = chat.view.entries.find((entry) => entry.item.id === itemId)?.item;
    if (action.handler === 'client') {
      try {
        await options?.widgets?.onAction?.({ type: action.type, ...(action.payload ? { payload: action.payload } : {}) }, { id: itemId, widget: item?.type === 'widget' ? item.widget : null });
      } catch (error) {
        this.element.report(error);
        throw error;
      }
      return;
    }
    try {
      await chat.act(action, itemId);
    } catch (error) {
      // A stream's failure was reported where it happened; the answer of a plain request was not.
      if (action.streaming === false) this.element.report(error);
      throw error;
    }
  }

  private async copy(key: string, text: string, article: HTMLElement | null): Promise<void> {
    if (!(await copyAnswer(text, article))) return;
    this.copiedKey = key;
    this.element.announce(this.element.words.copied);
    this.redraw();
    await pause(1800);
    if (this.copiedKey !== key) return;
    this.copiedKey = null;
    this.redraw();
  }
}
