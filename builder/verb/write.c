/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/verb/write.h"

#include <string.h>
#include <unistd.h>

#include "builder/output/place.h"
#include "builder/worker.h"

struct job {
	verb_writes *write;
	void *context;
	int fd;
};

static int work(void *context, struct err *e)
{
	const struct job *job = context;

	return job->write(job->fd, job->context, e);
}

int verb_write(const struct cbuild_row *row, const struct output_format *format,
	verb_writes *write, void *context, struct err *e)
{
	enum place_kind kind = format->kind == OUTPUT_DIR ? PLACE_DIR : PLACE_FILE;
	struct job job = { write, context, STDOUT_FILENO };
	struct place *place = NULL;
	int signal_number = 0, r;

	if (!strcmp(row->output, "-")) {
		if (isatty(STDOUT_FILENO))
			return err_set(e, -EINVAL,
				"an archive is not for a terminal; give a name with -o");
		return work(&job, e);
	}
	r = place_begin(row->output, kind, row->force, &place, e);
	if (r < 0)
		return r;
	job.fd = place_fd(place);
	r = worker_run(work, &job, &signal_number, e);
	if (r == 0)
		r = place_commit(place, e);
	place_free(place);
	if (signal_number)
		worker_die(signal_number);
	return r;
}
