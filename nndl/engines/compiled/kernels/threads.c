/* A pool of POSIX threads.

   OpenMP is missing from Apple's compiler and does not survive fork, so the pool is our own: helpers watch for work for
   some ten microseconds, the time between two kernels of a training step, and sleep after that. Tasks are claimed by
   counting one word down; a helper that wakes up late finds nothing to claim, and nobody waits for it.

   For many threads: a claim is one subtraction that cannot fail, where comparing and exchanging would be tried again each
   time that another thread was first; threads tell once that they are done, not for each task; what all write lies on
   lines of the cache of its own; and no more helpers are woken than there are tasks for. */

#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

enum { MOST_THREADS = 256, SPINS = 2000, ALIGNMENT = 64 };

/* What `left` is when all tasks are claimed, less the claims that came too late, of which each thread makes one at most. */
enum { NOTHING = 1 << 30 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work_there;
    pthread_t helpers[MOST_THREADS];
    int threads, started;
    pid_t owner;              /* the process that the helpers live in */
    atomic_int sleeping, stop;
    Work work;
    void *context;
    long tasks;
    _Alignas(ALIGNMENT) atomic_long left;
    _Alignas(ALIGNMENT) atomic_long done;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .work_there = PTHREAD_COND_INITIALIZER, .threads = 1, .left = NOTHING};

static inline void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int tasks_left(void) { return atomic_load(&pool.left) > NOTHING; }

/* Claim and run tasks until none is left. Whether a claim holds is told by the word alone. What belongs to the job is read
   after that: it cannot change before the thread has told that the claimed tasks are done. */
static void work_along(int thread) {
    long done = 0;
    while (tasks_left()) {
        long left = atomic_fetch_sub(&pool.left, 1);
        if (left <= NOTHING) break;
        pool.work(pool.context, pool.tasks - (left - NOTHING), thread);
        done++;
    }
    if (done) atomic_fetch_add(&pool.done, done);
}

static void wait_for_work(void) {
    for (int spin = 0; spin < SPINS; spin++) {
        if (tasks_left() || atomic_load(&pool.stop)) return;
        pause_briefly();
    }
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.sleeping, 1);
    while (!tasks_left() && !atomic_load(&pool.stop)) pthread_cond_wait(&pool.work_there, &pool.lock);
    atomic_fetch_sub(&pool.sleeping, 1);
    pthread_mutex_unlock(&pool.lock);
}

static void *help(void *thread) {
    while (!atomic_load(&pool.stop)) {
        work_along((int)(intptr_t)thread);
        wait_for_work();
    }
    return NULL;
}

/* Wake up to `most` helpers that sleep. */
static void wake(long most) {
    pthread_mutex_lock(&pool.lock);
    if (most < atomic_load(&pool.sleeping)) for (; most > 0; most--) pthread_cond_signal(&pool.work_there);
    else pthread_cond_broadcast(&pool.work_there);
    pthread_mutex_unlock(&pool.lock);
}

/* Start the helpers at first use. In a forked child they are gone: start them anew, with locks that nobody holds. */
static void start_helpers(void) {
    if (pool.started && pool.owner == getpid()) return;
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.work_there, NULL);
    atomic_store(&pool.sleeping, 0);
    pool.owner = getpid();
    pool.started = 1;
    for (int i = 1; i < pool.threads; i++)
        if (pthread_create(&pool.helpers[i], NULL, help, (void *)(intptr_t)i)) pool.threads = i;
}

static void stop_helpers(void) {
    if (pool.started && pool.owner == getpid()) {
        atomic_store(&pool.stop, 1);
        wake(MOST_THREADS);
        for (int i = 1; i < pool.threads; i++) pthread_join(pool.helpers[i], NULL);
        atomic_store(&pool.stop, 0);
    }
    pool.started = 0;
}

void nndl_set_threads(long count) {
    stop_helpers();
    pool.threads = count < 1 ? 1 : count > MOST_THREADS ? MOST_THREADS : (int)count;
}

int thread_count(void) { return pool.threads; }

void share(Work work, void *context, long tasks) {
    if (pool.threads == 1 || tasks == 1) {
        for (long task = 0; task < tasks; task++) work(context, task, 0);
        return;
    }
    start_helpers();
    pool.work = work, pool.context = context, pool.tasks = tasks;
    atomic_store(&pool.done, 0);
    atomic_store(&pool.left, NOTHING + tasks);
    if (atomic_load(&pool.sleeping)) wake(tasks - 1);
    work_along(0);
    for (long spin = 0; atomic_load(&pool.done) < tasks; spin++)
        if (spin < SPINS) pause_briefly();
        else sched_yield();
}

void *scratch(int owner, int slot, size_t bytes) {
    static struct { void *memory; size_t bytes; } kept[MOST_THREADS + 1][SLOTS];
    void **memory = &kept[owner + 1][slot].memory;
    if (kept[owner + 1][slot].bytes < bytes) {
        free(*memory);
        size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        *memory = aligned_alloc(ALIGNMENT, rounded);
        if (!*memory) {
            fprintf(stderr, "nndl: no memory left for %zu bytes\n", rounded);
            abort();
        }
        kept[owner + 1][slot].bytes = rounded;
    }
#ifdef __SANITIZE_ADDRESS__
    /* What a larger call left behind is out of bounds for this one. */
    __asan_poison_memory_region(*memory, kept[owner + 1][slot].bytes);
    __asan_unpoison_memory_region(*memory, bytes);
#endif
    return *memory;
}
