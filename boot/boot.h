/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The contract between whoever starts a rootfs and the cinit in it.
 *
 * The boot record is text: a first line "#cinit-boot 1\n", then fields, each "key=value" ended
 *by the two bytes NUL and LF (so a value may hold anything but NUL, `cat` shows a field a line,
 *and a decoder needs no memory of its own), and last the field "end=". fields.def lists the
 *keys. Everything in it is resolved: ids are numbers, paths are absolute, argv is final. An
 *unknown key, a bad value, a missing end: the record is refused whole.
 *
 *	#cinit-boot 1
 *	argv=/usr/bin/redis-server<NUL>
 *	env=PATH=/usr/sbin:/usr/bin:/sbin:/bin<NUL>
 *	uid=101<NUL>
 *	end=<NUL>
 *
 * Where cinit looks, in this order: the descriptor that --boot-fd names; in a machine, the
 *fw_cfg file BOOT_FW_CFG; the file BOOT_PATH in the root. A command line replaces the record's
 *argv.
 *
 * Nothing here allocates memory or uses stdio; decode.c is part of process 1.
 */

#define BOOT_MAGIC   "#cinit-boot 1\n"
#define BOOT_PATH    "/etc/cinit/boot"
#define BOOT_INIT    "/sbin/cinit"
#define BOOT_FW_CFG  "opt/cinit/boot"
#define BOOT_CONTROL "/dev/ttyS1"

/* The payload's serial ports in a machine whose kernel keeps a console of its own. */
#define BOOT_CONSOLE       "/dev/ttyS0"
#define BOOT_CONSOLE_ERROR "/dev/ttyS3"

enum {
	BOOT_SIZE_MAX = 256 * 1024, /* of a record, in bytes */
	BOOT_TEXT_MAX = 128 * 1024, /* of one value: what execve(2) takes as one argument */
	BOOT_STRINGS_MAX = 4096,    /* items of all lists, one for each list's end, and one */
	BOOT_GROUPS_MAX = 256,
	BOOT_LIMITS_MAX = 16,
	BOOT_MOUNTS_MAX = 64,
	BOOT_SEED_MAX = 64, /* bytes */
};

#define BOOT_UNLIMITED UINT64_MAX
#define BOOT_CAPS_KEEP UINT64_MAX /* a capability set that stays as it is */

enum boot_finish {
	BOOT_FINISH_DEFAULT,
	BOOT_FINISH_EXIT,
	BOOT_FINISH_POWEROFF,
	BOOT_FINISH_REBOOT,
	BOOT_FINISH_EXEC,
};

enum boot_root_mode { BOOT_ROOT_OVERLAY, BOOT_ROOT_RO, BOOT_ROOT_RW };

struct boot_list {
	/*
	 * count of them and a NULL; never NULL itself. In front of a decoded argv there is a
	 * word that may be overwritten.
	 */
	const char *const *items;
	size_t count;
};

struct boot_ids {
	uint32_t items[BOOT_GROUPS_MAX];
	size_t count;
};

struct boot_limit {
	uint32_t resource; /* RLIMIT_… */
	uint64_t soft, hard;
};

struct boot_limits {
	struct boot_limit items[BOOT_LIMITS_MAX];
	size_t count;
};

struct boot_mount {
	const char *target, *type, *source, *options; /* NULL where not given, but target */
};

struct boot_mounts {
	struct boot_mount items[BOOT_MOUNTS_MAX];
	size_t count;
};

/* The members that fields.def names; texts are NULL where the record says nothing. */
#define BOOT_MEMBER_TEXT(m)      const char *m;
#define BOOT_MEMBER_LIST(m)      struct boot_list m;
#define BOOT_MEMBER_U32(m)       uint32_t m;
#define BOOT_MEMBER_U64(m)       uint64_t m;
#define BOOT_MEMBER_OCTAL(m)     uint32_t m;
#define BOOT_MEMBER_HEX(m)       uint64_t m;
#define BOOT_MEMBER_BOOL(m)      bool m;
#define BOOT_MEMBER_IDS(m)       struct boot_ids m;
#define BOOT_MEMBER_LIMITS(m)    struct boot_limits m;
#define BOOT_MEMBER_MOUNTS(m)    struct boot_mounts m;
#define BOOT_MEMBER_MOUNT(m)     /* of the last of mounts */
#define BOOT_MEMBER_ROOT_MODE(m) enum boot_root_mode m;
#define BOOT_MEMBER_FINISH(m)    enum boot_finish m;

struct boot {
#define FIELD(kind, member, key, doc) BOOT_MEMBER_##kind(member)
#include "boot/fields.def"
#undef FIELD
	const char *strings[BOOT_STRINGS_MAX]; /* the decoder's, for the lists' items */
	size_t string_count;
};

/* Sets every default. Touches no more of `strings` than it must. */
void boot_init(struct boot *b);

struct boot_error {
	const char *why; /* "not a number": static text */
	const char
		*key; /* the field, inside the record; NULL where it is the record as a whole */
	size_t offset; /* of the field in the record, in bytes */
};

/*
 * Decodes a record in place: the texts of *b point into `bytes`, which must stay. Returns 0, or
 * -EINVAL (with *error set) or -E2BIG.
 */
int boot_decode(struct boot *b, char *bytes, size_t size, struct boot_error *error);

/*
 * Encodes. Writes at most `size` bytes to `to` (which may be NULL when size is 0) and returns
 * the size of the whole record; -E2BIG when it, or a value, is more than cinit holds, and
 * -EINVAL when a value has no place in a record (an empty argv, a relative cwd), with *error
 * set.
 */
long boot_encode(const struct boot *b, char *to, size_t size, struct boot_error *error);

/*
 * What `cinit --facts` tells on standard output in front of a payload: this line, then lines
 * "key=value": kernel (its release), hostname, pid1 (the name of process 1), process ("PID
 * NAME", one each), threads (how many more are the kernel's own), and at last "end=".
 */
#define BOOT_FACTS "#cinit-facts 1\n"

/* The resource of a limit's name, or -1, and the other way round (NULL). */
int boot_limit_resource(const char *name, size_t length);
const char *boot_limit_name(uint32_t resource);

/* --- The way back
 * ----------------------------------------------------------------------------- */

/* Exit statuses besides the payload's own. */
enum {
	BOOT_STATUS_FAILED = 125, /* cinit itself could not go on */
	BOOT_STATUS_CANNOT_EXEC = 126,
	BOOT_STATUS_NOT_FOUND = 127,
	BOOT_STATUS_SIGNAL = 128, /* plus the signal's number */
	BOOT_STATUS_LOST = 255,   /* a machine that ended without saying how */
};

/*
 * The control channel of a machine: lines of text, "word number number\n". The guest says
 * `started` when the payload runs and `exit STATUS` or `signal NUMBER` when it has ended,
 * behind the last byte of its output; the host says `signal NUMBER` (pass it on), `stop` (send
 * the stop signal) and `size ROWS COLUMNS`. Anything else is ignored, so that either side may
 * learn new words.
 *
 * Where the record names a console and `terminal` is 0, the payload's streams are pipes, and
 * process 1 copies between them and the ports, set raw. A serial port has neither an end of
 * file nor flow control, so standard input is counted: the host has at most BOOT_INPUT_WINDOW
 * bytes under way; the guest says `taken TOTAL` when a quarter of that has newly gone into the
 * pipe (or nowhere, once the payload has closed it); the host says `eof TOTAL` when there are
 * no more, and the guest closes the pipe behind that many. Totals are modulo 2^32.
 */
enum { BOOT_INPUT_WINDOW = 8192 };

enum boot_word {
	BOOT_WORD_NONE,
	BOOT_WORD_STARTED,
	BOOT_WORD_EXIT,
	BOOT_WORD_SIGNAL,
	BOOT_WORD_STOP,
	BOOT_WORD_SIZE,
	BOOT_WORD_TAKEN,
	BOOT_WORD_EOF,
};

struct boot_message {
	enum boot_word word;
	uint32_t first, second; /* as many as the word has */
};

enum { BOOT_MESSAGE_MAX = 40 }; /* bytes of a line with its LF */

/* Writes the line (not NUL-ended) and returns its length. */
size_t boot_message_encode(const struct boot_message *m, char to[BOOT_MESSAGE_MAX]);

/* Reads a line of `length` bytes without its LF; BOOT_WORD_NONE for what is not understood. */
struct boot_message boot_message_decode(const char *line, size_t length);
