/* SPDX-License-Identifier: Apache-2.0 */
#include "init/options.h"

#include <string.h>
#include <unistd.h>

#include "init/env.h"
#include "init/say.h"

enum { WRONG_USAGE = 2 };

static bool number(const char *text, unsigned long max, unsigned long *value)
{
	unsigned long n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned long)(*text - '0');
		if (n > max)
			return false;
	}
	*value = n;
	return true;
}

/* Milliseconds of a number of seconds such as "2.5". */
static bool seconds(const char *text, uint32_t *ms)
{
	unsigned long n = 0, scale = 1000;
	bool point = false, digits = false;

	for (; *text; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		digits = true;
		if (point)
			n += (unsigned long)(*text - '0') * (scale /= 10);
		else
			n = n * 10 + (unsigned long)(*text - '0') * 1000;
		if (n > OPTIONS_SECONDS_MAX * 1000UL)
			return false;
	}
	*ms = (uint32_t)n;
	return digits;
}

static int signal_or_exit(const char *option, const char *value, size_t length, int least)
{
	int signal = signals_number(value, length);

	if (signal < least)
		say_and_exit(WRONG_USAGE, "%s: '%s' names no signal", option, value);
	return signal;
}

static size_t colon_or_exit(const char *option, const char *value)
{
	const char *colon = strchr(value, ':');

	if (!colon)
		say_and_exit(WRONG_USAGE, "%s: '%s' has no ':'", option, value);
	return (size_t)(colon - value);
}

static void option_subreaper(struct options *o, const char *value)
{
	(void)value;
	o->subreaper = true;
}

static void option_group(struct options *o, const char *value)
{
	(void)value;
	o->group = true;
}

static void option_verbose(struct options *o, const char *value)
{
	(void)value;
	if (o->verbosity < SAY_DEBUG)
		o->verbosity++;
}

static void option_warn(struct options *o, const char *value)
{
	(void)value;
	o->warn = true;
}

static void option_keep(struct options *o, const char *value)
{
	(void)value;
	o->keep = true;
}

static void option_facts(struct options *o, const char *value)
{
	(void)value;
	o->facts = true;
}

static void option_parent_death(struct options *o, const char *value)
{
	o->parent_death = signal_or_exit("-p", value, strlen(value), 1);
}

static void option_remap(struct options *o, const char *value)
{
	unsigned long status;

	if (!number(value, 255, &status))
		say_and_exit(WRONG_USAGE, "-e: '%s' is not an exit status", value);
	o->remap[status / 32] |= 1u << status % 32;
}

static void option_rewrite(struct options *o, const char *value)
{
	size_t colon = colon_or_exit("-r", value);
	int from = signal_or_exit("-r", value, colon, 1);
	const char *to = value + colon + 1;

	o->rewrite[from] = (uint8_t)signal_or_exit("-r", to, strlen(to), 0);
}

static void option_delay(struct options *o, const char *value)
{
	size_t colon = colon_or_exit("-d", value);
	struct delay d = { .signal = signal_or_exit("-d", value, colon, 1) };

	if (o->delay_count == OPTIONS_DELAYS)
		say_and_exit(WRONG_USAGE, "-d: given more than %d times", OPTIONS_DELAYS);
	if (!seconds(value + colon + 1, &d.ms))
		say_and_exit(WRONG_USAGE, "-d: '%s' does not end in seconds", value);
	o->delays[o->delay_count++] = d;
}

static void option_grace(struct options *o, const char *value)
{
	if (!seconds(value, &o->grace))
		say_and_exit(WRONG_USAGE, "-t: '%s' is not a number of seconds", value);
	o->grace_given = true;
}

static void option_boot_fd(struct options *o, const char *value)
{
	unsigned long fd;

	if (!number(value, 1 << 20, &fd))
		say_and_exit(WRONG_USAGE, "--boot-fd: '%s' is not a descriptor", value);
	o->boot_fd = (int)fd;
}

static void option_help(struct options *o, const char *value);

static void print(const char *text)
{
	(void)!write(STDOUT_FILENO, text, strlen(text));
}

static void option_version(struct options *o, const char *value)
{
	(void)o;
	(void)value;
	print("cinit " VERSION "\n");
	_exit(0);
}

static const struct {
	char letter[2], name[16], arg[12];
	void (*act)(struct options *, const char *);
	const char *help;
} table[] = {
#define OPTION(letter, name, arg, action, help) { letter, name, arg, action, help },
#include "init/options.def"
#undef OPTION
};

enum { OPTIONS = sizeof(table) / sizeof(table[0]), NO_OPTION = OPTIONS };

static void option_help(struct options *o, const char *value)
{
	(void)o;
	(void)value;
	print("usage: cinit [options] [--] [command …]\n"
	      "process 1 of a container or a machine: runs the command, or what the boot record\n"
	      "says; forwards signals, reaps orphans, ends with the command's exit status\n\n");
	for (int i = 0; i < OPTIONS; i++) {
		print(table[i].letter[0] ? "  -" : "  ");
		print(table[i].letter);
		print(table[i].letter[0] ? ", --" : "    --");
		print(table[i].name);
		print(table[i].arg[0] ? " " : "");
		print(table[i].arg);
		print("\n        ");
		print(table[i].help);
		print("\n");
	}
	_exit(0);
}

static int find_letter(char letter)
{
	for (int i = 0; i < OPTIONS; i++)
		if (table[i].letter[0] == letter)
			return i;
	return NO_OPTION;
}

static int find_name(const char *name, size_t length)
{
	for (int i = 0; i < OPTIONS; i++)
		if (strlen(table[i].name) == length && !memcmp(table[i].name, name, length))
			return i;
	return NO_OPTION;
}

/* The value of option i: what stands behind it in the word, or the next word. */
static const char *value_or_exit(int i, const char *behind, char **argv, int *at)
{
	if (!table[i].arg[0])
		return NULL;
	if (behind)
		return behind;
	if (!argv[*at])
		say_and_exit(WRONG_USAGE, "option '--%s' needs a value", table[i].name);
	return argv[(*at)++];
}

int options_parse(struct options *o, char **argv)
{
	int at = 1;

	while (argv[at] && argv[at][0] == '-' && argv[at][1]) {
		const char *word = argv[at++], *equals = strchr(word, '=');
		bool is_long = word[1] == '-';
		int i;

		if (is_long && !word[2])
			break;
		if (is_long) {
			size_t length = equals ? (size_t)(equals - word) : strlen(word);

			i = find_name(word + 2, length - 2);
			if (i == NO_OPTION || (equals && !table[i].arg[0]))
				say_and_exit(WRONG_USAGE,
					"unknown option '%s'; see 'cinit --help'", word);
			table[i].act(
				o, value_or_exit(i, equals ? equals + 1 : NULL, argv, &at));
			continue;
		}
		for (word++; *word; word++) {
			i = find_letter(*word);
			if (i == NO_OPTION)
				say_and_exit(WRONG_USAGE,
					"unknown option '-%s'; see 'cinit --help'", word);
			table[i].act(o, value_or_exit(i, word[1] ? word + 1 : NULL, argv, &at));
			if (table[i].arg[0])
				break;
		}
	}
	return at;
}

void options_init(struct options *o, const char *const *env)
{
	const char *verbosity = env_get(env, "CINIT_VERBOSITY");
	unsigned long level;

	*o = (struct options){
		.boot_fd = -1,
		.grace = 5000,
		.verbosity = SAY_WARNING,
		.subreaper = env_get(env, "CINIT_SUBREAPER"),
		.group = env_get(env, "CINIT_KILL_PROCESS_GROUP"),
	};
	for (int i = 0; i <= SIGNALS_MAX; i++)
		o->rewrite[i] = (uint8_t)i;
	if (verbosity && number(verbosity, SAY_DEBUG, &level))
		o->verbosity = (int)level;
}
