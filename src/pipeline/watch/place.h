/*
 * Where a device is in its program, for other threads to read.
 *
 * It is one word, so that a look sees all of it at one moment, stored without
 * any order: it says what a device does, and publishes nothing.  A device walks
 * its program from beginning to end, so what it did before this operation is
 * what stands before it there.
 *
 *     bits 0-2   what it does, a sluice_doing
 *     bit  3     which program: 0 the forward one, 1 the training one
 *     bits 4-31  the operation's place in the program
 *     bits 32-   which part runs: 0 none, 1 the optimizer, 2 the loss, 3 + i
 *                layer i of the operation's stage
 *
 * Threads: the device stores, any thread loads.
 */
#ifndef SL_PIPELINE_WATCH_PLACE_H
#define SL_PIPELINE_WATCH_PLACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sluice/watch.h>

enum sl_part_runs {
    SL_NO_PART,
    SL_OPTIMIZER_RUNS,
    SL_LOSS_RUNS,
    SL_LAYER_RUNS, /* + its number in the stage */
};

struct sl_place_word {
    atomic_uint_least64_t word; /* [atomic] by the device, relaxed; read by
                                   sl_place_read() */
    uint64_t base;              /* [owner: device] program and operation */
};

/* The same taken apart. */
struct sl_seen {
    sluice_doing doing;
    bool trains;
    int op;
    int part; /* an sl_part_runs, or above */
};

/* The device stands before an operation of one of its programs. */
static inline void sl_place_at(struct sl_place_word *place, bool trains, int op)
{
    place->base = (uint64_t)op << 4 | (uint64_t)trains << 3;
}

/* It does something about that operation. */
static inline void sl_place_does(struct sl_place_word *place,
                                 sluice_doing doing)
{
    atomic_store_explicit(&place->word, place->base | doing,
                          memory_order_relaxed);
}

/* It runs the operation, and in it a part. */
static inline void sl_place_runs(struct sl_place_word *place, int part)
{
    atomic_store_explicit(&place->word,
                          (uint64_t)part << 32 | place->base | SLUICE_RUNNING,
                          memory_order_relaxed);
}

/* Within the part that runs it waits for its team, or goes on. */
static inline void sl_place_waits(struct sl_place_word *place, bool waits)
{
    uint64_t word = atomic_load_explicit(&place->word, memory_order_relaxed);
    atomic_store_explicit(&place->word,
                          (word & ~(uint64_t)7) |
                              (waits ? SLUICE_MEETING : SLUICE_RUNNING),
                          memory_order_relaxed);
}

/* It has left the program. */
static inline void sl_place_idle(struct sl_place_word *place)
{
    atomic_store_explicit(&place->word, SLUICE_IDLE, memory_order_relaxed);
}

static inline uint64_t sl_place_read(const struct sl_place_word *place)
{
    return atomic_load_explicit(&place->word, memory_order_relaxed);
}

static inline struct sl_seen sl_place_decode(uint64_t word)
{
    return (struct sl_seen){
        .doing = (sluice_doing)(word & 7),
        .trains = word >> 3 & 1,
        .op = (int)(word >> 4 & 0xfffffff),
        .part = (int)(word >> 32),
    };
}

#endif
