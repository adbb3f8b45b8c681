/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

/*
 * What is told in the words of a shell, for people who read it or paste it; nothing here is
 * ever given to one.
 */

/* One word, in quotes where a shell would see more than that in it. */
void shell_word(FILE *out, const char *text);
