"""Asks the kernel of this machine by bpf(2): one JSON request a line on stdin, one JSON answer a line on stdout.

{"btf": hex, "level": n, "size": n}           -> {"errno": n, "log": text, "true": n}   BTF_LOAD
{"btf": hex, "map": [type, key, value, max, flags, key_id, value_id]} -> {"errno": n}    MAP_CREATE with this BTF
"""
import ctypes, json, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
NR_BPF = 321


def bpf(cmd, attr):
    buf = ctypes.create_string_buffer(bytes(attr), len(attr))
    ret = libc.syscall(NR_BPF, cmd, buf, len(attr))
    return ret, (ctypes.get_errno() if ret < 0 else 0), buf.raw


def load(data, level, size):
    src = ctypes.create_string_buffer(data, len(data))
    log = ctypes.create_string_buffer(b'\xaa' * size, size) if size else None
    attr = struct.pack('<QQIIIIII', ctypes.addressof(src), ctypes.addressof(log) if size else 0, len(data), size, level, 0, 0, 0)
    fd, err, out = bpf(18, attr)
    text = log.raw.split(b'\0')[0].decode('latin-1') if size and b'\0' in log.raw else ''
    return fd, err, text, struct.unpack_from('<I', out, 28)[0]


for line in sys.stdin:
    q = json.loads(line)
    data = bytes.fromhex(q['btf'])
    if 'map' not in q:
        fd, err, text, true = load(data, q.get('level', 0), q.get('size', 0))
        print(json.dumps({'errno': err, 'log': text, 'true': true}))
    else:
        fd, err, _, _ = load(data, 0, 0)
        if fd < 0:
            print(json.dumps({'errno': err, 'btf': 1}))
            continue
        t, k, v, m, f, kid, vid = q['map']
        attr = bytearray(128)
        struct.pack_into('<IIIII', attr, 0, t, k, v, m, f)
        struct.pack_into('<III', attr, 48, fd, kid, vid)
        mfd, err, _ = bpf(0, attr)
        if mfd >= 0:
            os.close(mfd)
        print(json.dumps({'errno': err}))
    if fd >= 0:
        os.close(fd)
