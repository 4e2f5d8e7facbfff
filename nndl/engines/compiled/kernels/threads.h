/* One pool of threads for all kernels, and memory that is made once. */

#pragma once

#include <stddef.h>

/* work(context, task, thread) for every task from 0 to tasks - 1; thread is 0 to thread_count() - 1. */
typedef void (*Work)(void *context, long task, int thread);

/* Run all tasks and return when they are done. Threads take the next task as they become free, so what a task computes
   must not depend on the thread it falls to: then results are the same bits at every run. */
void share(Work work, void *context, long tasks);

int thread_count(void);

/* Whose memory: a thread's own, or the one copy that all tasks of a kernel share. */
enum { SHARED = -1 };

/* Room for `bytes`, aligned to 64 and kept from call to call; the same `slot` and owner give the same memory.
   Shared memory is asked for before share(), never inside a task. Ends the process where there is no memory left. */
void *scratch(int owner, int slot, size_t bytes);

enum { SLOT_INPUT, SLOT_PRODUCT, SLOT_OUTPUT, SLOT_GRADIENT, SLOT_FILTERS, SLOT_TURNED, SLOT_SUMS, SLOT_NOTHING, SLOT_UNPOOLED, SLOTS };
