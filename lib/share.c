/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/share.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/*
 * Never more pieces lie here than threads wait, so each one given is taken at once: there is
 * no queue to fill with descriptors or memory.
 */
struct share {
	share_work *work;
	void *context;
	void *pieces[SHARE_THREADS_MAX];
	unsigned piece_count;
	unsigned threads; /* that were started, the caller's too */
	unsigned waiting;
	_Atomic int wanted;   /* waiting threads for whom there is no piece */
	_Atomic bool stopped; /* something failed */
	int result;
	struct err *error;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

struct member {
	struct share *share;
	unsigned number;
};

unsigned share_threads(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < 1 ? 1 : count > SHARE_THREADS_MAX ? SHARE_THREADS_MAX : (unsigned)count;
}

bool share_wanted(const struct share *s)
{
	return atomic_load_explicit(&s->wanted, memory_order_relaxed) > 0;
}

bool share_stopped(const struct share *s)
{
	return atomic_load_explicit(&s->stopped, memory_order_relaxed);
}

static void count_wanted(struct share *s)
{
	atomic_store(&s->wanted, (int)(s->waiting - s->piece_count));
}

bool share_give(struct share *s, void *piece)
{
	bool given;

	(void)pthread_mutex_lock(&s->lock);
	given = s->piece_count < s->waiting;
	if (given) {
		s->pieces[s->piece_count++] = piece;
		count_wanted(s);
		(void)pthread_cond_signal(&s->changed);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return given;
}

static void tell(struct share *s, int result, const struct err *e)
{
	if (result == 0)
		return;
	(void)pthread_mutex_lock(&s->lock);
	if (s->result == 0) {
		s->result = result;
		*s->error = *e;
	}
	atomic_store(&s->stopped, true);
	(void)pthread_mutex_unlock(&s->lock);
}

/* The next piece; NULL when nobody works who could give one. */
static void *await(struct share *s)
{
	void *piece = NULL;

	(void)pthread_mutex_lock(&s->lock);
	s->waiting++;
	count_wanted(s);
	if (s->waiting == s->threads && !s->piece_count)
		(void)pthread_cond_broadcast(&s->changed);
	while (!s->piece_count && s->waiting < s->threads)
		(void)pthread_cond_wait(&s->changed, &s->lock);
	if (s->piece_count) {
		piece = s->pieces[--s->piece_count];
		s->waiting--;
		count_wanted(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return piece;
}

static void take_part(struct share *s, unsigned number, void *piece)
{
	struct err e;

	for (; piece; piece = await(s))
		tell(s, s->work(s, piece, number, s->context, &e), &e);
}

static void *join_in(void *context)
{
	const struct member *m = context;

	take_part(m->share, m->number, await(m->share));
	return NULL;
}

int share_run(share_work *work, void *first, unsigned threads, void *context, struct err *e)
{
	struct share s = { .work = work, .context = context, .error = e };
	struct member members[SHARE_THREADS_MAX];
	pthread_t others[SHARE_THREADS_MAX];
	unsigned started = 1;

	(void)pthread_mutex_init(&s.lock, NULL);
	(void)pthread_cond_init(&s.changed, NULL);
	/* Nobody may believe to be the last before all are there. */
	(void)pthread_mutex_lock(&s.lock);
	for (; started < threads && started < SHARE_THREADS_MAX; started++) {
		members[started] = (struct member){ &s, started };
		if (pthread_create(&others[started], NULL, join_in, &members[started]) != 0)
			break;
	}
	s.threads = started;
	(void)pthread_mutex_unlock(&s.lock);
	take_part(&s, 0, first);
	for (unsigned i = 1; i < started; i++)
		(void)pthread_join(others[i], NULL);
	(void)pthread_mutex_destroy(&s.lock);
	(void)pthread_cond_destroy(&s.changed);
	return s.result;
}
