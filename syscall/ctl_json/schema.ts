/**
 * JSON schemas of the commands, made from the attr table, and their validators.
 * What ajv refuses becomes one clear line: field, found, wanted.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { AttrField } from '../attr_layout.ts';
import type { CommandAttr } from '../attr_table.ts';
import { FieldError, show, wantedOf } from './text.ts';

/** The part of JSON Schema that is used. */
type Schema = Readonly<Record<string, unknown>>;

/** What may be written for a field; the description says it in words, for messages. */
export interface FieldSchema extends Schema {
  readonly description: string;
}

/** The fields of a request, by name. */
export type Fields = Readonly<Record<string, FieldSchema>>;

const NUMBER_TEXT = '^-?(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})$';

/** What may be written for a field. */
function fieldSchema(field: AttrField): FieldSchema {
  const description = fieldWants(field);
  switch (field.kind) {
    case 'char':
      return { description, type: 'string', maxLength: field.size };
    case 'ptr':
      return pointerSchema(field, description);
    default:
      return { description, ...numberSchema(field) };
  }
}

function numberSchema(field: AttrField): Schema {
  const minimum = field.kind === 's32' ? -0x80000000 : 0;
  const maximum = field.kind === 's32' ? 0x7fffffff : field.kind === 'u32' ? 0xffffffff : Number.MAX_SAFE_INTEGER;
  const named = field.symbols ?? field.flags ?? field.fd ?? field.id;
  if (field.flags !== undefined)
    return { type: ['integer', 'string', 'array'], minimum, maximum, items: { type: ['integer', 'string'] } };
  const type = ['integer', 'string'];
  return named === undefined ? { type, minimum, maximum, pattern: NUMBER_TEXT } : { type, minimum, maximum };
}

function pointerSchema(field: AttrField, description: string): FieldSchema {
  const { to } = field;
  if (to === undefined || to.dir === 'out') return { description, type: ['boolean', 'null'] };
  if ('string' in to.length) return { description, type: ['string', 'null'] };
  // A key or value may be any JSON once the map has BTF.
  if ('map' in to.length) return { description };
  return { description, type: ['string', 'array', 'object', 'null'] };
}

/** What a field wants, in words. */
function fieldWants(field: AttrField): string {
  if (field.kind === 'char') return `text of at most ${field.size} bytes`;
  if (field.kind !== 'ptr') return wantedOf(field);
  const { to } = field;
  if (to === undefined || to.dir === 'out') return 'true (return it) or false (do not)';
  if ('string' in to.length) return 'text';
  if ('map' in to.length && to.length.count !== undefined) return 'a list with one entry for each element';
  if ('map' in to.length) return 'bytes as hex text or a list of numbers, or the plain value when the map has BTF';
  return 'bytes as hex text, a list of numbers from 0 to 255, or {"base64": text}';
}

const COMMAND_NAME: FieldSchema = { description: 'the name of a command', type: 'string' };

/** Fields every request of bpf(2) may have. */
const COMMON: Fields = {
  cmd: COMMAND_NAME,
  as: {
    description: 'a name for the new descriptor: letters, digits, _, - and .',
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,63}$',
  },
};

/** The fields of one command's request. */
function commandFields(command: CommandAttr): Fields {
  const fields: Record<string, FieldSchema> = { ...COMMON };
  for (const name of command.fields) {
    const field = command.arm.fields.find((candidate) => candidate.name === name);
    if (field !== undefined) fields[name] = fieldSchema(field);
  }
  return fields;
}

function requestSchema(title: string, properties: Fields): Schema {
  return { title, type: 'object', properties, required: ['cmd'], additionalProperties: false };
}

/** Validators, compiled when first needed. */
export class Schemas {
  readonly #ajv = new Ajv({ allErrors: false, strict: false, validateFormats: false, messages: false, verbose: true });
  readonly #validators = new Map<string, ValidateFunction>();

  /** Throws a {@link FieldError} for the first thing that is wrong with the request. */
  check(command: CommandAttr, request: object): void {
    this.#check(`BPF_${command.name}`, () => commandFields(command), request);
  }

  /** The same for a command beside bpf(2), with its own fields. */
  checkFields(name: string, fields: Fields, request: object): void {
    this.#check(name, () => ({ cmd: COMMAND_NAME, ...fields }), request);
  }

  #check(title: string, fields: () => Fields, request: object): void {
    let validate = this.#validators.get(title);
    if (validate === undefined) {
      validate = this.#ajv.compile(requestSchema(title, fields()));
      this.#validators.set(title, validate);
    }
    if (validate(request)) return;
    const error = validate.errors?.[0];
    if (error !== undefined) throw explain(title, fields(), error, request as Readonly<Record<string, unknown>>);
  }
}

function explain(
  title: string,
  fields: Fields,
  error: ErrorObject,
  request: Readonly<Record<string, unknown>>,
): FieldError {
  if (error.keyword === 'additionalProperties') {
    const name = String((error.params as { additionalProperty: unknown }).additionalProperty);
    const known = Object.keys(fields).filter((field) => field !== 'cmd' && field !== 'as');
    const wanted =
      known.length === 0 ? `no fields, for ${title} has none` : `only fields of ${title}: ${suggest(name, known)}`;
    return new FieldError(name, request[name], wanted);
  }
  const name = error.instancePath.split('/')[1] ?? '';
  return new FieldError(name, request[name], fields[name]?.description ?? 'an object');
}

/** The nearest names first. */
function suggest(name: string, fields: readonly string[]): string {
  const near = fields.filter((field) => distance(name, field) <= 2);
  const shown = near.length > 0 ? near : fields;
  return shown.slice(0, 12).join(', ') + (shown.length > 12 ? ', …' : '');
}

/** Edit distance of two short words; long ones are far apart. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2 || a.length > 40) return 99;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 99;
}

/** A request that is no object at all, or has no command. */
export function wantsCommand(request: unknown): FieldError {
  const cmd = typeof request === 'object' && request !== null ? (request as { cmd?: unknown }).cmd : undefined;
  if (cmd === undefined) return new FieldError('cmd', request, 'an object such as {"cmd":"BPF_MAP_CREATE", …}');
  return new FieldError('cmd', cmd, `a command such as "BPF_MAP_CREATE" (${show('close')} closes a descriptor)`);
}
