/** The ChatKit protocol as JSON. Fields a newer server adds are kept; fields it leaves out must not break anything. */
import type { Annotation, Source, WidgetRoot } from './contracts.ts';

export interface ThreadStatus {
  type: 'active' | 'locked' | 'closed';
  reason?: string | null;
}
export interface ThreadMetadata {
  id: string;
  title?: string | null;
  created_at?: string;
  status?: ThreadStatus;
  allowed_image_domains?: string[] | null;
  metadata?: Record<string, unknown>;
}
export interface Page<T> {
  data: T[];
  has_more: boolean;
  after?: string | null;
}
export interface Thread extends ThreadMetadata {
  items: Page<Item>;
}

/** The versions of what follows one place of a thread. */
export interface Versions {
  /** The first item of the version that is shown. */
  item_id: string | null;
  versions: string[];
  chosen: string;
}

export type MessageContent =
  | { type: 'input_text'; text: string }
  | {
      type: 'input_tag';
      id: string;
      text: string;
      data?: Record<string, unknown>;
      group?: string | null;
      interactive?: boolean;
    };
export interface Attachment {
  type: 'file' | 'image';
  id: string;
  name: string;
  mime_type: string;
  preview_url?: string;
  upload_descriptor?: { url: string; method: 'POST' | 'PUT'; headers?: Record<string, string> } | null;
  /** Of older servers. */
  upload_url?: string | null;
}
export interface InferenceOptions {
  tool_choice?: { id: string } | null;
  model?: string | null;
}
export interface MessageInput {
  content: MessageContent[];
  attachments: string[];
  quoted_text: string | null;
  inference_options: InferenceOptions;
}

export interface AssistantContent {
  type: 'output_text';
  text: string;
  annotations: Annotation[];
}
export interface Task {
  type: string;
  status_indicator?: 'none' | 'loading' | 'complete';
  title?: string | null;
  icon?: string | null;
  content?: string | null;
  title_query?: string | null;
  queries?: string[];
  sources?: Source[];
}
export interface Workflow {
  type: string;
  tasks: Task[];
  summary?: { title?: string; icon?: string | null; duration?: number } | null;
  expanded?: boolean;
}
export interface StructuredAnswer {
  values: string[];
  skipped: boolean;
}
export interface StructuredInput {
  type: string;
  id: string;
  question: string;
  description?: string | null;
  options?: { value: string }[];
  multiple?: boolean;
  answer?: StructuredAnswer | null;
}
export interface StructuredSubmission {
  status: 'answered' | 'skipped';
  answers: Record<string, StructuredAnswer>;
}

interface ItemBase {
  id: string;
  thread_id?: string;
  created_at?: string;
}
export interface UserMessage extends ItemBase {
  type: 'user_message';
  content: MessageContent[];
  attachments: Attachment[];
  quoted_text?: string | null;
  inference_options?: InferenceOptions;
}
export interface AssistantMessage extends ItemBase {
  type: 'assistant_message';
  content: AssistantContent[];
}
export interface ClientToolCall extends ItemBase {
  type: 'client_tool_call';
  status: 'pending' | 'completed';
  call_id: string;
  name: string;
  arguments: Record<string, unknown>;
}
export interface WidgetItem extends ItemBase {
  type: 'widget';
  widget: WidgetRoot;
  copy_text?: string | null;
}
export interface GeneratedImage extends ItemBase {
  type: 'generated_image';
  image?: { id: string; url: string } | null;
}
export interface StructuredInputItem extends ItemBase {
  type: 'structured_input';
  status: 'pending' | 'answered' | 'skipped';
  inputs: StructuredInput[];
}
export interface TaskItem extends ItemBase {
  type: 'task';
  task: Task;
}
export interface WorkflowItem extends ItemBase {
  type: 'workflow';
  workflow: Workflow;
}
export interface EndOfTurn extends ItemBase {
  type: 'end_of_turn';
}
/** `unknown` stands for every type this release has no picture for; such items are kept and not shown. */
export type Item =
  | UserMessage
  | AssistantMessage
  | ClientToolCall
  | WidgetItem
  | GeneratedImage
  | StructuredInputItem
  | TaskItem
  | WorkflowItem
  | EndOfTurn;

export interface Notice {
  level: 'info' | 'warning' | 'danger';
  message: string;
  title?: string | null;
}

/** Anything a server may send: checked where it is used. */
export type ServerEvent = { type: string; [field: string]: unknown };

export type JsonRecord = Record<string, unknown>;
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
export function isText(value: unknown): value is string {
  return typeof value === 'string';
}
