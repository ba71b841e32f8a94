import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import { loadBtf } from '../../btf/parse.ts';

/** The golden sequences: BTF_LOAD as Linux 6.18 answered it (one JSON object a line, see the field names). */
interface Step {
  readonly attr: {
    readonly btf: { readonly buf: string };
    readonly btf_size: number;
    readonly btf_log_buf?: unknown;
    readonly btf_log_size?: number;
    readonly btf_log_level?: number;
    readonly btf_flags?: number;
  };
  readonly size?: number;
  readonly tail?: unknown;
  readonly ret: number | 'fd';
  readonly errno: number;
  readonly out?: { readonly btf_log_buf?: { readonly text: string }; readonly 'attr.btf_log_true_size'?: number };
}

const text = gunzipSync(readFileSync(new URL('../../../test/golden/btf-load.jsonl.gz', import.meta.url))).toString();
const sequences = text
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { id: string; steps: Step[] });

/** What a step is about: the attributes around the BTF are the dispatcher's. */
function isOurs(step: Step): boolean {
  const { attr } = step;
  const buffer = attr.btf_log_buf;
  if (step.tail !== undefined || step.size !== undefined || attr.btf_flags !== undefined) return false;
  if (step.errno === 14 || attr.btf_size > 16 << 20) return false;
  return typeof buffer !== 'number' || buffer === 0;
}

for (const { id, steps } of sequences) {
  t.test(`${id} answers as the kernel does`, async (t) => {
    steps.forEach((step, index) => {
      if (!isOurs(step)) return;
      const { attr } = step;
      const bytes = new Uint8Array(attr.btf_size);
      bytes.set(Buffer.from(attr.btf.buf, 'hex').subarray(0, bytes.length));
      const hasBuffer = attr.btf_log_buf !== undefined && attr.btf_log_buf !== 0;
      const log = BpfLog.open(attr.btf_log_level ?? 0, hasBuffer, attr.btf_log_size ?? 0);
      if (typeof log === 'number') {
        t.equal(step.errno, -log, `step ${index}`);
        return;
      }
      const btf = loadBtf(bytes, log);
      const { err, trueSize } = log.finish();
      const errno = err !== 0 ? -err : typeof btf === 'number' ? -btf : 0;
      t.equal(errno, step.errno, `step ${index}: errno`);
      const out = step.out?.btf_log_buf;
      if (out?.text !== undefined) t.equal(log.text(), out.text, `step ${index}: log`);
      const size = step.out?.['attr.btf_log_true_size'];
      if (size !== undefined) t.equal(trueSize, size, `step ${index}: true size`);
    });
  });
}
