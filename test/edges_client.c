/*
 * What lies at the edge: packets of all sizes, and addresses where memory may not be. Prints a
 * line for each; the same on Linux and under exec.
 *
 *   edges_client packets|addresses
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof array / sizeof *array)

static long bpf(int cmd, union bpf_attr *attr) { return syscall(SYS_bpf, cmd, attr, sizeof *attr); }

static uint64_t ptr(const void *p) { return (uint64_t)(uintptr_t)p; }

static int load(int type, int attach, int flags, const struct bpf_insn *insns, int count) {
	union bpf_attr attr = {.prog_type = type, .insns = ptr(insns), .insn_cnt = count, .license = ptr("GPL")};
	attr.expected_attach_type = attach;
	attr.prog_flags = flags;
	return bpf(BPF_PROG_LOAD, &attr);
}

/* ---- packets ---- */

#define MAX (1u << 24)
#define PAGE 4096

static const struct {
	const char *name;
	int type, attach, flags, result;
} types[] = {
    {"socket_filter", BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, 0},
    {"cls", BPF_PROG_TYPE_SCHED_CLS, 0, 0, 0},
    {"act", BPF_PROG_TYPE_SCHED_ACT, 0, 0, 0},
    {"xdp", BPF_PROG_TYPE_XDP, 0, 0, 2},
    {"xdp_frags", BPF_PROG_TYPE_XDP, 0, BPF_F_XDP_HAS_FRAGS, 2},
    {"cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB, 0, 0, 1},
    {"lwt_in", BPF_PROG_TYPE_LWT_IN, 0, 0, 0},
    {"lwt_xmit", BPF_PROG_TYPE_LWT_XMIT, 0, 0, 0},
    {"flow_dissector", BPF_PROG_TYPE_FLOW_DISSECTOR, 0, 0, 0},
    {"netfilter", 32, 45, 0, 1},
    {"sk_lookup", BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 0, 1},
    {"seg6", BPF_PROG_TYPE_LWT_SEG6LOCAL, 0, 0, 0},
};

static const unsigned sizes[] = {
    0,    1,    2,    13,   14,   15,   17,   18,   20,   33,    34,    54,    64,    1499,  1500,  1514,   3000,    3400,    3500,       3519,        3520,
    3521, 3600, 3700, 3776, 3777, 3800, 3840, 3841, 4000, 4095,  4096,  4097,  8192,  9000,  9014,  16384,  65534,   65535,   65536,      65549,       65550,
    69632, 70000, 73000, 131072, 1 << 20, 1 << 24, 0x7fffffff, 0x80000000u, 0xffffffffu,
};

static void packet(int fd, const char *name, unsigned size, int mode, char *data, char *out) {
	union bpf_attr attr;
	struct xdp_md md = {.data_end = size};
	memset(&attr, 0, sizeof attr);
	attr.test.prog_fd = fd;
	attr.test.data_in = ptr(data);
	attr.test.data_size_in = size;
	if (mode == 1 || mode == 2) attr.test.data_out = ptr(out);
	if (mode == 1) attr.test.data_size_out = MAX;
	if (mode == 2) attr.test.data_size_out = 10;
	if (mode == 3) {
		attr.test.ctx_in = attr.test.ctx_out = ptr(&md);
		attr.test.ctx_size_in = attr.test.ctx_size_out = sizeof md;
	}
	if (mode == 4 || mode == 5) {
		attr.test.ctx_in = ptr(&md);
		attr.test.ctx_size_in = sizeof md;
		attr.test.ctx_out = ptr(out);
		attr.test.ctx_size_out = mode == 4 ? 8 : sizeof md;
	}
	long result = bpf(BPF_PROG_TEST_RUN, &attr);
	printf("%s %u %d: %d %d %u %u\n", name, size, mode, result < 0 ? errno : 0, attr.test.retval, attr.test.data_size_out, mode == 3 ? md.data_end : 0);
}

static void packets(void) {
	char *data = mmap(NULL, MAX + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *out = mmap(NULL, MAX + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(data + MAX, PAGE, PROT_NONE);
	mprotect(out + MAX, PAGE, PROT_NONE);
	for (int v6 = 0; v6 < 2; v6++) {
		data[12] = v6 ? 0x86 : 8;
		data[13] = v6 ? 0xdd : 0;
		data[14] = v6 ? 0x60 : 0x45;
		for (unsigned t = 0; t < COUNT(types); t++) {
			struct bpf_insn insns[] = {{.code = 0xb7, .imm = types[t].result}, {.code = 0x95}};
			int fd = load(types[t].type, types[t].attach, types[t].flags, insns, 2);
			int modes = types[t].type == BPF_PROG_TYPE_XDP ? 4 : 3;
			for (unsigned s = 0; s < COUNT(sizes); s++)
				for (int mode = 0; mode < modes; mode++) packet(fd, types[t].name, sizes[s], mode, data, out);
			close(fd);
		}
	}
	struct bpf_insn insns[] = {{.code = 0xb7}, {.code = 0x95}};
	int fd = load(BPF_PROG_TYPE_SCHED_CLS, 0, 0, insns, 2);
	for (int size = 12; size < 17; size++) {
		packet(fd, "edge", size, 0, data + MAX - 14, out);
		packet(fd, "edge out", 64, 2, data, out + MAX - size + 4);
	}
	int xdp = load(BPF_PROG_TYPE_XDP, 0, 0, insns, 2);
	for (int size = 0; size <= 24; size += 4)
		for (int mode = 4; mode < 6; mode++) packet(xdp, "context out", 64, mode, data, out + MAX - size);
}

/* ---- addresses ---- */

static const uint64_t addresses[] = {
    0,
    1,
    8,
    4095,
    4096,
    65535,
    65536,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x7ffffffff000,
    0x7fffffffefff,
    0x7fffffffffff,
    0x800000000000,
    0x800000001000,
    0x8000000000000000,
    0xff00000000000000,
    0xffff000000000000,
    0xffff7fffffffffff,
    0xffff800000000000,
    0xffffffff00000000,
    0xffffffffffffff00,
    0xfffffffffffff000,
    0xfffffffffffffff8,
    0xfffffffffffffffc,
    0xffffffffffffffff,
};

static const int helpers[] = {
    BPF_FUNC_probe_read,          BPF_FUNC_probe_read_str,        BPF_FUNC_probe_read_user, BPF_FUNC_probe_read_kernel,
    BPF_FUNC_probe_read_user_str, BPF_FUNC_probe_read_kernel_str,
};

static const int lengths[] = {0, 1, 4, 8, 16, 64};

/* r0: the low 16 bits of what the helper returns, and of what is in the buffer then, which was all ones. */
static void address(int helper, uint64_t at, int length) {
	struct bpf_insn insns[24] = {{.code = 0xb7, .dst_reg = 1, .imm = -1}};
	int n = 1;
	for (int off = -64; off < 0; off += 8) insns[n++] = (struct bpf_insn){.code = 0x7b, .dst_reg = 10, .src_reg = 1, .off = off};
	insns[n++] = (struct bpf_insn){.code = 0xbf, .dst_reg = 1, .src_reg = 10};
	insns[n++] = (struct bpf_insn){.code = 0x07, .dst_reg = 1, .imm = -64};
	insns[n++] = (struct bpf_insn){.code = 0xb7, .dst_reg = 2, .imm = length};
	insns[n++] = (struct bpf_insn){.code = 0x18, .dst_reg = 3, .imm = (int)at};
	insns[n++] = (struct bpf_insn){.imm = (int)(at >> 32)};
	insns[n++] = (struct bpf_insn){.code = 0x85, .imm = helper};
	insns[n++] = (struct bpf_insn){.code = 0x57, .dst_reg = 0, .imm = 0xffff};
	insns[n++] = (struct bpf_insn){.code = 0x67, .dst_reg = 0, .imm = 16};
	insns[n++] = (struct bpf_insn){.code = 0x69, .dst_reg = 7, .src_reg = 10, .off = -64};
	insns[n++] = (struct bpf_insn){.code = 0x4f, .dst_reg = 0, .src_reg = 7};
	insns[n++] = (struct bpf_insn){.code = 0x95};
	int fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, insns, n);
	union bpf_attr attr = {.test = {.prog_fd = fd}};
	long result = bpf(BPF_PROG_TEST_RUN, &attr);
	printf("%d %llx %d: %d %d %x\n", helper, (unsigned long long)at, length, result < 0 ? errno : 0, (int16_t)(attr.test.retval >> 16),
	       attr.test.retval & 0xffff);
	close(fd);
}

int main(int argc, char **argv) {
	if (argc < 2) return 2;
	if (strcmp(argv[1], "packets") == 0) packets();
	else
		for (unsigned h = 0; h < COUNT(helpers); h++)
			for (unsigned a = 0; a < COUNT(addresses); a++)
				for (unsigned l = 0; l < COUNT(lengths); l++) address(helpers[h], addresses[a], lengths[l]);
	return 0;
}
