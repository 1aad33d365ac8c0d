/*
 * What a guest does by itself that busybox cannot, static:
 *   probe send CID PORT BYTES    connects over vsock, sends a pattern and checks the one that comes back
 *   probe serve PORT BYTES       the other end of that
 *   probe fuse BACKING MOUNT     serves BACKING's files at MOUNT over /dev/fuse: enough of the protocol to read, write and clone
 *   probe clone FROM TO          FICLONE, and whether TO then reads as FROM does
 *   probe shared FILE            whether the file system says that FILE's first extent is shared (FIEMAP)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

/* A pattern in which a byte that is missing, doubled or zero shows. */
static unsigned char pattern(size_t at) { return (at * 31 + (at >> 8) * 17 + (at >> 16)) & 0xff; }

/*
 * In pieces of 16 KB: from 6.17 on, what is written in pieces of more than 32 KB goes out as packets of many descriptors, and
 * vhost-device-vsock takes a packet's data in one only.
 */
static int send_all(int fd, size_t bytes)
{
	unsigned char buffer[16384];
	size_t at = 0;
	while (at < bytes) {
		size_t n = bytes - at < sizeof(buffer) ? bytes - at : sizeof(buffer);
		for (size_t i = 0; i < n; i++) buffer[i] = pattern(at + i);
		for (size_t sent = 0; sent < n;) {
			ssize_t one = write(fd, buffer + sent, n - sent);
			if (one <= 0) return fail("write");
			sent += one;
		}
		at += n;
	}
	return 0;
}

static int check_all(int fd, size_t bytes)
{
	unsigned char buffer[65536];
	size_t at = 0, wrong = 0, first = 0;
	while (at < bytes) {
		ssize_t n = read(fd, buffer, bytes - at < sizeof(buffer) ? bytes - at : sizeof(buffer));
		if (n <= 0) return fail("read");
		for (ssize_t i = 0; i < n; i++)
			if (buffer[i] != pattern(at + i) && !wrong++) first = at + i;
		at += n;
	}
	if (wrong) fprintf(stderr, "%zu wrong bytes of %zu, the first at %zu\n", wrong, bytes, first);
	return wrong != 0;
}

static int vsock(unsigned cid, unsigned port, size_t bytes, int serve)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0) return fail("socket");
	if (serve) {
		if (bind(fd, (void *)&address, sizeof(address)) || listen(fd, 1)) return fail("listen");
		printf("listening on %u\n", port);
		fflush(stdout);
		fd = accept(fd, NULL, NULL);
		if (fd < 0) return fail("accept");
	} else if (connect(fd, (void *)&address, sizeof(address))) {
		return fail("connect");
	}
	if (serve ? check_all(fd, bytes) || send_all(fd, bytes) : send_all(fd, bytes) || check_all(fd, bytes)) return 1;
	printf("%zu bytes each way over vsock, none of them wrong\n", bytes);
	/* The other end reads to the end before we go. */
	shutdown(fd, SHUT_WR);
	char last;
	(void)!read(fd, &last, 1);
	return 0;
}

/* ---- FUSE: files of one directory, each node is its index in `names`, plus 2 ---- */
#define OPCODE_REMAP 54
struct remap_in { uint64_t fh_in, off_in, nodeid_out, fh_out, off_out, len; uint32_t flags, padding; };

static char names[64][128];
static int count;
static const char *backing;

static const char *path_of(uint64_t node)
{
	static char path[512];
	if (node == FUSE_ROOT_ID) return backing;
	snprintf(path, sizeof(path), "%s/%s", backing, names[node - 2]);
	return path;
}

static uint64_t node_of(const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(names[i], name)) return i + 2;
	snprintf(names[count], sizeof(names[0]), "%s", name);
	return count++ + 2;
}

static int attributes(uint64_t node, struct fuse_attr *out)
{
	struct stat got;
	if (lstat(path_of(node), &got)) return -errno;
	memset(out, 0, sizeof(*out));
	out->ino = node;
	out->size = got.st_size;
	out->blocks = got.st_blocks;
	out->mode = got.st_mode;
	out->nlink = 1;
	out->blksize = 4096;
	return 0;
}

static void answer(int fd, uint64_t unique, int error, const void *data, size_t size)
{
	static char out[sizeof(struct fuse_out_header) + 262144];
	struct fuse_out_header header = { .len = sizeof(header) + (error ? 0 : size), .error = error, .unique = unique };
	memcpy(out, &header, sizeof(header));
	if (!error && size) memcpy(out + sizeof(header), data, size);
	(void)!write(fd, out, header.len);
}

static int fuse(const char *mountpoint)
{
	static char in[1 << 20], data[262144];
	char options[128];
	int fd = open("/dev/fuse", O_RDWR);
	if (fd < 0) return fail("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other", fd);
	if (mount("probe", mountpoint, "fuse.probe", MS_NOSUID | MS_NODEV, options)) return fail("mount");
	if (fork()) return 0;
	/* Whoever started us waits for the end of what we print: from here on that is the console. */
	int console = open("/dev/console", O_WRONLY);
	dup2(console, 1);
	dup2(console, 2);
	for (;;) {
		ssize_t size = read(fd, in, sizeof(in));
		if (size < 0 && errno == EINTR) continue;
		if (size < 0) return errno != ENODEV;
		struct fuse_in_header *header = (void *)in;
		char *body = in + sizeof(*header);
		uint64_t node = header->nodeid, unique = header->unique;
		struct fuse_entry_out entry = { .nodeid = node };
		switch (header->opcode) {
		case FUSE_INIT: {
			struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 65536,
				.max_write = 131072, .time_gran = 1, .flags = FUSE_BIG_WRITES, .max_background = 16, .congestion_threshold = 12 };
			answer(fd, unique, 0, &init, sizeof(init));
			break;
		}
		case FUSE_LOOKUP:
			entry.nodeid = node_of(body);
			answer(fd, unique, attributes(entry.nodeid, &entry.attr), &entry, sizeof(entry));
			break;
		case FUSE_GETATTR: {
			struct fuse_attr_out out = { 0 };
			answer(fd, unique, attributes(node, &out.attr), &out, sizeof(out));
			break;
		}
		case FUSE_SETATTR: {
			struct fuse_setattr_in *set = (void *)body;
			struct fuse_attr_out out = { 0 };
			int error = set->valid & FATTR_SIZE && truncate(path_of(node), set->size) ? -errno : 0;
			if (!error) error = attributes(node, &out.attr);
			answer(fd, unique, error, &out, sizeof(out));
			break;
		}
		case FUSE_OPEN: {
			struct fuse_open_out out = { .fh = open(path_of(node), O_RDWR) };
			answer(fd, unique, (int)out.fh < 0 ? -errno : 0, &out, sizeof(out));
			break;
		}
		case FUSE_CREATE: {
			struct { struct fuse_entry_out entry; struct fuse_open_out open; } out = { 0 };
			out.entry.nodeid = node_of(body + sizeof(struct fuse_create_in));
			out.open.fh = open(path_of(out.entry.nodeid), O_RDWR | O_CREAT | O_TRUNC, 0644);
			attributes(out.entry.nodeid, &out.entry.attr);
			answer(fd, unique, (int)out.open.fh < 0 ? -errno : 0, &out, sizeof(out));
			break;
		}
		case FUSE_READ: {
			struct fuse_read_in *from = (void *)body;
			ssize_t n = pread(from->fh, data, from->size < sizeof(data) ? from->size : sizeof(data), from->offset);
			answer(fd, unique, n < 0 ? -errno : 0, data, n);
			break;
		}
		case FUSE_WRITE: {
			struct fuse_write_in *to = (void *)body;
			struct fuse_write_out out = { .size = to->size };
			ssize_t n = pwrite(to->fh, body + sizeof(*to), to->size, to->offset);
			answer(fd, unique, n < 0 ? -errno : 0, &out, sizeof(out));
			break;
		}
		case OPCODE_REMAP: {
			struct remap_in *remap = (void *)body;
			struct file_clone_range range = { remap->fh_in, remap->off_in, remap->len, remap->off_out };
			struct fuse_write_out out = { .size = remap->len };
			int error = ioctl(remap->fh_out, FICLONERANGE, &range) ? -errno : 0;
			fprintf(stderr, "FUSE_REMAP_FILE_RANGE of %llu bytes: %s\n", (unsigned long long)remap->len, strerror(-error));
			answer(fd, unique, error, &out, sizeof(out));
			break;
		}
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
			break;
		case FUSE_RELEASE:
			close(((struct fuse_release_in *)body)->fh);
			/* fall through */
		case FUSE_FLUSH:
		case FUSE_FSYNC:
			answer(fd, unique, 0, NULL, 0);
			break;
		default:
			answer(fd, unique, -ENOSYS, NULL, 0);
		}
	}
}

static int clone_file(const char *from, const char *to)
{
	static char one[1 << 20], two[1 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_RDWR | O_CREAT, 0644);
	if (in < 0 || out < 0) return fail("open");
	if (ioctl(out, FICLONE, in)) return fail("FICLONE");
	ssize_t n = read(in, one, sizeof(one)), m = read(out, two, sizeof(two));
	if (n <= 0 || n != m || memcmp(one, two, n)) {
		fprintf(stderr, "the clone reads otherwise: %zd and %zd bytes\n", n, m);
		return 1;
	}
	printf("FICLONE: %zd bytes read as those they were cloned from\n", n);
	return 0;
}

static int shared(const char *file)
{
	struct { struct fiemap map; struct fiemap_extent extent; } asked = { .map = { .fm_length = ~0ULL, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = 1 } };
	int fd = open(file, O_RDONLY);
	if (fd < 0 || ioctl(fd, FS_IOC_FIEMAP, &asked)) return fail("FIEMAP");
	printf("its first extent is %sshared\n", asked.extent.fe_flags & FIEMAP_EXTENT_SHARED ? "" : "not ");
	return !(asked.extent.fe_flags & FIEMAP_EXTENT_SHARED);
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "send")) return vsock(atoi(argv[2]), atoi(argv[3]), atol(argv[4]), 0);
	if (argc == 4 && !strcmp(argv[1], "serve")) return vsock(VMADDR_CID_ANY, atoi(argv[2]), atol(argv[3]), 1);
	if (argc == 4 && !strcmp(argv[1], "fuse")) return backing = argv[2], fuse(argv[3]);
	if (argc == 4 && !strcmp(argv[1], "clone")) return clone_file(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "shared")) return shared(argv[2]);
	fprintf(stderr, "Say send, serve, fuse, clone or shared.\n");
	return 2;
}
