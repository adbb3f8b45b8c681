/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI runtime-spec, bundle.md and config.md: rootfs/ and config.json, with mounts and masks as
 * runc(8) and docker have them. Process 1 is ours, starts as root and becomes the image's user
 * by the boot record; without it, the image's own command starts as its user.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/output/output.h"
#include "lib/auto.h"
#include "lib/io.h"
#include "lib/json.h"

/* What docker grants. */
static const char *const capabilities[] = { "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID",
	"CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
	"CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
	"CAP_AUDIT_WRITE" };

/* What is the same in every bundle, as JSON: it is shorter than the code that would make it. */
static const char mounts[] =
	"[{'destination':'/proc','type':'proc','source':'proc'},"
	"{'destination':'/dev','type':'tmpfs','source':'tmpfs','options':"
	"['nosuid','strictatime','mode=755','size=65536k']},"
	"{'destination':'/dev/pts','type':'devpts','source':'devpts','options':"
	"['nosuid','noexec','newinstance','ptmxmode=0666','mode=0620','gid=5']},"
	"{'destination':'/dev/shm','type':'tmpfs','source':'shm','options':"
	"['nosuid','noexec','nodev','mode=1777','size=65536k']},"
	"{'destination':'/dev/mqueue','type':'mqueue','source':'mqueue','options':"
	"['nosuid','noexec','nodev']},"
	"{'destination':'/sys','type':'sysfs','source':'sysfs','options':"
	"['nosuid','noexec','nodev','ro']},"
	"{'destination':'/sys/fs/cgroup','type':'cgroup','source':'cgroup','options':"
	"['nosuid','noexec','nodev','relatime','ro']}]";

static const char linux_part[] =
	"{'resources':{'devices':[{'allow':false,'access':'rwm'}]},"
	"'namespaces':[{'type':'pid'},{'type':'network'},{'type':'ipc'},{'type':'uts'},"
	"{'type':'mount'}],"
	"'maskedPaths':['/proc/acpi','/proc/asound','/proc/kcore','/proc/keys',"
	"'/proc/latency_stats','/proc/timer_list','/proc/timer_stats','/proc/sched_debug',"
	"'/sys/firmware','/proc/scsi'],"
	"'readonlyPaths':['/proc/bus','/proc/fs','/proc/irq','/proc/sys','/proc/sysrq-trigger']}";

/* Single quotes in place of double ones, so that C needs no backslashes. */
static json_t *constant(const char *text)
{
	auto_free char *json = xstrdup(text);
	json_t *parsed;

	for (char *p = json; p && *p; p++)
		if (*p == '\'')
			*p = '"';
	parsed = json ? json_loads(json, 0, NULL) : NULL;
	return parsed;
}

static bool add_texts(json_t *array, const char *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(array, json_string(items[i])) < 0)
			return false;
	return true;
}

static json_t *capabilities_for(const struct ids *user)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	json_t *all = json_object();

	/* Who is not root gets them by programs that have them, as docker does it. */
	for (size_t i = 0; i < (user->uid == 0 ? ARRAY_LEN(sets) : 1); i++) {
		json_t *set = json_array();

		(void)add_texts(set, capabilities, ARRAY_LEN(capabilities));
		(void)json_object_set_new(all, sets[i], set);
	}
	return all;
}

static json_t *user_of(const struct ids *user)
{
	json_t *to = json_object(), *groups = json_array();

	(void)json_object_set_new(to, "uid", json_integer(user->uid));
	(void)json_object_set_new(to, "gid", json_integer(user->gid));
	for (size_t i = 0; i < user->group_count; i++)
		(void)json_array_append_new(groups, json_integer(user->groups[i]));
	if (user->group_count)
		(void)json_object_set(to, "additionalGids", groups);
	json_decref(groups);
	return to;
}

static bool has_path(const struct config_list *env)
{
	for (size_t i = 0; i < env->count; i++)
		if (!strncmp(env->items[i], "PATH=", 5))
			return true;
	return false;
}

static bool set_command(json_t *process, const struct output *o)
{
	static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
				   ":/sbin:/bin";
	static const char *const init[] = { "/sbin/cinit" }, *const shell[] = { "/bin/sh" };
	const struct image_config *c = o->config;
	json_t *args = json_array(), *env = json_array();
	bool good = true;

	if (!has_path(&c->env))
		(void)json_array_append_new(env, json_string(path));
	if (!o->plain)
		good = add_texts(args, init, 1);
	else if (c->entrypoint.count || c->cmd.count)
		good = add_texts(args, c->entrypoint.items, c->entrypoint.count) &&
		       add_texts(args, c->cmd.items, c->cmd.count);
	else
		good = add_texts(args, shell, 1);
	good = good && add_texts(env, c->env.items, c->env.count);
	(void)json_object_set_new(process, "args", args);
	(void)json_object_set_new(process, "env", env);
	return good;
}

static int process_of(const struct output *o, json_t **out, struct err *e)
{
	static const struct ids root = { .uid = 0 };
	const struct ids *user = o->plain ? o->user : &root;
	const char *cwd = o->plain && o->config->working_dir ? o->config->working_dir : "/";
	auto_json json_t *process = json_object();

	(void)json_object_set_new(process, "user", user_of(user));
	if (!set_command(process, o) ||
		json_object_set_new(process, "cwd", json_string(cwd)) < 0)
		return err_set(
			e, -EILSEQ, "a bundle's config is UTF-8, which the image's is not");
	(void)json_object_set_new(process, "capabilities", capabilities_for(user));
	*out = json_incref(process);
	return 0;
}

static json_t *map_of(unsigned id)
{
	return json_pack(
		"[{s:i,s:I,s:i}]", "containerID", 0, "hostID", (json_int_t)id, "size", 1);
}

/*
 * As `runc spec --rootless` has it: in a user namespace of who makes the bundle, who is root
 * there and the only user, and may not manage cgroups.
 */
static void let_user_run(json_t *config)
{
	json_t *all = json_object_get(config, "mounts");
	json_t *part = json_object_get(config, "linux");

	for (size_t i = json_array_size(all); i-- > 0;) {
		json_t *mount = json_array_get(all, i), *options;
		const char *type = json_string_value(json_object_get(mount, "type"));

		options = json_object_get(mount, "options");
		for (size_t k = json_array_size(options); k-- > 0;)
			if (!strcmp(json_string_value(json_array_get(options, k)), "gid=5"))
				(void)json_array_remove(options, k);
		if (!strcmp(type, "cgroup"))
			(void)json_array_remove(all, i);
	}
	(void)json_object_del(part, "resources");
	(void)json_array_append_new(
		json_object_get(part, "namespaces"), json_pack("{s:s}", "type", "user"));
	(void)json_object_set_new(part, "uidMappings", map_of(geteuid()));
	(void)json_object_set_new(part, "gidMappings", map_of(getegid()));
}

static int write_config(const struct output *o, int dir, struct err *e)
{
	auto_close int fd = openat(
		dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	auto_json json_t *config = json_object();
	auto_free char *text = NULL;
	json_t *process = NULL;
	int r = process_of(o, &process, e);

	if (r < 0)
		return r;
	if (fd < 0)
		return err_sys(e, "cannot make 'config.json'");
	(void)json_object_set_new(config, "ociVersion", json_string("1.0.2"));
	(void)json_object_set_new(config, "process", process);
	(void)json_object_set_new(config, "root", json_pack("{s:s}", "path", "rootfs"));
	(void)json_object_set_new(config, "hostname", json_string("cinit"));
	(void)json_object_set_new(config, "mounts", constant(mounts));
	(void)json_object_set_new(config, "linux", constant(linux_part));
	if (o->rootless)
		let_user_run(config);
	text = json_dumps(config, JSON_INDENT(2));
	r = text ? io_write(fd, text, strlen(text)) : -ENOMEM;
	return r < 0 ? err_code(e, r, "cannot write 'config.json'") : 0;
}

int output_bundle(const struct output *o, int fd, struct err *e)
{
	auto_close int root = -1;
	int r;

	if (mkdirat(fd, "rootfs", 0700) < 0)
		return err_sys(e, "cannot make 'rootfs'");
	root = openat(fd, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "cannot open 'rootfs'");
	r = write_config(o, fd, e);
	/* The folder itself stays closed to others: setuid files are below. */
	return r == 0 ? output_dir(o, root, e) : r;
}
