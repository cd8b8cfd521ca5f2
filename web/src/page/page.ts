import '../element/chatkit.ts';
import { ChatPage } from './chat-page.ts';
import { define } from '../element/tag.ts';

define('chatkit-host-page', ChatPage);
