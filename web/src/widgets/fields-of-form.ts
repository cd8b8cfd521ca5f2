import type { FormState, FormValue, WidgetNode } from '../core/contracts.ts';
import { nodesOf } from './scope.ts';

/** What the user entered into one item's widget. */
export class FormStore implements FormState {
  #values = new Map<string, FormValue>();

  get(name: string): FormValue | undefined {
    return this.#values.get(name);
  }

  set(name: string, value: FormValue): void {
    this.#values.set(name, value);
  }

  delete(name: string): void {
    this.#values.delete(name);
  }
}

type Payload = Record<string, unknown>;

/** The fields of one form, or the loose ones of a widget: what they start with and what they hold now. */
export class Fields {
  constructor(
    readonly key: string,
    private readonly root: WidgetNode,
    private readonly state: FormState,
  ) {}

  /** The value of a field; a cleared one is empty, which differs from one never touched. */
  value(name: string, initial?: unknown): FormValue | undefined {
    return this.state.get(`${this.key}:${name}`) ?? (typeof initial === 'string' || typeof initial === 'boolean' ? initial : undefined);
  }

  set(name: string, value: FormValue): void {
    this.state.set(`${this.key}:${name}`, value);
  }

  /** All fields by name, dots in a name making a level; choices that were not made are left out. */
  values(): Payload {
    const found: Payload = {};
    for (const node of nodesOf(this.root)) {
      const field = fieldOf(node);
      const value = field && this.value(field.name, field.initial);
      if (field && value !== undefined && !(value === '' && field.optional)) assign(found, field.name, value);
    }
    return found;
  }
}

interface Field {
  name: string;
  initial: unknown;
  optional: boolean;
}

function fieldOf(node: WidgetNode): Field | undefined {
  const { type, name } = node;
  if (type === 'Text') {
    const editable = node.editable as { name?: unknown } | false | undefined;
    return editable && typeof editable.name === 'string' ? { name: editable.name, initial: node.value ?? '', optional: false } : undefined;
  }
  if (typeof name !== 'string' || name === '') return undefined;
  switch (type) {
    case 'Input':
    case 'Textarea':
      return { name, initial: node.defaultValue ?? '', optional: false };
    case 'Checkbox':
      return { name, initial: node.defaultChecked === true, optional: false };
    case 'Select':
    case 'RadioGroup':
      return { name, initial: node.defaultValue, optional: true };
    case 'DatePicker':
      return { name, initial: typeof node.defaultValue === 'string' ? node.defaultValue.slice(0, 10) : undefined, optional: true };
    default:
      return undefined;
  }
}

function assign(target: Payload, name: string, value: unknown): void {
  const path = name.split('.');
  if (path.some((step) => step === '__proto__')) return;
  let level = target;
  for (const step of path.slice(0, -1)) {
    const next = level[step];
    level = (isObject(next) ? next : (level[step] = {})) as Payload;
  }
  level[path.at(-1)!] = value;
}

/** One field as a payload, its dotted name nested. */
export function fieldPayload(name: string, value: FormValue): Payload {
  const payload: Payload = {};
  assign(payload, name, value);
  return payload;
}

/** The payload of an action with the fields around it. What the action declares wins; the names that clash are told. */
export function mergedPayload(declared: unknown, fields: Payload): { payload: unknown; collisions: string[] } {
  if (declared === undefined || declared === null) {
    return { payload: Object.keys(fields).length > 0 ? fields : declared, collisions: [] };
  }
  if (!isObject(declared)) return { payload: declared, collisions: [] };
  const collisions: string[] = [];
  return { payload: merged(declared, fields, '', collisions), collisions };
}

function merged(declared: Payload, fields: Payload, path: string, collisions: string[]): Payload {
  const result: Payload = { ...declared };
  for (const [name, value] of Object.entries(fields)) {
    const own = declared[name];
    if (!Object.hasOwn(declared, name)) result[name] = value;
    else if (isObject(own) && isObject(value)) result[name] = merged(own, value, `${path}${name}.`, collisions);
    else collisions.push(path + name);
  }
  return result;
}

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
