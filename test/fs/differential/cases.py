#!/usr/bin/env python3
"""Random file operations on a bpffs: cases.py KIND MOUNT BPF SEED COUNT

KIND is `names` (everything that changes or looks at names and attributes, as root and as a
user with this and that capability), `reads` (reading pinned maps in odd pieces while they
change) or `listing` (directories in small pieces while they change). BPF says how bpf(2) is reached, as the replay of recordings has it. One JSON line a
case: number, steps, results. The same seed gives the same steps, so two mounts can be compared.
BPF_EMU_ORACLE names the recordings, whose step interpreter (bpffs/core.py) is used."""
import json, os, random, shutil, sys, tempfile

sys.path.insert(0, os.path.join(os.environ['BPF_EMU_ORACLE'], 'bpffs'))
import core

NAMES = ['a', 'b', 'c', 'd', 'x.y', '.h', 's', 'p', 'q', '{n*255}', '{n*256}', 'a/b', 'a/c', 'b/a', 'b/../c', 's/a', './a',
         'a/', 's/', 'p/', 'c/d/e', '..', '.', 'a/..', '']
MODES = ['0755', '0700', '0777', '0644', '0000', '01777', '02755', '04755', '07777', '0500', '0300']
CALLERS = [{'uid': 1000}, {'uid': 1000, 'groups': [0]}, {'uid': 1000, 'caps': ['DAC_OVERRIDE']},
           {'uid': 1000, 'caps': ['DAC_READ_SEARCH']}, {'uid': 1000, 'caps': ['FOWNER']}]
OPENS = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_RDONLY|O_CREAT', 'O_WRONLY|O_CREAT|O_TRUNC', 'O_RDWR|O_CREAT|O_EXCL',
         'O_RDONLY|O_DIRECTORY', 'O_RDONLY|O_NOFOLLOW', 'O_PATH', 'O_WRONLY|O_TRUNC', 'O_RDONLY|O_DIRECTORY|O_CREAT',
         'O_PATH|O_NOFOLLOW']


def name(r):
    return '$D/' + r.choice(NAMES) if r.random() < 0.97 else r.choice(['$D', '$O/f', '$D//a', '$O'])


def name_step(r):
    """One random operation on names."""
    op = r.choice(['mkdir'] * 3 + ['symlink'] * 2 + ['link'] + ['rename', 'renameat2', 'unlink', 'readdir', 'pin'] * 2 +
                  ['rmdir', 'chmod', 'chown', 'lstat', 'stat', 'open', 'get', 'readlink', 'truncate', 'access', 'mknod', 'creat',
                   'openat2', 'linkat', 'listxattr', 'getxattr'])
    n = name(r)
    arguments = {
        'mkdir': lambda: [n, r.choice(MODES)],
        'symlink': lambda: [r.choice(['a', 'b', '../a', '$D/a', 'x.y', 's', 'p', 'nowhere', '$O/f']), n],
        'link': lambda: [n, name(r)],
        'linkat': lambda: ['AT_FDCWD', n, name(r), r.choice(['AT_SYMLINK_FOLLOW', '0'])],
        'rename': lambda: [n, name(r)],
        'renameat2': lambda: [n, name(r), r.choice(['RENAME_NOREPLACE', 'RENAME_EXCHANGE', 'RENAME_WHITEOUT', '3', '0'])],
        'chmod': lambda: [n, r.choice(MODES)],
        'chown': lambda: [n, r.choice([0, 1000, -1]), r.choice([0, 1000, -1])],
        'open': lambda: [n, r.choice(OPENS), '0644', '->f'],
        'openat2': lambda: ['AT_FDCWD', n, 'O_RDONLY', '0', r.choice(['RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_XDEV']), '->f'],
        'pin': lambda: [r.choice(['m', 'n', 'f']), n],
        'get': lambda: [n, {'flags': r.choice([0, 0, 8, 16])}, '->g'],
        'truncate': lambda: [n, r.choice([0, 5])],
        'access': lambda: [n, r.choice([0, 1, 2, 4, 7])],
        'mknod': lambda: [n, r.choice(['S_IFREG', 'S_IFIFO', 'S_IFSOCK', 'S_IFCHR'])],
        'creat': lambda: [n, '0644'],
        'getxattr': lambda: [n, r.choice(['user.x', 'trusted.x', 'security.x', 'system.posix_acl_access', 'foo'])],
    }
    return [op] + arguments.get(op, lambda: [n])()


def names_case(r):
    steps = [['btf_load', [core.INT], '->b'],
             ['map_create', dict(type='array', key=4, value=4, max=2, btf='b', ktid=1, vtid=1, name='m'), '->m'],
             ['map_create', dict(type='hash', key=4, value=8, max=2, name='n'), '->n'],
             ['chmod', '$D', r.choice(['0777', '01777', '0755', '02777'])],
             ['mkdir', '$D/a', '0755'], ['symlink', 'a', '$D/s'], ['pin', 'm', '$D/p'], ['pin', 'n', '$D/q']]
    for _ in range(r.randrange(10, 40)):
        if r.random() < 0.3:
            steps.append(['as', r.choice(CALLERS), [name_step(r) for _ in range(r.randrange(1, 4))]])
        else:
            steps.append(name_step(r))
    return steps + [['lstat', '$D/' + x] for x in 'abcdspq'] + [['readdir', p] for p in ('$D', '$D/a', '$D/b')]


def reads_case(r):
    count, size = r.choice([1, 3, 50, 300, 700, 1500]), r.choice([4, 8, 64, 1000, 5000])
    count = min(count, 50) if size >= 1000 else count
    kind = r.choice(['array', 'array', 'percpu_array'])
    whole = (size + 7) // 8 * 8

    def byte():
        return '%02x' % r.randrange(1, 256)

    def update():
        value = byte() * size if kind == 'array' else {'percpu': [byte() * whole for _ in range(2)]}
        return ['map_update', 'm', r.randrange(count).to_bytes(4, 'little').hex(), value]
    types = [core.INT, ['int', 'unsigned int', 4, 0], ['array', 2, 1, size // 4]]
    create = dict(type=kind, key=4, value=size, max=count, btf='b', ktid=1, vtid=3 if size > 4 else 2)
    steps = [['btf_load', types, '->b'], ['map_create', create, '->m']] + [update() for _ in range(r.randrange(6))]
    steps += [['pin', 'm', '$D/x'], ['open', '$D/x', 'O_RDONLY', '0', '->f']]
    for _ in range(r.randrange(3, 25)):
        what = r.random()
        if what < 0.55:
            steps.append(['read', 'f', r.choice([0, 1, 5, 50, 100, 1000, 4000, 4095, 4096, 4097, 8192, 65536, 131072, 200000])])
        elif what < 0.85:
            at = r.choice([0, 0, 1, 50, 91, 92, 100, 1000, 4000, 4095, 4096, 5000, 9000, 100000])
            steps.append(['pread', 'f', r.choice([1, 10, 100, 4096, 20000]), at])
        elif what < 0.93:
            steps.append(update())
        else:
            steps += [['close', 'f'], ['open', '$D/x', 'O_RDONLY', '0', '->f']]
    return steps


def listing_case(r):
    """Directories listed in small pieces, by several readers at once, while entries come, go and move."""
    names = ['n%02d' % i for i in range(r.choice([3, 8, 20, 60]))]
    steps = [['mkdir', '$D/d']] + [['mkdir', '$D/d/' + n] for n in names]

    def change():
        a, b = r.choice(names), r.choice(names + ['new1', 'new2'])
        return r.choice([['rmdir', '$D/d/' + a], ['mkdir', '$D/d/' + b], ['rename', '$D/d/' + a, '$D/d/' + b], ['chmod', '$D/d', '0755'],
                         ['rename', '$D/d/' + a, '$D/out'], ['symlink', 'x', '$D/d/' + b], ['unlink', '$D/d/' + b],
                         ['renameat2', '$D/d/' + a, '$D/d/' + r.choice(names), 'RENAME_EXCHANGE'], ['lstat', '$D/d/' + a]])
    opened = []
    for _ in range(r.randrange(10, 50)):
        what = r.random()
        if what < 0.15:
            steps.append(['readdir', '$D/d'])
        elif what < 0.3 or not opened:
            opened.append('f%d' % len(opened))
            steps.append(['open', '$D/d', 'O_RDONLY', '0', '->' + opened[-1]])
        elif what < 0.6:
            steps.append(['getdents', r.choice(opened), r.choice([40, 60, 110, 250, 65536])])
        elif what < 0.65:
            steps.append(['lseek', r.choice(opened), 0])
        else:
            steps.append(change())
    return steps + [['getdents', f, 65536] for f in opened] + [['readdir', '$D/d']]


CASES = {'names': names_case, 'reads': reads_case, 'listing': listing_case}


def clear(path):
    for where, dirs, files in os.walk(path):
        for d in dirs:
            if not os.path.islink(os.path.join(where, d)):
                os.chmod(os.path.join(where, d), 0o755)
    shutil.rmtree(path, ignore_errors=True)


def main(kind, mount, bpf, seed, count):
    core.BPF = core.Bpf(bpf)
    os.umask(0o022)
    r = random.Random(int(seed))
    base = os.path.join(mount, 'base')
    os.makedirs(base, exist_ok=True)
    for number in range(int(count)):
        steps = CASES[kind](r)
        inside, outside = os.path.join(base, str(number)), tempfile.mkdtemp(prefix='bpf-emu-case-')
        os.mkdir(inside)
        os.chmod(outside, 0o777)
        open(os.path.join(outside, 'f'), 'w').close()
        context = core.Ctx(mount, inside, outside)

        def run():
            os.setsid()
            os.chdir('/')
            return core.run_steps(context, steps)
        print(json.dumps([number, steps, core.in_child(run, 20)]), flush=True)
        os.chmod(inside, 0o755)
        clear(inside)
        clear(outside)


main(*sys.argv[1:])
