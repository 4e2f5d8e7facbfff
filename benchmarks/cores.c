/* Times every task that the kernels share among threads: linked into them with -Wl,--wrap=share, so that calls of share() come here.
   benchmarks/cores.py reads what is noted. */

#include "../nndl/engines/compiled/kernels/threads.h"

#include <stdlib.h>
#include <time.h>

void __real_share(Work work, void *context, long tasks);

static struct { double *numbers; long count, room; double inside; } noted;

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct { Work work; void *context; double *took; } Timed;

static void timed_task(void *context, long task, int thread) {
    const Timed *timed = context;
    double start = processor_seconds();
    timed->work(timed->context, task, thread);
    timed->took[task] = processor_seconds() - start;
}

void __wrap_share(Work work, void *context, long tasks) {
    if (noted.count + tasks + 1 > noted.room) {
        noted.room = 2 * noted.room + tasks + 1;
        noted.numbers = realloc(noted.numbers, sizeof(double) * (size_t)noted.room);
        if (!noted.numbers) abort();
    }
    noted.numbers[noted.count] = (double)tasks;
    Timed timed = {work, context, noted.numbers + noted.count + 1};
    noted.count += tasks + 1;
    double start = processor_seconds();
    __real_share(timed_task, &timed, tasks);
    noted.inside += processor_seconds() - start;
}

/* Forget all. */
void nndl_noted_begin(void) { noted.count = 0, noted.inside = 0; }

/* How many numbers are noted: for each share() how many tasks, and the processor seconds of each. */
long nndl_noted_count(void) { return noted.count; }

const double *nndl_noted(void) { return noted.numbers; }

/* Processor seconds that the calling thread spent in share(), its own tasks and waiting for others included. */
double nndl_noted_inside(void) { return noted.inside; }
