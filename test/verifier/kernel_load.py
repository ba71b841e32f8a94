"""Asks the kernel of this machine for its verdict: one JSON request a line on stdin, one answer a line on stdout.

{"insns": hex, "type": n, "level": n, "perfmon": bool} -> {"errno": n, "log": text}   PROG_LOAD; level 0: no log

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

for line in sys.stdin:
    q = json.loads(line)
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
