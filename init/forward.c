/* SPDX-License-Identifier: Apache-2.0 */
#include "init/forward.h"

#include "init/clock.h"
#include "init/say.h"

void forward_now(struct init *in, int signal, const siginfo_t *info)
{
	int as = in->options.rewrite[signal], r;
	char name[SIGNALS_NAME_MAX];

	if (!as || !in->payload)
		return;
	r = signals_pass_on(in->options.group ? -in->payload : in->payload, as, info);
	if (r < 0)
		say(in->options.verbosity, SAY_WARNING, "forwarding %s: %e",
			signals_name(as, name), -r);
	else
		say(in->options.verbosity, SAY_DEBUG, "forwarded %s", signals_name(as, name));
}

void forward(struct init *in, struct held *h, int signal, const siginfo_t *info)
{
	for (int i = 0; i < in->options.delay_count; i++) {
		if (in->options.delays[i].signal != signal)
			continue;
		if (!h->due[i])
			h->due[i] = clock_ms() + in->options.delays[i].ms;
		return;
	}
	forward_now(in, signal, info);
}

int64_t forward_due(struct init *in, struct held *h)
{
	int64_t now, next = -1;

	if (!in->options.delay_count)
		return -1;
	now = clock_ms();
	for (int i = 0; i < in->options.delay_count; i++) {
		if (!h->due[i])
			continue;
		if (h->due[i] <= now) {
			h->due[i] = 0;
			forward_now(in, in->options.delays[i].signal, NULL);
		} else if (next < 0 || h->due[i] - now < next) {
			next = h->due[i] - now;
		}
	}
	return next;
}
