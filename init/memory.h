/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Process 1 is there for as long as its container is, and mostly asleep. memory_trim lets go of
 * what only the start needed: the pages of code and constants behind the hot part (they come
 * back from the file when they are needed), and those of the stack below the caller.
 */
void memory_trim(void);
