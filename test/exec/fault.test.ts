import t from 'tap';
import { commandName, eachReport, FaultInjector, isEach, parseFault } from '../../exec/fault.ts';
import type { ObservedCall } from '../../exec/observer.ts';

const call = (cmd: number): ObservedCall => ({ cmd }) as ObservedCall;

t.test('parseFault() reads all forms', async (t) => {
  t.strictSame(parseFault('BPF_MAP_CREATE=ENOMEM'), { cmd: 0, first: 1, last: Number.POSITIVE_INFINITY, errno: 12 });
  t.strictSame(parseFault('MAP_CREATE:2=ENOMEM'), { cmd: 0, first: 2, last: 2, errno: 12 });
  t.strictSame(parseFault('prog_load:3+=eperm'), { cmd: 5, first: 3, last: Number.POSITIVE_INFINITY, errno: 1 });
  t.strictSame(parseFault('any:7=524'), { cmd: undefined, first: 7, last: 7, errno: 524 });
  const each = parseFault('*:each=EINTR');
  t.ok(isEach(each));
  t.strictSame(each, { cmd: undefined, errno: 4 });
});

t.test('parseFault() says what is wrong', async (t) => {
  t.throws(() => parseFault('MAP_CREATE'), /CMD\[:n\|:n\+\|:each\]=ERRNO is wanted/);
  t.throws(() => parseFault('MAP_MAKE=ENOMEM'), /no command BPF_MAP_MAKE/);
  t.throws(() => parseFault('MAP_CREATE=ENOTHING'), /no error ENOTHING/);
  t.throws(() => parseFault('MAP_CREATE:0=ENOMEM'), /counted from 1/);
  t.throws(() => parseFault('MAP_CREATE=4096'), /no error 4096/);
});

t.test('FaultInjector counts the calls of each rule by itself', async (t) => {
  const rules = ['MAP_CREATE:2=ENOMEM', 'any:4+=EINTR'].map(parseFault).filter((rule) => !isEach(rule));
  const faults = new FaultInjector(rules);
  t.strictSame(
    [0, 5, 0, 0, 5].map((cmd) => faults.enter(call(cmd))),
    [0, 0, -12, -4, -4],
  );
  t.equal(faults.injected, 3);
});

t.test('commandName() has a name for every number', async (t) => {
  t.equal(commandName(0), 'BPF_MAP_CREATE');
  t.equal(commandName(10), 'BPF_PROG_TEST_RUN');
  t.equal(commandName(99), 'BPF_#99');
});

t.test('eachReport() tells how each run ended', async (t) => {
  const report = eachReport(12, 0, [
    { n: 1, cmd: 0, status: 1, killed: false },
    { n: 2, cmd: 2, status: 0, killed: false },
    { n: 3, cmd: undefined, status: 139, killed: true },
  ]);
  t.match(report, /call {4}1 {2}BPF_MAP_CREATE .* ENOMEM {2}exit 1\n/);
  t.match(report, /BPF_MAP_UPDATE_ELEM .* exit 0, as without the fault/);
  t.match(report, /not reached .* killed by signal 11/);
  t.match(report, /3 runs: 1 ended as without a fault, 1 with another status, 1 by a signal/);
});
