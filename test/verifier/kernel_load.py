"""Asks the kernel of this machine for its verdict: one JSON request a line on stdin, one answer a line on stdout.

{"insns": hex, "type": n, "level": n, "perfmon": bool} -> {"errno": n, "log": text}   PROG_LOAD; level 0: no log
{"ops": [{"cmd": n, "attr": hex, "data": [[attr offset, hex]], "fds": [[data or -1, offset, op]], "log": attr offset,
          "caps": n}]} -> {"rets": [n], "log": text}   calls in order, to the first that fails; fds: descriptors that
                                                      earlier calls answered, in the attr (-1) or in the data

Map descriptor 1 in a program stands for an array of 4 values of 16 bytes, 2 for a hash
of 8-byte keys and values of 48 bytes. Without perfmon the load is made without
CAP_PERFMON and CAP_SYS_ADMIN.
"""
import ctypes, json, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
NR_BPF = 321
LOG = 4 << 20
log = ctypes.create_string_buffer(LOG)
license = ctypes.create_string_buffer(b'GPL')


def bpf(cmd, attr):
    buf = ctypes.create_string_buffer(bytes(attr), 168)
    ret = libc.syscall(NR_BPF, cmd, buf, 168)
    return ret, ctypes.get_errno() if ret < 0 else 0


def effective(drop):
    """Leaves out capabilities from the effective set of this process."""
    header = struct.pack('<Ii', 0x20080522, 0)
    data = ctypes.create_string_buffer(24)
    libc.capget(header, data)
    low, permitted_low, inherited_low, high, permitted_high, inherited_high = struct.unpack('<6I', data.raw)
    low, high = permitted_low & ~drop & 0xffffffff, permitted_high & ~(drop >> 32)
    if libc.capset(header, struct.pack('<6I', low, permitted_low, inherited_low, high, permitted_high, inherited_high)):
        sys.exit('capset: %s' % os.strerror(ctypes.get_errno()))


NO_PERFMON = 1 << 38 | 1 << 21

maps = {}
for number, kind in ((1, (2, 4, 16, 4, 0)), (2, (1, 8, 48, 4, 0))):
    maps[number], err = bpf(0, struct.pack('<IIIII', *kind))
    if err:
        sys.exit('bpf(2): %s' % os.strerror(err))

ALL_CAPS = (1 << 41) - 1


def run(ops):
    rets, log[0] = [], b'\0'
    for op in ops:
        attr = bytearray.fromhex(op['attr'])
        data = [(at, bytearray.fromhex(text)) for at, text in op['data']]
        for where, at, number in op['fds']:
            struct.pack_into('<i', attr if where < 0 else data[where][1], at, rets[number])
        kept = [(at, ctypes.create_string_buffer(bytes(b), len(b) + 1)) for at, b in data]
        for at, buf in kept:
            if at < 0:
                continue
            struct.pack_into('<Q', attr, at, ctypes.addressof(buf))
        if 'log' in op and struct.unpack_from('<I', attr, op['log'] - 8)[0]:
            struct.pack_into('<Q', attr, op['log'], ctypes.addressof(log))
        effective(ALL_CAPS & ~op['caps'])
        ret, err = bpf(op['cmd'], attr)
        effective(0)
        rets.append(ret if ret >= 0 else -err)
        if ret < 0:
            break
    for op, ret in zip(ops, rets):
        if op['cmd'] in (0, 5, 18) and ret >= 0:
            os.close(ret)
    return {'rets': rets, 'log': log.value.decode('latin-1')}


for line in sys.stdin:
    q = json.loads(line)
    if 'ops' in q:
        print(json.dumps(run(q['ops'])))
        continue
    insns = bytearray.fromhex(q['insns'])
    i = 0
    while i < len(insns):
        if insns[i] == 0x18:
            if insns[i + 1] >> 4 in (1, 2):
                struct.pack_into('<i', insns, i + 4, maps.get(struct.unpack_from('<i', insns, i + 4)[0], -1))
            i += 8
        i += 8
    code = ctypes.create_string_buffer(bytes(insns), len(insns))
    level = q.get('level', 0)
    log[0] = b'\0'
    attr = struct.pack('<IIQQIIQ', q['type'], len(insns) // 8, ctypes.addressof(code), ctypes.addressof(license),
                       level, LOG if level else 0, ctypes.addressof(log) if level else 0)
    if not q.get('perfmon', True):
        effective(NO_PERFMON)
    fd, err = bpf(5, attr)
    effective(0)
    if fd >= 0:
        os.close(fd)
    print(json.dumps({'errno': err, 'log': log.value.decode('latin-1') if level else ''}))
