/* The order of an epoch.  Any thread; no state. */
#include <sluice/dataset.h>

#include "base/rng.h"
#include "data/sets/dataset.h"

/* The sequence of 64-bit numbers of (seed, epoch). */
struct draws {
    uint64_t seed;
    uint64_t epoch;
    enum sl_rng_stream stream;
    uint64_t next; /* number of the next one */
    uint32_t block[8];
};

static uint64_t draw(struct draws *draws)
{
    uint64_t i = draws->next % 4;
    if (i == 0)
        sl_rng_block(
            draws->seed, draws->stream,
            (struct sl_rng_counter){{draws->epoch, 0, 0, draws->next / 4}},
            draws->block);
    draws->next++;
    return draws->block[2 * i] | (uint64_t)draws->block[2 * i + 1] << 32;
}

/* A number in 0..n-1, each as likely as any other: the first 2^64 mod n of the
 * 2^64 draws are thrown away, what is left is a multiple of n. */
static uint64_t draw_below(struct draws *draws, uint64_t n)
{
    uint64_t first = (0 - n) % n;
    uint64_t value;
    do
        value = draw(draws);
    while (value < first);
    return value % n;
}

/* Fisher-Yates (Durstenfeld, 1964). */
void sluice_shuffle(uint64_t seed, uint64_t epoch, int64_t n, int64_t *index)
{
    struct draws draws = {seed, epoch, SL_RNG_SHUFFLE, .next = 0};
    for (int64_t i = 0; i < n; i++)
        index[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)draw_below(&draws, (uint64_t)i + 1);
        int64_t row = index[i];
        index[i] = index[j];
        index[j] = row;
    }
}

void sluice_dataset_order(const sluice_dataset *dataset, uint64_t seed,
                          uint64_t epoch, int64_t *index)
{
    sluice_shuffle(seed, epoch, dataset->n_rows, index);
    if (!dataset->places)
        return;
    struct draws draws = {seed, epoch, SL_RNG_WINDOW, .next = 0};
    uint64_t most = (uint64_t)sl_windows_slack(dataset);
    sl_windows_place(dataset, (int64_t)draw_below(&draws, most), index);
}

void sluice_dataset_in_order(const sluice_dataset *dataset, int64_t *index)
{
    for (int64_t i = 0; i < dataset->n_rows; i++)
        index[i] = i;
    if (dataset->places)
        sl_windows_place(dataset, 0, index);
}
