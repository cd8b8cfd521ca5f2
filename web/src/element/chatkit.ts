/** Registers the tags: our own, and the name that pages written for ChatKit use. */
import { ChatKitHost } from './chatkit-host.ts';
import { define } from './tag.ts';

define('chatkit-host', ChatKitHost);

// A constructor is registered once, so the second name has one of its own.
const isFirst = define('openai-chatkit', class extends ChatKitHost {});
if (!isFirst) console.warn('chatkit-host: <openai-chatkit> is already defined on this page; use <chatkit-host>.');

export { ChatKitHost };
