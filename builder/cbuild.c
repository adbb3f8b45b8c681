/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/build.h"
#include "builder/explain.h"
#include "builder/options.h"
#include "builder/output/output.h"
#include "builder/output/place.h"
#include "builder/plan.h"
#include "builder/progress.h"
#include "builder/verb/verbs.h"
#include "builder/worker.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct job {
	const struct plan *plan;
	int fd; /* of the output; -1: only look */
	const char *scratch;
};

static int complain(int status, const struct err *e)
{
	fprintf(stderr, "cbuild: %s\n", e->text);
	return status;
}

/* What the worker does: images to a tree, tree to the output. */
static int work(void *context, struct err *e)
{
	const struct job *job = context;
	const struct plan *plan = job->plan;
	struct build_request request = plan->request;
	struct build *b = NULL;
	struct progress progress;
	char target[64];
	int r;

	/* Through the descriptor: the folder has no name yet that others know. */
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", job->fd);
	if (job->fd >= 0 && plan->format->kind == OUTPUT_DIR)
		request.image.target = target;
	request.image.scratch = job->scratch;
	progress_begin(&progress, &plan->row, &request);
	r = job->fd >= 0 && request.rootless ? output_check_rootless(job->fd, e) : 0;
	if (r == 0)
		r = build_tree(&request, &b, e);
	if (r == 0 && plan->row.explain) {
		explain_changes(stderr, &request, b);
		explain_output(stderr, b, plan->format, plan->row.output);
	}
	if (r == 0 && job->fd >= 0) {
		progress_writing(&progress, b, plan->format);
		r = build_write(b, plan->format->name, job->fd, e);
	}
	if (r == 0 && job->fd >= 0)
		progress_syncing(&progress, job->fd);
	progress_end(&progress);
	if (r == 0 && !plan->row.quiet)
		progress_notes(&b->notes);
	if (r == 0 && job->fd < 0)
		r = plan_describe(plan, b, e);
	build_free(b);
	return r;
}

static int make_stream(const struct plan *plan, struct err *e)
{
	struct job job = { plan, plan->row.dry_run ? -1 : STDOUT_FILENO, NULL };

	if (!plan->row.dry_run && isatty(STDOUT_FILENO))
		return err_set(
			e, -EINVAL, "an archive is not for a terminal; give a name with -o");
	return work(&job, e);
}

/* The place is made and cleaned up out here, where no image can do harm. */
static int make_place(const struct plan *plan, int *signal_number, struct err *e)
{
	enum place_kind kind = plan->format->kind == OUTPUT_DIR ? PLACE_DIR : PLACE_FILE;
	struct place *place = NULL;
	struct job job = { .plan = plan };
	char scratch[PLACE_SCRATCH];
	int r = place_begin(plan->row.output, kind, plan->row.force, &place, e);

	if (r < 0)
		return r;
	job.fd = place_fd(place);
	job.scratch = place_scratch(place, scratch) ? scratch : NULL;
	r = worker_run(work, &job, signal_number, e);
	if (r == 0)
		r = place_commit(place, e);
	place_free(place);
	return r;
}

int main(int argc, char **argv)
{
	struct plan plan;
	struct err e = { 0 };
	int signal_number = 0, r;

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && opts_find_verb(cbuild_options(), argv[1]))
		return verb_main(argv + 1);
	r = plan_make(&plan, argv, &e);
	if (r == PLAN_SHOWN || r < 0)
		goto out;
	r = plan.to_stdout || plan.row.dry_run ? make_stream(&plan, &e)
					       : make_place(&plan, &signal_number, &e);
out:
	plan_release(&plan);
	if (signal_number)
		worker_die(signal_number);
	return r < 0 ? complain(plan.usage ? EXIT_USAGE : EXIT_FAILED, &e) : EXIT_DONE;
}
