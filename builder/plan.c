/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/tell/progress.h"
#include "builder/tree/content.h"
#include "lib/pack.h"

static uint64_t or_default(long long given, uint64_t otherwise)
{
	return given < 0 ? otherwise : (uint64_t)given;
}

static int plan_output(struct plan *p, struct err *e)
{
	const struct cbuild_row *row = &p->row;
	int r;

	if (!row->output)
		return err_set(e, -EINVAL, "where to? give -o OUT; see 'cbuild --help'");
	r = output_find(row->format, row->output, &p->format, e);
	if (r < 0)
		return r;
	if (!strcmp(row->output, "-") && p->format->kind != OUTPUT_STREAM)
		return err_set(e, -EINVAL,
			"-o -: standard output takes tar, cpio or erofs, not %s; "
			"give -f",
			p->format->name);
	if ((row->size >= 0 || row->free >= 0) && p->format->kind != OUTPUT_FILE)
		return err_set(e, -EINVAL, "--size and --free are for disks, not for %s",
			p->format->name);
	if (row->rootless && p->format->write != output_dir &&
		p->format->write != output_bundle)
		return err_set(e, -EINVAL,
			"--rootless is for a directory or a bundle, not for %s",
			p->format->what);
	return 0;
}

static const struct {
	const char *name;
	int max; /* level; 0: it has none */
	unsigned uses;
} compressions[] = {
	{ "gzip", PACK_GZIP_MAX, PLAN_FOR_IMAGE | PLAN_FOR_SQUASHFS },
	{ "zstd", PACK_ZSTD_MAX, PLAN_FOR_IMAGE | PLAN_FOR_SQUASHFS },
	{ "lz4", 0, PLAN_FOR_SQUASHFS },
	{ "xz", 0, PLAN_FOR_SQUASHFS },
	{ "none", 0, PLAN_FOR_IMAGE },
};

static int no_such_compression(const char *format, unsigned use, struct err *e)
{
	auto_buf struct buf known = { 0 };

	for (size_t n = 0; n < ARRAY_LEN(compressions); n++)
		if (compressions[n].uses & use)
			buf_printf(
				&known, "%s%s", known.size ? ", " : "", compressions[n].name);
	return err_set(e, -EINVAL, "--compression-format is one of %s here, not '%s'",
		known.bytes, format);
}

int plan_compression(const struct cbuild_row *row, unsigned use, struct err *e)
{
	const char *format = row->compression_format;
	long long level = row->compression_level;
	size_t n = 0;

	if (!format)
		return level < 0 ? 0
				 : err_set(e, -EINVAL,
					   "--compression-level: of what? give "
					   "--compression-format");
	while (n < ARRAY_LEN(compressions) &&
		(strcmp(compressions[n].name, format) != 0 || !(compressions[n].uses & use)))
		n++;
	if (n == ARRAY_LEN(compressions))
		return no_such_compression(format, use, e);
	if (level >= 0 && (level < 1 || level > compressions[n].max))
		return err_set(e, -EINVAL,
			compressions[n].max ? "--compression-level of %s is 1 to %d"
					    : "--compression-level: %s has none",
			format, compressions[n].max);
	return 0;
}

/* What concerns images that are written, and nothing else. */
static int plan_image(const struct plan *p, struct err *e)
{
	const struct cbuild_row *row = &p->row;
	bool squashfs = p->format->write == output_squashfs;
	const struct {
		bool given;
		const char *name;
	} options[] = {
		{ row->squash, "--squash" },
		{ row->compression_format && !squashfs, "--compression-format" },
		{ row->annotation.count, "--annotation" },
		{ row->label.count, "--label" },
	};

	for (size_t n = 0; n < ARRAY_LEN(options); n++)
		if (options[n].given && !output_is_image(p->format))
			return err_set(e, -EINVAL,
				"%s is for images (oci, oci.tar, docker), not for %s",
				options[n].name, p->format->name);
	for (size_t n = 0; n < row->annotation.count; n++) {
		const char *text = row->annotation.items[n];

		if (!strchr(text, '=') || *text == '=')
			return err_set(e, -EINVAL, "--annotation: '%s' is not KEY=VALUE", text);
	}
	return plan_compression(row, squashfs ? PLAN_FOR_SQUASHFS : PLAN_FOR_IMAGE, e);
}

int plan_epoch(struct adjust *a, struct err *e)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int r;

	if (!epoch || !*epoch)
		return 0;
	r = adjust_parse_time(epoch, &a->time, e);
	if (r < 0)
		return err_at(e, r, "SOURCE_DATE_EPOCH: ");
	a->times = ADJUST_TIMES_CLAMP;
	return 0;
}

static int plan_times(struct plan *p, struct err *e)
{
	struct build_request *q = &p->request;
	int r = plan_epoch(&q->adjust, e);

	if (r < 0)
		return r;
	if (q->adjust.times == ADJUST_TIMES_CLAMP)
		q->epoch = q->adjust.time.tv_sec;
	if (p->row.mtime) {
		r = adjust_parse_time(p->row.mtime, &q->adjust.time, e);
		if (r < 0)
			return err_at(e, r, "--mtime: ");
		q->adjust.times = ADJUST_TIMES_SET;
	}
	return 0;
}

static int plan_map(
	const struct opt_list *ranges, const char *option, struct id_map *map, struct err *e)
{
	for (size_t i = 0; i < ranges->count; i++) {
		int r = adjust_parse_range(ranges->items[i], map, e);

		if (r < 0)
			return err_at(e, r, "%s: ", option);
	}
	return 0;
}

static int plan_owners(struct plan *p, struct err *e)
{
	struct adjust *a = &p->request.adjust;
	int r = 0;

	if (p->row.owner) {
		r = adjust_parse_owner(p->row.owner, a, e);
		if (r < 0)
			return err_at(e, r, "--owner: ");
	}
	if (p->row.owner && (p->row.uid_map.count || p->row.gid_map.count))
		return err_set(e, -EINVAL, "--owner leaves nothing to --uid-map and --gid-map");
	r = plan_map(&p->row.uid_map, "--uid-map", &a->uids, e);
	return r == 0 ? plan_map(&p->row.gid_map, "--gid-map", &a->gids, e) : r;
}

void plan_image_options(const struct cbuild_row *row, struct image_options *to)
{
	const struct limits usual = LIMITS_DEFAULT;

	to->platform = row->platform;
	to->ref = row->ref;
	to->config = row->config;
	to->limits.size = or_default(row->max_size, usual.size);
	to->limits.entries = or_default(row->max_entries, usual.entries);
	to->limits.ratio = or_default(row->max_ratio, usual.ratio);
}

static void plan_request(struct plan *p)
{
	const struct cbuild_row *row = &p->row;
	struct build_request *q = &p->request;

	q->inputs = p->inputs.items;
	q->input_count = p->inputs.count;
	plan_image_options(row, &q->image);
	q->change = (struct build_change){ row->entrypoint, row->cmd, row->env.items,
		row->env.count, row->user, row->workdir, row->stop_signal, row->label.items,
		row->label.count };
	q->adjust.exclude = row->exclude.items;
	q->adjust.exclude_count = row->exclude.count;
	q->size = or_default(row->size, 0);
	q->spare = or_default(row->free, 0);
	q->name = row->tag;
	q->layered = output_is_image(p->format) && !row->squash;
	q->compression = row->compression_format;
	q->level = (int)or_default(row->compression_level, 0);
	q->annotations = row->annotation.items;
	q->annotation_count = row->annotation.count;
	q->plain = row->no_init;
	q->rootless = row->rootless;
	q->initramfs = !row->no_init && p->format->is_initramfs;
	q->init = row->init;
	q->skel = row->skel;
}

static int plan_all(struct plan *p, struct err *e)
{
	int r;

	if (!p->inputs.count)
		return err_set(e, -EINVAL, "which image? see 'cbuild --help'");
	r = plan_output(p, e);
	if (r == 0)
		r = plan_image(p, e);
	if (r == 0)
		r = plan_times(p, e);
	if (r == 0)
		r = plan_owners(p, e);
	if (r == 0)
		plan_request(p);
	return r;
}

int plan_make(struct plan *p, char **argv, struct err *e)
{
	const struct opts_spec *spec = cbuild_options();
	const struct opts_verb *verb = opts_find_verb(spec, NULL);
	int r;

	*p = (struct plan){ 0 };
	r = opts_parse(spec, verb, argv + 1, &p->row, &p->inputs, e);
	if (r == OPTS_HELP)
		opts_help(stdout, spec, verb);
	if (r == OPTS_VERSION)
		printf("cbuild %s\n", VERSION);
	if (r > 0)
		return PLAN_SHOWN;
	if (r == 0)
		r = plan_all(p, e);
	p->usage = r < 0;
	return r;
}

void plan_release(struct plan *p)
{
	opts_release(cbuild_options(), &p->row);
	opt_list_release(&p->inputs);
}

struct sums {
	uint64_t names, bytes;
	bool *seen; /* by inode id */
};

static int add_up(const struct node *n, const char *path, void *context, struct err *e)
{
	struct sums *s = context;

	(void)path;
	(void)e;
	s->names++;
	if (n->inode->content && !s->seen[n->inode->id])
		s->bytes += n->inode->content->size;
	s->seen[n->inode->id] = true;
	return 0;
}

int plan_describe(const struct plan *p, struct build *b, struct err *e)
{
	struct sums s = { .seen = xcalloc(tree_inode_ids(b->tree), sizeof(bool)) };
	char size[HUMAN_SIZE];
	int r = tree_walk(b->tree, add_up, &s, e);

	free(s.seen);
	if (r == 0)
		printf("would write %" PRIu64 " names with %s as %s to '%s'\n", s.names,
			human_size(s.bytes, size), p->format->what, p->row.output);
	return r;
}
