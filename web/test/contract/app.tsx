/** A page as people write them with the unmodified wrapper. */
import { ChatKit, useChatKit } from '@openai/chatkit-react';
import * as React from 'react';
import { createRoot } from 'react-dom/client';

const log: string[] = [];
(window as any).chatLog = log;

function App(): React.JSX.Element {
  const [count, setCount] = React.useState(0);
  const chat = useChatKit({
    api: { url: '/chatkit', domainKey: 'local', fetch: (input, init) => fetch(input, init), uploadStrategy: { type: 'direct', uploadUrl: '/upload' } },
    initialThread: localStorage.getItem('thread'),
    theme: count > 0 ? 'dark' : 'light',
    header: { title: { text: 'Contract' } },
    startScreen: { greeting: 'Welcome', prompts: [{ label: 'Say hello', prompt: 'hello', icon: 'sparkle' }] },
    threadItemActions: { feedback: true, retry: true },
    composer: { attachments: { enabled: true } },
    onClientTool: async ({ name, params }) => ({ name, params, count }),
    widgets: { onAction: async () => {} },
    onReady: () => void log.push('ready'),
    onError: ({ error }) => void log.push(`error ${error.message}`),
    onEffect: ({ name }) => void log.push(`effect ${name}`),
    onResponseStart: () => void log.push('start'),
    onResponseEnd: () => void log.push('end'),
    onThreadChange: ({ threadId }) => {
      log.push(`thread ${threadId}`);
      if (threadId) localStorage.setItem('thread', threadId);
    },
    onThreadLoadEnd: () => void log.push('loaded'),
  });
  (window as any).chat = chat;
  return (
    <>
      <button id="rerender" onClick={() => setCount(count + 1)}>
        {count}
      </button>
      <ChatKit control={chat.control} className="chat" style={{ display: 'block', height: '90vh' }} />
    </>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <React.StrictMode>
    <App />
  </React.StrictMode>,
);
