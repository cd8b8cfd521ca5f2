import { render } from 'lit';
import type { Action, WidgetContext, WidgetNode } from '../../src/core/contracts.ts';
import { markdownStyles } from '../../src/md/markdown.ts';
import { FormStore, renderWidget, widgetStyles } from '../../src/widgets/widget.ts';

export interface Sent {
  action: Action;
  source: HTMLElement;
  loading: string;
}

export interface Stage {
  host: HTMLElement;
  sent: Sent[];
  formState: FormStore;
  /** Answers the action that was sent last. */
  answer(): Promise<void>;
  show(root: WidgetNode, context?: Partial<WidgetContext>): HTMLElement;
}

/** A place on the test's page where a widget is rendered, and a server that answers when it is told to. */
export function stage(): Stage {
  document.adoptedStyleSheets = [markdownStyles.styleSheet!, widgetStyles.styleSheet!];
  const host = document.createElement('main');
  document.body.replaceChildren(host);
  const sent: Sent[] = [];
  const formState = new FormStore();
  let release: () => void = () => {};
  const act: WidgetContext['act'] = (action, source, { loading }) => {
    sent.push({ action, source, loading });
    return new Promise((resolve) => (release = resolve));
  };
  return {
    host,
    sent,
    formState,
    async answer() {
      release();
      await new Promise((next) => setTimeout(next));
    },
    show(root, context = {}) {
      render(
        renderWidget(root, {
          itemId: 'item', locale: 'en', scheme: 'light', busy: false, act, formState,
          imagePolicy: { decide: (url) => (url.startsWith('data:') ? 'show' : 'ask'), release: () => {} },
          onLink: () => false,
          ...context,
        }),
        host,
      );
      return host.querySelector<HTMLElement>('.widget')!;
    },
  };
}
