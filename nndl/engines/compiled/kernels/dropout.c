/* Dropout: the mask that NumPy's Philox generator draws, and x times it.

   Philox-4x64 with ten rounds (Salmon, Moraes, Dror and Shaw 2011) turns a counter and a key into four words; the words of
   counters that follow each other are the generator's stream, so any part of it can be computed by itself. A word's upper 53
   bits over 2^53 are the double of [0, 1) that the definition compares with p; compared as whole numbers they say the same.

   The definition draws for images (N, C, H, W), in that order; here they lie channels last, and each word's answer, a byte,
   is put where its number lies. A task is one example. */

#include "threads.h"
#include "vector.h"

enum { WORDS = 4, ROUNDS = 10, DISCARDED = 11 };  /* the low bits of a word that no double holds */

/* A word of each of LANES blocks. Few lanes of 64 bits, without a product of halves, are slower than one with a wide product. */
#if defined(__AVX512F__) || defined(__AVX2__)
enum { LANES = VL / 2 };
typedef uint64_t Lanes __attribute__((vector_size(VL * 4)));
#if defined(__AVX512F__)
ALWAYS_INLINE Lanes low_product(Lanes a, Lanes b) { return (Lanes)_mm512_mul_epu32((__m512i)a, (__m512i)b); }
#else
ALWAYS_INLINE Lanes low_product(Lanes a, Lanes b) { return (Lanes)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
#endif

/* The upper and the lower word of a times `factor`, from the products of their halves. */
ALWAYS_INLINE void multiply(Lanes a, uint64_t factor, Lanes *high, Lanes *low) {
    Lanes b = factor - (Lanes){}, half = UINT32_MAX - (Lanes){};
    Lanes first = low_product(a, b), outer = low_product(a, b >> 32);
    Lanes middle = low_product(a >> 32, b) + (first >> 32), carried = outer + (middle & half);
    *high = low_product(a >> 32, b >> 32) + (middle >> 32) + (carried >> 32);
    *low = (carried << 32) | (first & half);
}

ALWAYS_INLINE Lanes counted_from(uint64_t first) {
    static const uint64_t COUNT[] = {0, 1, 2, 3, 4, 5, 6, 7};
    Lanes count;
    memcpy(&count, COUNT, sizeof count);
    return first + count;
}

/* A byte for each word, block by block: whether its double is below the limit. */
ALWAYS_INLINE void store_answers(const Lanes words[WORDS], uint64_t limit, uint8_t *kept) {
    typedef uint32_t Answers __attribute__((vector_size(LANES * WORDS)));
    Lanes answers = {};
    UNROLL for (int i = 0; i < WORDS; i++) answers |= (Lanes)(words[i] >> DISCARDED < limit) & (uint64_t)1 << 8 * i;
    Answers together = __builtin_convertvector(answers, Answers);
    memcpy(kept, &together, sizeof together);
}
#else
enum { LANES = 1 };
typedef uint64_t Lanes;

ALWAYS_INLINE void multiply(Lanes a, uint64_t factor, Lanes *high, Lanes *low) {
    unsigned __int128 product = (unsigned __int128)a * factor;
    *high = (uint64_t)(product >> 64), *low = (uint64_t)product;
}

ALWAYS_INLINE Lanes counted_from(uint64_t first) { return first; }

ALWAYS_INLINE void store_answers(const Lanes words[WORDS], uint64_t limit, uint8_t *kept) {
    UNROLL for (int i = 0; i < WORDS; i++) kept[i] = words[i] >> DISCARDED < limit;
}
#endif

typedef struct {
    long channels, pixels;
    uint64_t counter[WORDS], key[2], limit;
    long first;        /* the word of the stream, counted from block `counter`, that the first number gets */
    uint8_t *kept;
} Draw;

/* The answers of LANES blocks from `counter` on. */
ALWAYS_INLINE void draw_blocks(const Draw *draw, const uint64_t counter[WORDS], uint8_t *kept) {
    Lanes a = counted_from(counter[0]), over = (Lanes)(a < counter[0]);  /* a lane that is true is -1: the carry */
    Lanes b = counter[1] - over;
    over &= (Lanes)(b == 0);
    Lanes c = counter[2] - over;
    over &= (Lanes)(c == 0);
    Lanes d = counter[3] - over, words[WORDS];
    uint64_t k0 = draw->key[0], k1 = draw->key[1];
    UNROLL for (int round = 0; round < ROUNDS; round++) {
        Lanes high_a, low_a, high_c, low_c;
        multiply(a, 0xD2E7470EE14C6C93u, &high_a, &low_a);
        multiply(c, 0xCA5A826395121157u, &high_c, &low_c);
        a = high_c ^ b ^ k0, b = low_c;
        c = high_a ^ d ^ k1, d = low_a;
        k0 += 0x9E3779B97F4A7C15u, k1 += 0xBB67AE8584CAA73Bu;
    }
    words[0] = a, words[1] = b, words[2] = c, words[3] = d;
    store_answers(words, draw->limit, kept);
}

static void add_to_counter(uint64_t counter[WORDS], uint64_t blocks) {
    for (int i = 0; i < WORDS; i++) {
        counter[i] += blocks;
        if (counter[i] >= blocks) return;
        blocks = 1;  /* the carry */
    }
}

/* Draw `size` numbers from this word on. */
static void draw_row(const Draw *d, long word, long size, uint8_t *kept) {
    enum { TOGETHER = WORDS * LANES };
    uint64_t counter[WORDS];
    uint8_t rim[TOGETHER];
    memcpy(counter, d->counter, sizeof counter);
    add_to_counter(counter, (uint64_t)(word / WORDS));
    long i = -(word % WORDS);
    for (; i < size; i += TOGETHER, add_to_counter(counter, LANES)) {
        if (i >= 0 && i + TOGETHER <= size) {
            draw_blocks(d, counter, kept + i);
        } else {
            draw_blocks(d, counter, rim);
            for (long at = i < 0 ? -i : 0; at < smaller_of(TOGETHER, size - i); at++) kept[i + at] = rim[at];
        }
    }
}

enum { TURNED = 16 };  /* pixels that are written side by side: strides over a whole image would miss the cache each time */

static void draw_example(void *context, long n, int thread) {
    const Draw *d = context;
    long C = d->channels, P = d->pixels;
    uint8_t *kept = d->kept + n * C * P;
    uint8_t *planes = C == 1 ? kept : scratch(thread, SLOT_ROWS, (size_t)(C * P));
    draw_row(d, d->first + n * C * P, C * P, planes);
    for (long p = 0; C > 1 && p < P; p += TURNED)
        for (long c = 0; c < C; c++)
            for (long i = p; i < smaller_of(p + TURNED, P); i++) kept[i * C + c] = planes[c * P + i];
}

/* kept (N, pixels, C) = 1 where the double drawn for it is less than limit / 2^53, else 0. The doubles come from the stream of
   `key` (2 words, as bytes), from word `first` of block `counter` (4 words, as bytes) on, in the order (N, C, pixels). */
void nndl_dropout_draw(long examples, long channels, long pixels, const uint8_t *counter, const uint8_t *key, long first,
                       long limit, uint8_t *kept) {
    Draw d = {.channels = channels, .pixels = pixels, .limit = (uint64_t)limit, .first = first, .kept = kept};
    memcpy(d.counter, counter, sizeof d.counter);
    memcpy(d.key, key, sizeof d.key);
    share(draw_example, &d, examples);
}

typedef struct { long size; float factor; const float *x; const uint8_t *kept; float *out; } Dropout;

enum { CHUNK = 1 << 16 };

static void dropout_chunk(void *context, long task, int thread) {
    (void)thread;
    const Dropout *d = context;
    long end = smaller_of((task + 1) * CHUNK, d->size);
    for (long i = task * CHUNK; i < end; i += VL) {
        long count = end - i;
        Vector mask = __builtin_convertvector(load_bytes(d->kept + i, count), Vector) * d->factor;
        store_part(d->out + i, load_part(d->x + i, count) * mask, count);
    }
}

/* out = factor x where kept is 1, zero times x where it is 0: `size` numbers. */
void nndl_dropout(long size, float factor, const float *x, const uint8_t *kept, float *out) {
    Dropout d = {size, factor, x, kept, out};
    share(dropout_chunk, &d, (size + CHUNK - 1) / CHUNK);
}
