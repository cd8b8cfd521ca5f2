/** Checked by `tsc` alone: our element is what the published types promise, and takes what they let pages give. */
import type { ChatKitOptions, OpenAIChatKit } from '@openai/chatkit';
import { ChatKitHost } from '../../src/element/chatkit-host.ts';
import type { Options } from '../../src/element/options.ts';

export const element: OpenAIChatKit = new ChatKitHost();

type OwnApi = Extract<ChatKitOptions['api'], { url: string }>;
declare const given: Omit<ChatKitOptions, 'api'> & { api: OwnApi };
export const options: Options = given;
