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

/* Named by what the memory holds. Names of one line share their memory: no kernel needs two of them at once, and the large ones
   (U and dU of 512 channels: 36 MB each) would be kept twice. */
enum {
    SLOT_PATCHES, SLOT_IMAGE = SLOT_PATCHES, SLOT_ROWS = SLOT_PATCHES,         /* V; an image laid out; rows brought close */
    SLOT_PRODUCT, SLOT_PACKED = SLOT_PRODUCT, SLOT_PIXELS = SLOT_PRODUCT,      /* M or sums; a panel of w; pixels found */
    SLOT_OUTPUT,                                                               /* a block of y */
    SLOT_GRADIENT, SLOT_COLUMNS = SLOT_GRADIENT, SLOT_ROUNDED = SLOT_GRADIENT, /* Y; columns transformed; in bfloat16 */
    SLOT_FILTERS, SLOT_PARTS = SLOT_FILTERS, SLOT_PANELS = SLOT_FILTERS,       /* U or packed w; dU or parts of dw; packed dout */
    SLOT_TURNED,                                                               /* w turned */
    SLOT_SUMS,                                                                 /* of blocks, chunks or slices */
    SLOT_ZEROS,                                                                /* a pixel outside the image */
    SLOT_DY,                                                                   /* spread from pooled gradients, or copied */
    SLOT_EDGES,                                                                /* filters and lines of an input gradient's edges */
    SLOTS
};
