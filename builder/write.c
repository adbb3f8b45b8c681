/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/write.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/output/place.h"
#include "builder/worker.h"

struct job {
	const struct write_request *request;
	struct write_to to;
};

static int work(void *context, struct err *e)
{
	const struct job *job = context;

	return job->request->write(&job->to, job->request->context, e);
}

static int write_stream(const struct write_request *w, struct err *e)
{
	struct job job = { .request = w, .to = { .fd = STDOUT_FILENO } };
	struct file_id own;
	struct stat st;

	if (isatty(STDOUT_FILENO))
		return err_set(
			e, -EINVAL, "an archive is not for a terminal; give a name with -o");
	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
		own = (struct file_id){ st.st_dev, st.st_ino };
		job.to.own = &own;
		job.to.own_count = 1;
	}
	return work(&job, e);
}

/* The place is made and cleaned up out here, where no image can do harm. */
int write_output(const struct write_request *w, struct err *e)
{
	enum place_kind kind = w->format->kind == OUTPUT_DIR ? PLACE_DIR : PLACE_FILE;
	struct job job = { .request = w };
	char scratch[PLACE_SCRATCH];
	struct file_id own[PLACE_IDS];
	struct place *place = NULL;
	int signal_number = 0, r;

	if (!strcmp(w->path, "-"))
		return write_stream(w, e);
	r = place_begin(w->path, kind, w->force, &place, e);
	if (r < 0)
		return r;
	job.to.fd = place_fd(place);
	job.to.scratch = place_scratch(place, scratch) ? scratch : NULL;
	job.to.own = own;
	job.to.own_count = place_ids(place, own);
	r = worker_run(work, &job, &signal_number, e);
	if (r == 0)
		r = place_commit(place, e);
	place_free(place);
	if (signal_number)
		worker_die(signal_number);
	return r;
}
