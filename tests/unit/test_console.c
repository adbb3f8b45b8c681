/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine says on its ports: control lines, the kernel's last words, streams. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu/control.h"
#include "qemu/flow.h"
#include "qemu/klog.h"
#include "tests/unit/tap.h"

static int heard(struct control *c, const char *text, struct boot_message *last)
{
	int count = 0;

	for (; *text; text++)
		count += control_take(c, *text, last) ? 1 : 0;
	return count;
}

static void lines_become_messages_and_rubbish_none(void)
{
	struct boot_message m = { BOOT_WORD_NONE, 0, 0 };
	struct control c;

	control_init(&c, -1);
	check_int(heard(&c, "start", &m), 0);
	check_int(heard(&c, "ed\nexit 7\n", &m), 2);
	check_int(m.word, BOOT_WORD_EXIT);
	check_int(m.first, 7);
	check_int(heard(&c, "exit\nexit 99999999999\n\nnonsense\n", &m), 0);
}

static void a_line_that_is_too_long_hides_only_itself(void)
{
	static const char said[] =
		"exit 1 exit 1 exit 1 exit 1 exit 1 exit 1 exit 1 exit 1\nsignal 9\n";
	struct boot_message m = { BOOT_WORD_NONE, 0, 0 };
	struct control c;

	control_init(&c, -1);
	check_int(heard(&c, said, &m), 1);
	check_int(m.word, BOOT_WORD_SIGNAL);
}

static char *printed(const struct klog *k, size_t lines)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	klog_print(k, out, "> ", lines);
	(void)fclose(out);
	return text;
}

static void the_last_lines_are_printed_without_control_characters(void)
{
	static const char said[] = "one\r\ntwo\n\033[31mthree\n";
	struct klog k;
	char *text;

	klog_init(&k);
	klog_put(&k, said, strlen(said));
	text = printed(&k, 2);
	check_text(text, "> two\n> [31mthree\n");
	free(text);
}

static void of_a_panic_the_reason_is_printed_however_long_the_trace(void)
{
	static const char reason[] = "[ 1.0] Kernel panic - not syncing: test\n";
	struct klog k;
	char *text;

	klog_init(&k);
	for (int i = 0; i < 2000; i++)
		klog_put(&k, "before\n", 7);
	klog_put(&k, reason, strlen(reason));
	for (int i = 0; i < 100; i++)
		klog_put(&k, "trace\n", 6);
	text = printed(&k, 2);
	check_text(text, "> [ 1.0] Kernel panic - not syncing: test\n> trace\n");
	free(text);
}

static void a_log_longer_than_the_ring_keeps_its_end(void)
{
	struct klog k;
	char *text;

	klog_init(&k);
	for (int i = 0; i < 5000; i++)
		klog_put(&k, "line\n", 5);
	klog_put(&k, "last", 4);
	text = printed(&k, 2);
	check_text(text, "> line\n> last\n");
	free(text);
}

/* A descriptor to read the text from, and then its end. */
static int pipe_with(const char *text)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 || write(ends[1], text, strlen(text)) < 0)
		return -1;
	(void)close(ends[1]);
	return ends[0];
}

static void step(struct flow *f, size_t room)
{
	struct pollfd from, to;

	flow_poll(f, &from, &to);
	from.revents = from.events;
	to.revents = to.events;
	(void)flow_move(f, &from, &to, room);
}

static void a_stream_is_read_no_further_than_there_is_room(void)
{
	int from = pipe_with("abcdef"), ends[2];
	static struct flow f;
	char got[8] = "";

	check_int(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	flow_init(&f, from, ends[1]);
	step(&f, 4);
	check_int(f.total, 4);
	step(&f, 4);
	check_int(read(ends[0], got, sizeof(got) - 1), 4);
	check_text(got, "abcd");
	step(&f, 0);
	check_int(f.total, 4);
	check(!flow_ended(&f));
	for (int i = 0; i < 3; i++)
		step(&f, 4);
	check_int(f.total, 6);
	check(flow_ended(&f));
	(void)close(from);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int main(void)
{
	RUN(lines_become_messages_and_rubbish_none);
	RUN(a_line_that_is_too_long_hides_only_itself);
	RUN(the_last_lines_are_printed_without_control_characters);
	RUN(of_a_panic_the_reason_is_printed_however_long_the_trace);
	RUN(a_log_longer_than_the_ring_keeps_its_end);
	RUN(a_stream_is_read_no_further_than_there_is_room);
	return tap_done();
}
