/** docs/BPF_ATTR.md: the attr table for people, made from the table itself. */
import type { AttrField, PointeeLength } from './attr_layout.ts';
import { COMMAND_ATTRS, type CommandAttr } from './attr_table.ts';

const INTRO = `# Fields of \`union bpf_attr\`

Made from \`syscall/attr_table.ts\`; a test keeps it up to date (\`UPDATE=1 node dist/test/syscall/attr_docs.test.js\` writes it). The layout is that of Linux 6.18.

- JSON requests use these names; a field that is left out is 0. Fields of a union are alternatives at the same offset.
- *in* is read by the command, *out* is written by it, *inout* is both. A pointer leads to memory of the caller.
- Bytes from the end of a command's last field on must be zero, or it answers EINVAL.
`;

/** The whole page. */
export function attrDocs(): string {
  return `${INTRO}\n${COMMAND_ATTRS.map(commandDocs).join('\n')}`;
}

function commandDocs(command: CommandAttr): string {
  const rows = command.arm.fields.filter((field) => command.fields.includes(field.name)).map(fieldRow);
  const returns = command.returns === undefined ? '' : ` Returns a descriptor (${command.returns}).`;
  return `## BPF_${command.name} (${command.number})

Zero from byte ${command.checkFrom} on.${returns}

| offset | field | type | dir | meaning |
| ---: | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function fieldRow(field: AttrField): string {
  const type = field.kind === 'char' ? `char[${field.size}]` : field.kind === 'ptr' ? 'pointer' : field.kind;
  const union = field.unionWith === undefined ? '' : ` (or \`${field.unionWith}\`)`;
  return `| ${field.offset} | \`${field.name}\`${union} | ${type} | ${field.to?.dir ?? field.dir} | ${meaning(field)} |`;
}

function meaning(field: AttrField): string {
  const parts = [field.doc];
  if (field.fd !== undefined) parts.push(field.fd === 'any' ? 'a descriptor' : `descriptor: ${field.fd}`);
  const names = field.symbols ?? field.flags;
  if (names !== undefined) {
    const known = Object.keys(names.values).map((name) => `\`${names.prefix}${name}\``);
    parts.push(known.length <= 8 ? known.join(', ') : `\`${names.prefix}*\``);
  }
  if (field.to !== undefined) parts.push(lengthText(field.to.length));
  return parts.join('; ');
}

function lengthText(length: PointeeLength): string {
  if ('fixed' in length) return `${length.fixed} bytes`;
  if ('string' in length) return `text of at most ${length.string} bytes with its NUL`;
  if ('map' in length) {
    const what = length.map === 'token' ? 'a token of the map' : `a ${length.map} of the map`;
    return length.count === undefined ? what : `\`${length.count}\` × ${what}`;
  }
  return length.each === undefined ? `\`${length.field}\` bytes` : `\`${length.field}\` × ${length.each} bytes`;
}
