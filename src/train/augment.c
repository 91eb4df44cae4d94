/* Image augmentation by counter.  Any thread; no state. */
#include <sluice/augment.h>

#include <inttypes.h>
#include <string.h>

#include "base/rng.h"

enum { MOST_SHIFT = 1 << 20 };

/* Which of the eight numbers of a block are used. */
enum { DOWN, RIGHT, FLIP, DRAWN = 8 };

static const sluice_option options[] = {
    {
        .name = "shift",
        .help = "pixels by which an image is moved at most, each way",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_augmentation, shift),
        .bytes = sizeof(int64_t),
        .max = MOST_SHIFT,
    },
    {
        .name = "flip",
        .help = "exchange left and right of every other image, by chance",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_augmentation, flip),
        .bytes = sizeof(bool),
    },
};

sluice_option_table sluice_augmentation_options(void)
{
    return (sluice_option_table){"augment", options,
                                 sizeof options / sizeof *options};
}

bool sluice_augmentation_acts(const sluice_augmentation *augmentation)
{
    return augmentation->shift > 0 || augmentation->flip;
}

/* The height and width of an image are its last dims. */
static int64_t dim(const sluice_shape *row, int from_end)
{
    return row->dims[row->n_dims - from_end];
}

sluice_status sluice_augmentation_check(const sluice_augmentation *augmentation,
                                        const sluice_shape *row,
                                        sluice_diag *why)
{
    int64_t shift = augmentation->shift;
    if (row->n_dims < 2 || row->n_dims > 3)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "augment: a row of %d dims; an image has height "
                               "and width, and may have channels before them",
                               row->n_dims);
    if (shift >= 0 && shift < dim(row, 2) && shift < dim(row, 1))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "augment: a shift of %" PRId64
                           " pixels of images of %" PRId64 " x %" PRId64
                           "; it must be from 0 and less than both",
                           shift, dim(row, 2), dim(row, 1));
}

/* A number from -most to most. */
static int64_t offset_of(uint32_t bits, int64_t most)
{
    uint64_t n = 2 * (uint64_t)most + 1;
    return (int64_t)(bits * n >> 32) - most;
}

/* A line of pixels; `from` NULL: one that comes from outside. */
static void copy_line(const float *from, float *to, int64_t width,
                      int64_t right, bool flips, float fill)
{
    for (int64_t i = 0; i < width; i++) {
        int64_t source = i - right;
        bool inside = from && source >= 0 && source < width;
        if (flips)
            source = width - 1 - source;
        to[i] = inside ? from[source] : fill;
    }
}

void sluice_augment(const sluice_augmentation *augmentation, uint64_t seed,
                    uint64_t epoch, int64_t index, const sluice_shape *row,
                    float fill, float *x, float *room)
{
    uint32_t bits[DRAWN];
    int64_t height = dim(row, 2), width = dim(row, 1);
    int64_t lines = sluice_shape_elements(row) / width;
    sl_rng_block(seed, SL_RNG_AUGMENT,
                 (struct sl_rng_counter){{epoch, (uint64_t)index}}, bits);
    int64_t down = offset_of(bits[DOWN], augmentation->shift);
    int64_t right = offset_of(bits[RIGHT], augmentation->shift);
    bool flips = augmentation->flip && bits[FLIP] >> 31;
    memcpy(room, x, (size_t)(lines * width) * sizeof *room);
    for (int64_t i = 0; i < lines; i++) {
        int64_t source = i % height - down;
        bool inside = source >= 0 && source < height;
        copy_line(inside ? room + (i - down) * width : NULL, x + i * width,
                  width, right, flips, fill);
    }
}
