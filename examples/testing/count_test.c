/*
 * A unit test of ../progs/xdp_count.bpf.c with libbpf: an ordinary loader, which runs on the
 * emulator and, as root, on the kernel of the machine.
 *
 *   make -C ../progs && cc count_test.c -lbpf -o count_test
 *   bpf-emu exec -- ./count_test ../progs/xdp_count.bpf.o
 *   sudo ./count_test ../progs/xdp_count.bpf.o
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static int failures, number;

static void check(int ok, const char *what)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++number, what);
	failures += !ok;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = bpf_object__open_file(argc > 1 ? argv[1] : "xdp_count.bpf.o", NULL);

	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "cannot load the object\n");
		return 1;
	}
	int prog = bpf_program__fd(bpf_object__find_program_by_name(object, "xdp_count"));
	int map = bpf_object__find_map_fd_by_name(object, "by_protocol");

	unsigned char packet[60] = { [12] = 0x08, [14] = 0x45, [23] = IPPROTO_UDP };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof packet, .repeat = 5);
	check(bpf_prog_test_run_opts(prog, &options) == 0, "the program runs");
	check(options.retval == 2 /* XDP_PASS */, "the packet passes");

	unsigned int protocol = IPPROTO_UDP;
	unsigned long long count = 0;
	check(bpf_map_lookup_elem(map, &protocol, &count) == 0 && count == 5, "it is counted as often as it ran");
	protocol = IPPROTO_TCP;
	check(bpf_map_lookup_elem(map, &protocol, &count) == 0 && count == 0, "other protocols are not counted");

	printf("1..%d\n", number);
	bpf_object__close(object);
	return failures != 0;
}
