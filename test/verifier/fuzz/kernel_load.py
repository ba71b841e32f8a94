"""Asks the kernel of this machine for its verdicts: JSON on stdin, one answer a line on stdout.

First line: {"btf": hex, "maps": [[number, type, key, value, max, flags, btf value type, inner number], ...]}
Then a program a line:
{"insns": hex, "type": n, "attach": n, "flags": n, "level": n, "perfmon": bool, "func_info": hex, "whole": bool}
-> {"errno": n, "last": last line of the log, "hash": MD5 of the log, "log": the log, when whole}

With "seconds" a verification that takes longer ends with EAGAIN.
Descriptors in lddw of maps are the numbers given, from 1000 prog arrays made when asked for; without perfmon the load is made
without CAP_PERFMON and CAP_SYS_ADMIN. Addresses of the kernel are masked in the log.
"""
import ctypes, hashlib, json, os, re, signal, struct, sys

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from kernel_caps import effective

libc = ctypes.CDLL(None, use_errno=True)
NR_BPF = 321
LOG = 1 << 20
SIZE = 168
log = ctypes.create_string_buffer(LOG)
license = ctypes.create_string_buffer(b'GPL')
attr_buf = ctypes.create_string_buffer(SIZE)
PEAK = re.compile(rb'peak_states \d+')
ADDRESS = re.compile(rb'0xffff[0-9a-f]{12}')


def bpf(cmd, attr):
    ctypes.memset(attr_buf, 0, SIZE)
    ctypes.memmove(attr_buf, attr, len(attr))
    ret = libc.syscall(NR_BPF, cmd, attr_buf, SIZE)
    return ret, ctypes.get_errno() if ret < 0 else 0


def must(what, result):
    ret, err = result
    if err:
        sys.exit('%s: %s' % (what, os.strerror(err)))
    return ret


NO_PERFMON = 1 << 38 | 1 << 21
setup = json.loads(sys.stdin.readline())
btf_bytes = ctypes.create_string_buffer(bytes.fromhex(setup['btf']))
btf = must('BTF_LOAD', bpf(18, struct.pack('<QQII', ctypes.addressof(btf_bytes), 0, len(btf_bytes) - 1, 0)))
maps = {}
for number, kind, key, value, most, flags, type_id, inner in setup['maps']:
    attr = struct.pack('<IIIIIII16sIIIII', kind, key, value, most, flags, maps.get(inner, 0), 0, b'', 0,
                       btf if type_id else 0, setup['int'] if type_id else 0, type_id, 0)
    maps[number] = must('MAP_CREATE %d' % number, bpf(0, attr))


def map_fd(number):
    if number >= 1000 and number not in maps:
        maps[number] = must('MAP_CREATE', bpf(0, struct.pack('<IIII', 3, 4, 4, 4)))
    return maps.get(number, -1)


dropped = False
signal.signal(signal.SIGALRM, lambda *_: None)
for line in sys.stdin:
    q = json.loads(line)
    insns = bytearray.fromhex(q['insns'])
    i = 0
    while i < len(insns):
        if insns[i] == 0x18:
            if insns[i + 1] >> 4 in (1, 2) and i + 8 < len(insns):
                struct.pack_into('<i', insns, i + 4, map_fd(struct.unpack_from('<i', insns, i + 4)[0]))
            i += 8
        i += 8
    code = (ctypes.c_char * len(insns)).from_buffer(insns)
    info = ctypes.create_string_buffer(bytes.fromhex(q.get('func_info', '')))
    count = (len(info) - 1) // 8
    level = q.get('level', 0)
    log[0] = b'\0'
    attr = struct.pack('<IIQQIIQII16sIIIIQI', q['type'], len(insns) // 8, ctypes.addressof(code),
                       ctypes.addressof(license), level, LOG if level else 0, ctypes.addressof(log) if level else 0,
                       0, q.get('flags', 0), b'', 0, q.get('attach', 0), btf if count else 0, 8 if count else 0,
                       ctypes.addressof(info) if count else 0, count)
    drop = not q.get('perfmon', True)
    if drop != dropped:
        effective(NO_PERFMON if drop else 0)
        dropped = drop
    # A signal ends a verification with EAGAIN.
    signal.setitimer(signal.ITIMER_REAL, q.get('seconds', 0))
    fd, err = bpf(5, attr)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if fd >= 0:
        os.close(fd)
    answer = {'errno': err}
    if level:
        text = PEAK.sub(b'peak_states N', ADDRESS.sub(b'ADDR', log.value))
        answer['hash'] = hashlib.md5(text).hexdigest()
        answer['last'] = text[-600:].decode('latin-1')
        if q.get('whole'):
            answer['log'] = text.decode('latin-1')
    print(json.dumps(answer))
