"""Asks the kernel of this machine: bpf(2) calls as JSON lines on stdin, answers as JSON lines on stdout.

{"op": "btf", "id", "hex"}                     BTF_LOAD
{"op": "map", "id", "kind": [type, key, value, max, flags], "vtype": ref}
{"op": "prog", "id", "type", "attach_type", "insns", "relocs": [[index, ref]], "attach": ref, "attach_prog": id,
 "btf": id, "func_info", "line_info", "core_relos", "flags", "license", "level"}   PROG_LOAD
{"op": "rawtp", "id", "prog", "name"}, {"op": "link", "id", "prog", "target", "attach_type", "target_btf_id"}

A ref is `kind:name` of a type of the kernel's BTF (`func:bpf_iter_task`), or the id of an earlier call.
With `record`, each request comes back with its answer in it, BTF ids of the kernel masked, after a line that says
which kernel it was: the golden file of kernel_btf.test.ts.
"""
import ctypes, json, os, re, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
LOG = 4 << 20
log = ctypes.create_string_buffer(LOG)
keep = []
KIND = {'int': 1, 'struct': 4, 'union': 5, 'enum': 6, 'typedef': 8, 'func': 12, 'var': 14}


def cbuf(data):
    buf = ctypes.create_string_buffer(bytes(data), max(len(data), 1))
    keep.append(buf)
    return ctypes.addressof(buf)


def bpf(cmd, attr):
    buf = ctypes.create_string_buffer(bytes(attr), 168)
    ret = libc.syscall(321, cmd, buf, 168)
    return ret, ctypes.get_errno() if ret < 0 else 0


def vmlinux():
    raw = open('/sys/kernel/btf/vmlinux', 'rb').read()
    head, = struct.unpack_from('<I', raw, 4)
    type_off, type_len, str_off, _ = struct.unpack_from('<IIII', raw, 8)
    strings = head + str_off
    extra = {1: 4, 3: 12, 14: 4, 17: 4}
    per = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
    at, number, names = head + type_off, 1, {}
    end = at + type_len
    while at < end:
        name, info, _ = struct.unpack_from('<III', raw, at)
        kind = info >> 24 & 31
        if name:
            names.setdefault((kind, raw[strings + name:raw.index(b'\0', strings + name)].decode()), number)
        at += 12 + extra.get(kind, 0) + per.get(kind, 0) * (info & 0xffff)
        number += 1
    return names


def header():
    """Bytes of types and of strings of the kernel's BTF: which kernel it was."""
    head = open('/sys/kernel/btf/vmlinux', 'rb').read(24)
    return list(struct.unpack('<II', head[12:16] + head[20:24]))


names = vmlinux()
fds = {}


def ref(what):
    if what is None:
        return 0
    if not isinstance(what, str):
        return what
    if ':' not in what:
        return fds.get(what, -1)
    kind, name = what.split(':')
    return names.get((KIND[kind], name), 0)


def prog_load(q):
    insns = bytearray.fromhex(q['insns'])
    for index, what in q.get('relocs', []):
        struct.pack_into('<i', insns, index * 8 + 4, ref(what))
    level = q.get('level', 2)
    log[0] = b'\0'
    attr = bytearray(168)
    struct.pack_into('<IIQQIIQII', attr, 0, q['type'], len(insns) // 8, cbuf(insns),
                     cbuf(q.get('license', 'GPL').encode() + b'\0'), level, LOG if level else 0,
                     ctypes.addressof(log) if level else 0, 0, q.get('flags', 0))
    struct.pack_into('<II', attr, 68, q.get('attach_type', 0), ref(q.get('btf')) & 0xffffffff)
    if 'func_info' in q:
        data = bytes.fromhex(q['func_info'])
        struct.pack_into('<IQI', attr, 76, 8, cbuf(data), len(data) // 8)
    if 'line_info' in q:
        data = bytes.fromhex(q['line_info'])
        struct.pack_into('<I', attr, 92, 16)
        struct.pack_into('<QI', attr, 96, cbuf(data), len(data) // 16)
    struct.pack_into('<II', attr, 108, ref(q.get('attach', q.get('attach_btf_id', 0))),
                     ref(q.get('attach_prog')) & 0xffffffff)
    if 'core_relos' in q:
        data = bytes.fromhex(q['core_relos'])
        struct.pack_into('<I', attr, 116, q.get('core_relo_cnt', len(data) // 16))
        struct.pack_into('<QI', attr, 128, cbuf(data), q.get('core_relo_rec_size', 16))
    return bpf(5, attr)


def call(q):
    op = q['op']
    if op == 'btf':
        data = bytes.fromhex(q['hex'])
        return bpf(18, struct.pack('<QQIIII', cbuf(data), 0, len(data), 0, 0, 0))
    if op == 'map':
        attr = bytearray(168)
        struct.pack_into('<IIIII', attr, 0, *q['kind'])
        struct.pack_into('<I', attr, 60, ref(q.get('vtype')))
        return bpf(0, attr)
    if op == 'prog':
        return prog_load(q)
    if op == 'rawtp':
        name = cbuf(q['name'].encode() + b'\0') if 'name' in q else 0
        return bpf(17, struct.pack('<QIIQ', name, ref(q['prog']) & 0xffffffff, 0, 0))
    return bpf(28, struct.pack('<IIIII', ref(q['prog']) & 0xffffffff, ref(q.get('target')) & 0xffffffff,
                               q.get('attach_type', 0), 0, ref(q.get('target_btf_id'))))


def masked(text):
    """Without ids of the kernel's types, and without what other programs left in its list of candidates."""
    text = re.sub(r'btf_id \d+ type', 'btf_id N type', text)
    text = re.sub(r'(found target candidate|matching candidate #\d+ <\w+>) \[\d+\]', r'\1 [N]', text)
    return re.sub(r'(_cand_cache:).*', r'\1', text)


if 'record' in sys.argv:
    print(json.dumps({'op': 'kernel', 'btf': header()}))
for line in sys.stdin:
    q = json.loads(line)
    if q['op'] == 'close':
        fd = fds.pop(q['id'], -1)
        if fd >= 0:
            os.close(fd)
        fd, errno = 0, 0
    else:
        fd, errno = call(q)
    answer = {'errno': errno}
    if q['op'] == 'prog' and q.get('level', 2):
        answer['log'] = masked(log.value.decode('latin-1'))
    if errno == 0 and q['op'] != 'close':
        if 'id' in q:
            fds[q['id']] = fd
        else:
            os.close(fd)
    keep.clear()
    print(json.dumps(q | answer if 'record' in sys.argv else answer))
