/* SPDX-License-Identifier: Apache-2.0 */
#include "cbox/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/mem.h"

enum { CELL = 80 };

typedef void cell(const struct table *t, const struct facts *f, char *to);

static void kernel(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	(void)snprintf(to, CELL, "%s", f->kernel);
}

static void hostname(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	(void)snprintf(to, CELL, "%.63s", f->hostname);
}

static void first_process(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	(void)snprintf(to, CELL, "%s", f->pid1);
}

static void processes(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	if (f->threads)
		(void)snprintf(
			to, CELL, "%zu, and %zu of the kernel", f->process_count, f->threads);
	else
		(void)snprintf(to, CELL, "%zu", f->process_count);
}

static void span(int64_t ns, char *to)
{
	if (ns < 0)
		(void)snprintf(to, CELL, "none");
	else
		(void)snprintf(to, CELL, "%.3f s", (double)ns / 1e9);
}

static void first_output(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	span(f->first_ns, to);
}

static void ended(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	span(f->ended_ns, to);
	if (f->stopped)
		(void)snprintf(to + strlen(to), CELL - strlen(to), " (stopped)");
}

static void memory(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	(void)snprintf(to, CELL, "%.1f MiB", (double)f->memory_kib / 1024);
}

static void status(const struct table *t, const struct facts *f, char *to)
{
	(void)t;
	(void)snprintf(to, CELL, "%d", f->status);
}

static void accelerator(const struct table *t, const struct facts *f, char *to)
{
	(void)snprintf(to, CELL, "%s",
		f == t->columns[TABLE_CONTAINER] ? "the host itself" : t->accelerator);
}

static const struct {
	const char *title;
	cell *fill;
} rows[] = {
	{ "kernel release", kernel },
	{ "host name", hostname },
	{ "process 1", first_process },
	{ "processes seen", processes },
	{ "first output after", first_output },
	{ "ended after", ended },
	{ "memory on the host", memory },
	{ "exit status", status },
	{ "runs on", accelerator },
};

/* What ps would show: a line of the listing in each column. */
static void print_processes(const struct table *t, FILE *out)
{
	const char *at[TABLE_COLUMNS];
	const char *title = "ps";

	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		at[i] = t->columns[i]->processes.bytes ? t->columns[i]->processes.bytes : "";
	while (*at[0] || *at[1]) {
		(void)fprintf(out, "%-20s", title);
		title = "";
		for (size_t i = 0; i < TABLE_COLUMNS; i++) {
			int length = (int)strcspn(at[i], "\n");

			(void)fprintf(out, i ? "%.*s\n" : "%-30.*s",
				i || length < 30 ? length : 29, at[i]);
			at[i] += length + (at[i][length] == '\n');
		}
	}
}

int table_print(const struct table *t, FILE *out, struct err *e)
{
	(void)fprintf(out, "%s:", t->root);
	for (const char *const *word = t->argv; *word; word++)
		(void)fprintf(out, " %s", *word);
	(void)fprintf(out, "\n\n%-20s%-30s%s\n", "", "container", "virtual machine");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char cells[TABLE_COLUMNS][CELL];

		for (size_t k = 0; k < TABLE_COLUMNS; k++)
			rows[i].fill(t, t->columns[k], cells[k]);
		(void)fprintf(out, "%-20s%-30s%s\n", rows[i].title, cells[0], cells[1]);
		if (rows[i].fill == processes)
			print_processes(t, out);
	}
	return fflush(out) ? err_sys(e, "cannot write to standard output") : 0;
}

static json_t *json_span(int64_t ns)
{
	return ns < 0 ? json_null() : json_real((double)ns / 1e9);
}

static json_t *json_processes(const struct facts *f)
{
	json_t *list = json_array();
	const char *at = f->processes.bytes ? f->processes.bytes : "";

	while (*at) {
		size_t length = strcspn(at, "\n"), number = strcspn(at, " ");
		const char *name = at + number + (number < length);

		(void)json_array_append_new(
			list, json_pack("{s:i, s:s%}", "pid", atoi(at), "name", name,
				      (size_t)(at + length - name)));
		at += length + (at[length] == '\n');
	}
	return list;
}

static json_t *json_facts(const struct facts *f, const char *accelerator_name)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:I, s:i, s:b, s:s}", "kernel",
		f->kernel, "hostname", f->hostname, "pid1", f->pid1, "processes",
		json_processes(f), "kernel_threads", (json_int_t)f->threads, "first_output_s",
		json_span(f->first_ns), "ended_s", json_span(f->ended_ns), "memory_kib",
		(json_int_t)f->memory_kib, "status", f->status, "stopped", f->stopped ? 1 : 0,
		"accelerator", accelerator_name);
}

int table_json(const struct table *t, FILE *out, struct err *e)
{
	json_t *root = json_pack("{s:s, s:[], s:o, s:o}", "root", t->root, "argv", "container",
		json_facts(t->columns[TABLE_CONTAINER], "none"), "machine",
		json_facts(t->columns[TABLE_MACHINE], t->accelerator));
	int r = -1;

	for (const char *const *word = t->argv; root && *word; word++)
		(void)json_array_append_new(json_object_get(root, "argv"), json_string(*word));
	if (root)
		r = json_dumpf(root, out, JSON_INDENT(2));
	json_decref(root);
	if (r < 0 || fputc('\n', out) < 0 || fflush(out))
		return err_set(e, -EIO, "cannot write to standard output");
	return 0;
}
