/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "builder/plan.h"
#include "builder/tell/progress.h"
#include "builder/verb/upper.h"
#include "builder/verb/verbs.h"
#include "builder/write.h"

struct job {
	const struct cbuild_row *row;
	const struct output_format *format;
	const char *folder;
};

static int write_layer(const struct write_to *to, void *context, struct err *e)
{
	const struct job *job = context;
	auto_buf struct buf notes = { 0 };
	struct image_options options = { 0 };
	struct output output = { .format = job->format, .notes = &notes };
	struct upper upper = { 0 };
	struct adjust adjust = { 0 };
	int r = plan_epoch(&adjust, e);

	plan_image_options(job->row, &options);
	options.own = to->own;
	options.own_count = to->own_count;
	options.scratch = to->scratch;
	if (r >= 0)
		r = upper_read(job->folder, &options, &adjust, &upper, e);
	output.tree = upper.tree;
	if (r >= 0)
		r = output_write(&output, to->fd, e);
	if (r >= 0 && !job->row->quiet) {
		upper_tell(&upper);
		progress_notes(&notes);
	}
	upper_release(&upper);
	return r;
}

int verb_layer(const struct cbuild_row *row, const struct opt_list *operands, struct err *e)
{
	struct job job = { .row = row };
	int r;

	if (operands->count != 1)
		return err_set(e, CBUILD_USAGE,
			"which upper directory? one; see 'cbuild layer --help'");
	if (!row->output)
		return err_set(e, CBUILD_USAGE, "where to? give -o LAYER.tar.gz");
	job.folder = operands->items[0];
	r = strcmp(row->output, "-") ? output_find(NULL, row->output, &job.format, e)
				     : output_find("tar", "", &job.format, e);
	if (r < 0 || job.format->write != output_tar)
		return err_set(e, CBUILD_USAGE,
			"a layer is a tar: -o with .tar, .tar.gz or .tar.zst, not '%s'",
			row->output);
	return write_output(&(struct write_request){ row->output, job.format, row->force,
				    write_layer, &job },
		e);
}
