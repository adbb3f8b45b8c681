/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/build.h"
#include "builder/options.h"
#include "builder/output/output.h"
#include "builder/plan.h"
#include "builder/tell/explain.h"
#include "builder/tell/progress.h"
#include "builder/verb/verbs.h"
#include "builder/write.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int complain(int status, const struct err *e)
{
	fprintf(stderr, "cbuild: %s\n", e->text);
	return status;
}

/* What the worker does: images to a tree, tree to the output. */
static int work(const struct write_to *to, void *context, struct err *e)
{
	const struct plan *plan = context;
	struct build_request request = plan->request;
	struct build *b = NULL;
	struct progress progress;
	char target[64];
	int r;

	/* Through the descriptor: the folder has no name yet that others know. */
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", to->fd);
	if (to->fd >= 0 && plan->format->kind == OUTPUT_DIR)
		request.image.target = target;
	request.image.scratch = to->scratch;
	request.image.own = to->own;
	request.image.own_count = to->own_count;
	progress_begin(&progress, &plan->row, &request);
	r = to->fd >= 0 && request.rootless ? output_check_rootless(to->fd, e) : 0;
	if (r == 0)
		r = build_tree(&request, &b, e);
	if (r == 0 && plan->row.explain) {
		explain_changes(stderr, &request, b);
		explain_output(stderr, b, plan->format, plan->row.output);
	}
	if (r == 0 && to->fd >= 0) {
		progress_writing(&progress, b, plan->format);
		r = build_write(b, plan->format->name, to->fd, e);
	}
	if (r == 0 && to->fd >= 0)
		progress_syncing(&progress, to->fd);
	progress_end(&progress);
	if (r == 0 && !plan->row.quiet)
		progress_notes(&b->notes);
	if (r == 0 && to->fd < 0)
		r = plan_describe(plan, b, e);
	build_free(b);
	return r;
}

static int act(struct plan *plan, struct err *e)
{
	if (plan->row.dry_run)
		return work(&(struct write_to){ .fd = -1 }, plan, e);
	return write_output(&(struct write_request){ plan->row.output, plan->format,
				    plan->row.force, work, plan },
		e);
}

int main(int argc, char **argv)
{
	struct plan plan;
	struct err e = { 0 };
	int r;

	io_hold_standard();
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && opts_find_verb(cbuild_options(), argv[1]))
		return verb_main(argv + 1);
	r = plan_make(&plan, argv, &e);
	if (r == PLAN_ACT)
		r = act(&plan, &e);
	if (r >= 0 && fflush(stdout))
		r = err_sys(&e, "cannot write to standard output");
	plan_release(&plan);
	return r < 0 ? complain(plan.usage ? EXIT_USAGE : EXIT_FAILED, &e) : EXIT_DONE;
}
