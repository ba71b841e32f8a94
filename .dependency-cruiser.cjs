/**
 * The layers of the project, checked on the compiled code: arrows go one way and
 * there is no cycle. The core (everything up to syscall/) imports nothing from Node,
 * so that it also runs in a worker, a test without a mount, or a browser.
 */
const LAYERS = ['uapi', 'mm', 'base', 'btf', 'maps', 'vm', 'syscall', 'elf', 'native', 'fs', 'exec', 'cli'];
const CORE = LAYERS.slice(0, LAYERS.indexOf('native'));

/** One rule a layer: it may not import a layer above it. */
const upward = LAYERS.slice(0, -1).map((layer, index) => ({
  name: `${layer}-imports-upwards`,
  severity: 'error',
  from: { path: `^dist/${layer}/` },
  to: { path: `^dist/(${LAYERS.slice(index + 1).join('|')}|test|bench)/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: `^dist/(${CORE.join('|')})/` },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...upward,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.d\\.ts$|^dist/bundle/' },
    moduleSystems: ['es6', 'cjs'],
  },
};
