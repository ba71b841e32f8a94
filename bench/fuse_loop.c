/*
 * The least a FUSE server can do, in C: a root with one file "test" that opens, and answers
 * an ioctl with what it was given. One thread, blocking reads, long timeouts. It is the
 * yardstick for what the kernel's side of a request costs.
 *
 *   fuse_loop DIR      mounts, prints "mounted", serves until it is unmounted
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int fd;
static char in[1 << 18], out[1 << 18];

static void reply(uint64_t unique, int error, size_t size) {
	struct fuse_out_header *header = (void *)out;
	*header = (struct fuse_out_header){sizeof *header + size, error, unique};
	if (write(fd, out, header->len) < 0 && errno != ENOENT) perror("write");
}

static void attr(struct fuse_attr *a, uint64_t node) {
	*a = (struct fuse_attr){.ino = node, .mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0666, .nlink = 1, .blksize = 4096};
}

static void serve(void) {
	struct fuse_in_header *header = (void *)in;
	void *body = in + sizeof *header, *answer = out + sizeof(struct fuse_out_header);
	memset(answer, 0, 256);
	switch (header->opcode) {
	case FUSE_INIT: {
		struct fuse_init_in *i = body;
		struct fuse_init_out *o = answer;
		o->major = 7, o->minor = i->minor < 38 ? i->minor : 38, o->max_write = 131072, o->time_gran = 1;
		o->max_background = 64, o->congestion_threshold = 48, o->max_readahead = i->max_readahead;
		return reply(header->unique, 0, 64);
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out *o = answer;
		if (strcmp(body, "test") != 0) return reply(header->unique, -ENOENT, 0);
		o->nodeid = 2, o->generation = 1, o->entry_valid = o->attr_valid = 86400;
		attr(&o->attr, 2);
		return reply(header->unique, 0, sizeof *o);
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out *o = answer;
		o->attr_valid = 86400;
		attr(&o->attr, header->nodeid);
		return reply(header->unique, 0, sizeof *o);
	}
	case FUSE_OPEN:
	case FUSE_OPENDIR: {
		struct fuse_open_out *o = answer;
		o->open_flags = header->opcode == FUSE_OPEN ? FOPEN_DIRECT_IO | FOPEN_NOFLUSH : 0;
		return reply(header->unique, 0, sizeof *o);
	}
	case FUSE_READDIR: {
		struct fuse_read_in *i = body;
		struct fuse_dirent *e = answer;
		if (i->offset > 0) return reply(header->unique, 0, 0);
		*e = (struct fuse_dirent){.ino = 2, .off = 1, .namelen = 4, .type = 8};
		memcpy(e->name, "test", 4);
		return reply(header->unique, 0, 32);
	}
	case FUSE_IOCTL: {
		struct fuse_ioctl_in *i = body;
		memset(answer, 0, sizeof(struct fuse_ioctl_out));
		memcpy((char *)answer + sizeof(struct fuse_ioctl_out), i + 1, i->in_size);
		return reply(header->unique, 0, sizeof(struct fuse_ioctl_out) + i->in_size);
	}
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		return reply(header->unique, 0, 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		return reply(header->unique, -ENOSYS, 0);
	}
}

int main(int argc, char **argv) {
	char options[128];
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof options, "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions", fd);
	if (fd < 0 || argc < 2 || mount("fuse_loop", argv[1], "fuse", 0, options) < 0) return perror("fuse_loop"), 1;
	puts("mounted");
	fflush(stdout);
	for (;;) {
		if (read(fd, in, sizeof in) > 0) serve();
		else if (errno == ENODEV) return 0;
		else if (errno != EINTR && errno != ENOENT) return perror("read"), 1;
	}
}
