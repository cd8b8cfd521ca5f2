/** What the element says itself. English is built in; other languages are loaded when they are asked for. */
import { addWords, fill } from '../md/words.ts';

export { fill };

export const english = {
  chat: 'Chat',
  newChat: 'New chat',
  history: 'History',
  closeHistory: 'Close history',
  searchChats: 'Search chats',
  noChats: 'No conversations yet',
  noMatches: 'Nothing found',
  loadMore: 'Load more',
  today: 'Today',
  yesterday: 'Yesterday',
  week: 'Previous 7 days',
  older: 'Older',
  untitled: 'New conversation',
  rename: 'Rename',
  delete: 'Delete',
  cancel: 'Cancel',
  confirmDelete: 'Delete “{title}”?',
  moreActions: 'More actions',
  greeting: 'What can I help with today?',
  placeholder: 'Message the AI',
  send: 'Send',
  stop: 'Stop',
  add: 'Add files and tools',
  attach: 'Add files',
  removeFile: 'Remove {name}',
  uploading: 'Uploading {name}',
  dropFiles: 'Drop files to add them',
  fileTooLarge: '{name} is larger than {limit}.',
  fileTooMany: 'At most {count} files can be sent with a message.',
  fileType: '{name} is not a kind of file that is accepted here.',
  fileFailed: '{name} could not be uploaded.',
  clearTool: 'Stop using {name}',
  model: 'Model',
  mention: 'Mention something',
  suggestions: 'Suggestions',
  quote: 'Quoted text',
  removeQuote: 'Remove the quote',
  youSaid: 'You said',
  assistantSaid: 'The assistant answered',
  generating: 'Writing an answer',
  answerReady: 'The answer is finished.',
  stopped: 'Stopped',
  reconnecting: 'Reconnecting…',
  thinking: 'Thinking',
  thought: 'Thought for {time}',
  workDone: 'Finished',
  working: 'Working',
  copy: 'Copy',
  copied: 'Copied',
  good: 'Good answer',
  bad: 'Bad answer',
  retry: 'Try again',
  edit: 'Edit',
  editMessage: 'Edit your message',
  save: 'Save',
  version: 'Version {number} of {count}',
  previousVersion: 'Previous version',
  nextVersion: 'Next version',
  sources: 'Sources',
  scrollDown: 'Go to the newest message',
  loadOlder: 'Show earlier messages',
  loading: 'Loading…',
  image: 'Generated image',
  dismiss: 'Dismiss',
  searched: 'Searched for {query}',
  answerSkipped: 'Skipped',
  skip: 'Skip',
  next: 'Next',
  submit: 'Submit',
  otherAnswer: 'Something else…',
  yourAnswer: 'Your answer',
  locked: 'This conversation is locked.',
  closed: 'This conversation is closed.',
  errorNetwork: 'The server cannot be reached. Check your connection and try again.',
  errorTimeout: 'The server did not answer in time. Try again.',
  errorUnauthorized: 'You are signed out. Sign in again to go on.',
  errorForbidden: 'You are not allowed to do this.',
  errorNotFound: 'This conversation does not exist, or it is not yours.',
  errorBusy: 'An answer is still being written. Wait for it to end, or stop it.',
  errorTooLarge: 'This message is too large.',
  errorRate: 'Too many messages at once. Wait a moment and try again.',
  tryIn: 'Try again in {time}.',
  errorServer: 'The server had a problem. Try again in a moment.',
  errorAnswer: 'The answer could not be finished.',
  errorTool: 'This page cannot do what the assistant asked for.',
};
export type Words = Readonly<Record<keyof typeof english, string>>;

type Catalog = { default: { element: Words; text: Parameters<typeof addWords>[1] } };
const catalogs: Readonly<Record<string, () => Promise<Catalog>>> = {
  ar: () => import('./languages/ar.ts'),
  de: () => import('./languages/de.ts'),
  es: () => import('./languages/es.ts'),
  fr: () => import('./languages/fr.ts'),
  it: () => import('./languages/it.ts'),
  ja: () => import('./languages/ja.ts'),
  ko: () => import('./languages/ko.ts'),
  nl: () => import('./languages/nl.ts'),
  pl: () => import('./languages/pl.ts'),
  pt: () => import('./languages/pt.ts'),
  ru: () => import('./languages/ru.ts'),
  zh: () => import('./languages/zh.ts'),
};

const RIGHT_TO_LEFT = /^(ar|he|fa|ur)\b/;

export function directionOf(locale: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.test(locale) && catalogOf(locale) ? 'rtl' : 'ltr';
}

function catalogOf(locale: string): (() => Promise<Catalog>) | undefined {
  const [language = ''] = locale.toLowerCase().split('-');
  return catalogs[locale.toLowerCase()] ?? catalogs[language];
}

export async function loadWords(locale: string): Promise<Words> {
  const load = catalogOf(locale);
  if (!load) return english;
  try {
    const { element, text } = (await load()).default;
    addWords(locale, text);
    return { ...english, ...element };
  } catch {
    return english;
  }
}
