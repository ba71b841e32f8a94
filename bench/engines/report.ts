/** The result of the benchmark as a table and as a chart. */

/** Nanoseconds a run by program and engine; undefined: not measured. */
export interface Results {
  readonly programs: readonly string[];
  readonly engines: readonly string[];
  /** Instructions a run. */
  readonly insns: ReadonlyMap<string, number>;
  ns(program: string, engine: string): number | undefined;
}

/** Geometric mean of a ratio of two engines over the programs both ran, with its least and largest. */
export function ratio(
  results: Results,
  engine: string,
  to: string,
): { mean: number; min: number; max: number; n: number } {
  const ratios: number[] = [];
  for (const program of results.programs) {
    const a = results.ns(program, engine);
    const b = results.ns(program, to);
    if (a !== undefined && b !== undefined && a > 0 && b > 0) ratios.push(a / b);
  }
  const mean = Math.exp(ratios.reduce((sum, each) => sum + Math.log(each), 0) / ratios.length);
  return { mean, min: Math.min(...ratios), max: Math.max(...ratios), n: ratios.length };
}

function number(value: number | undefined): string {
  if (value === undefined) return '-';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The table in Markdown. */
export function table(results: Results): string {
  const rows = [
    ['program', 'insns/run', ...results.engines.map((engine) => `${engine} ns/run`), 'interp ns/insn'],
    ['---', ...results.engines.map(() => '---:'), '---:', '---:'],
  ];
  for (const program of results.programs) {
    const insns = results.insns.get(program) ?? 0;
    const interp = results.ns(program, 'interp');
    rows.push([
      program,
      String(insns),
      ...results.engines.map((engine) => number(results.ns(program, engine))),
      number(interp === undefined ? undefined : interp / insns),
    ]);
  }
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const COLORS = ['#4c72b0', '#dd8452', '#55a868', '#c44e52'];

/** Bars of nanoseconds a run on a logarithmic scale, as SVG. */
export function chart(results: Results): string {
  const { programs, engines } = results;
  const width = 960;
  const height = 420;
  const left = 60;
  const bottom = height - 50;
  const values = programs.flatMap((program) => engines.map((engine) => results.ns(program, engine) ?? 0));
  const top = Math.ceil(Math.log10(Math.max(...values, 10)));
  const y = (ns: number): number => bottom - (Math.max(0, Math.log10(Math.max(ns, 1))) / top) * (bottom - 40);
  const group = (width - left - 20) / programs.length;
  const bar = (group * 0.8) / engines.length;
  const parts: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${left}" y="18" font-size="13">Nanoseconds a run (logarithmic)</text>`,
  ];
  for (let power = 0; power <= top; power++) {
    const at = y(10 ** power).toFixed(1);
    parts.push(`<line x1="${left}" x2="${width - 20}" y1="${at}" y2="${at}" stroke="#ddd"/>`);
    parts.push(`<text x="${left - 6}" y="${at}" text-anchor="end">${10 ** power}</text>`);
  }
  programs.forEach((program, i) => {
    engines.forEach((engine, j) => {
      const ns = results.ns(program, engine);
      if (ns === undefined) return;
      const x = left + i * group + group * 0.1 + j * bar;
      const at = y(ns);
      const fill = COLORS[j % COLORS.length];
      parts.push(
        `<rect x="${x.toFixed(1)}" y="${at.toFixed(1)}" width="${(bar * 0.92).toFixed(1)}" height="${(bottom - at).toFixed(1)}" fill="${fill}"><title>${program} ${engine}: ${number(ns)} ns</title></rect>`,
      );
    });
    parts.push(
      `<text x="${(left + (i + 0.5) * group).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${program}</text>`,
    );
  });
  engines.forEach((engine, j) => {
    const x = left + j * 110;
    parts.push(`<rect x="${x}" y="${height - 20}" width="12" height="12" fill="${COLORS[j % COLORS.length]}"/>`);
    parts.push(`<text x="${x + 18}" y="${height - 10}">${engine}</text>`);
  });
  parts.push('</svg>');
  return parts.join('\n');
}
