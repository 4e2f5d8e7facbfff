/* As many multiply-adds as the processor can: chains of them in registers, with no memory touched. The bound that no
   kernel passes, for nndl bench. */

#include "threads.h"
#include "vector.h"

/* 4 or 5 cycles of latency times 2 units: 8 to 10 that do not wait for each other. 12 and the rest fit 16 registers. */
enum { CHAINS = 12 };

typedef struct {
    long repeats;
    float factor, addend;
    double *sums;
} Peak;

static void chains(void *context, long task, int thread) {
    (void)thread;
    const Peak *p = context;
    Vector chain[CHAINS], factor = splat(p->factor), addend = splat(p->addend), sum = {};
    UNROLL for (int c = 0; c < CHAINS; c++) chain[c] = splat((float)c);
    for (long i = 0; i < p->repeats; i++) {
        UNROLL for (int c = 0; c < CHAINS; c++) chain[c] = chain[c] * factor + addend;
    }
    for (int c = 0; c < CHAINS; c++) sum += chain[c];
    p->sums[task] = sum[0];
}

/* Every thread repeats its chains so often; flop (1 + threads) gets the number of operations of all, two for a
   multiply-add, and what the chains come to. */
void nndl_multiply_adds(long repeats, double *flop) {
    Peak p = {.repeats = repeats, .factor = 0.5f, .addend = 0.5f, .sums = flop + 1};
    share(chains, &p, thread_count());
    flop[0] = 2.0 * VL * CHAINS * (double)repeats * thread_count();
}
