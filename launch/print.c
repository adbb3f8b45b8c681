/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <sys/mount.h>

#include "launch/caps.h"
#include "launch/dev.h"
#include "launch/plan.h"
#include "lib/shell.h"

static const struct {
	uint64_t bit;
	const char *option;
} namespaces[] = {
	{ CLONE_NEWUSER, "--user --map-root-user" },
	{ CLONE_NEWNS, "--mount" },
	{ CLONE_NEWPID, "--pid --fork --kill-child" },
	{ CLONE_NEWUTS, "--uts" },
	{ CLONE_NEWIPC, "--ipc" },
	{ CLONE_NEWNET, "--net" },
	{ CLONE_NEWCGROUP, "--cgroup" },
};

static const struct {
	unsigned long flag;
	const char *word;
} flags[] = {
	{ MS_RDONLY, "ro" },
	{ MS_NOSUID, "nosuid" },
	{ MS_NODEV, "nodev" },
	{ MS_NOEXEC, "noexec" },
	{ MS_NOATIME, "noatime" },
	{ MS_STRICTATIME, "strictatime" },
};

static void print_root(FILE *out, const struct plan *p)
{
	fputs("mount --make-rprivate /\n", out);
	if (p->root == PLAN_ROOT_WRITABLE)
		fputs("mount --bind -o nodev ", out);
	else
		fputs("mount -t tmpfs tmpfs SCRATCH && mkdir SCRATCH/upper SCRATCH/work\n"
		      "mount -t overlay -o nodev,upperdir=SCRATCH/upper,workdir=SCRATCH/work,lowerdir=",
			out);
	shell_word(out, p->rootfs);
	fputs(p->root == PLAN_ROOT_WRITABLE ? " ROOT\n" : " overlay ROOT\n", out);
}

static void print_mount(FILE *out, const struct plan_mount *m)
{
	bool first = true;

	fprintf(out, "mount -t %s -o ", m->type);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!(m->flags & flags[i].flag))
			continue;
		fprintf(out, "%s%s", first ? "" : ",", flags[i].word);
		first = false;
	}
	if (m->data)
		fprintf(out, ",%s", m->data);
	fprintf(out, " %s ", m->type);
	fputs("ROOT", out);
	shell_word(out, m->target);
	fputc('\n', out);
}

static void print_paths(FILE *out, const struct plan *p)
{
	for (size_t i = 0; p->masked[i]; i++)
		fprintf(out, "[ ! -e ROOT%s ] || mount --bind EMPTY ROOT%s\n", p->masked[i],
			p->masked[i]);
	for (size_t i = 0; p->read_only[i]; i++)
		fprintf(out, "mount --bind -o ro,nosuid,nodev,noexec ROOT%s ROOT%s\n",
			p->read_only[i], p->read_only[i]);
	if (p->root == PLAN_ROOT_READ_ONLY)
		fputs("mount -o remount,bind,ro ROOT\n", out);
}

void plan_print(FILE *out, const struct plan *p)
{
	char caps[1024];

	fprintf(out, "mkdir /sys/fs/cgroup/CONTROLLER/cbox-%s\n", p->name);
	fputs("unshare", out);
	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
		if (p->namespaces & namespaces[i].bit)
			fprintf(out, " %s", namespaces[i].option);
	fprintf(out, "\necho 0 > /sys/fs/cgroup/CONTROLLER/cbox-%s/tasks\n", p->name);
	print_root(out, p);
	for (size_t i = 0; i < p->mount_count; i++)
		print_mount(out, &p->mounts[i]);
	dev_print(out, p);
	print_paths(out, p);
	fputs("cd ROOT && pivot_root . . && umount -l .\n", out);
	if (p->namespaces & CLONE_NEWNET)
		fputs("ip link set lo up\n", out);
	fputs("hostname ", out);
	shell_word(out, p->hostname);
	fprintf(out, "\ncapsh --keep=%s\n", caps_text(p->bounding, caps, sizeof(caps)));
	if (p->no_new_privs)
		fputs("setpriv --no-new-privs\n", out);
}
