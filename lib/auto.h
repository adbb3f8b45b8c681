/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attr.h"

/*
 * What a block owns is declared with its release; ownership leaves the block by take_….
 *
 *	auto_close int fd = open(…);
 *	…
 *	*out = take_fd(&fd);
 *
 * The releases keep errno, so that they may run after a failure that is still to be described.
 */

void auto_close_fd(int *fd);
void auto_close_dir(DIR **dir);
void auto_close_file(FILE **file);
void auto_free_memory(void *pointer);

#define auto_close  released_by(auto_close_fd)
#define auto_closed released_by(auto_close_dir)
#define auto_fclose released_by(auto_close_file)
#define auto_free   released_by(auto_free_memory)

/* Gives the descriptor to the caller and leaves -1 behind. */
int take_fd(int *fd) must_check;

/* Gives the pointer to the caller and leaves NULL behind: char *s = take_memory(&mine). */
void *take_memory(void *pointer_to_pointer) must_check;
