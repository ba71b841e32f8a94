"""Capabilities of the scripts that ask the kernel of this machine."""
import ctypes, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)


def effective(drop):
    """Leaves out capabilities from the effective set of this process."""
    header = struct.pack('<Ii', 0x20080522, 0)
    data = ctypes.create_string_buffer(24)
    libc.capget(header, data)
    low, permitted_low, inherited_low, high, permitted_high, inherited_high = struct.unpack('<6I', data.raw)
    low, high = permitted_low & ~drop & 0xffffffff, permitted_high & ~(drop >> 32)
    if libc.capset(header, struct.pack('<6I', low, permitted_low, inherited_low, high, permitted_high, inherited_high)):
        sys.exit('capset: %s' % os.strerror(ctypes.get_errno()))
