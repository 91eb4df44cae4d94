/* Features and targets from files.  The main thread. */
#include "bench/train/data/array_pair.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

sluice_status array_pair_read(struct array_pair *pair, const char *x,
                              const char *y, sluice_diag *why)
{
    *pair = (struct array_pair){.x = {.data = NULL}};
    sluice_status st = SLUICE_OK;
    if (x)
        st = sluice_npy_read(x, NULL, &pair->x, why);
    if (!st && y)
        st = sluice_npy_read(y, NULL, &pair->y, why);
    if (st)
        array_pair_fini(pair);
    return st;
}

void array_pair_fini(struct array_pair *pair)
{
    sluice_array_fini(&pair->y);
    sluice_array_fini(&pair->x);
}

/* A copy of n rows from `first` on. */
static sluice_status copy_rows(const sluice_array *from, int64_t first,
                               int64_t n, sluice_array *out, sluice_diag *why)
{
    sluice_shape shape = from->shape;
    *out = (sluice_array){.data = NULL};
    if (!from->data)
        return SLUICE_OK;
    size_t row = from->bytes / (size_t)shape.dims[0];
    shape.dims[0] = n;
    sluice_status st = sluice_array_init(out, from->type, &shape, NULL, why);
    if (!st)
        memcpy(out->data, (const char *)from->data + (size_t)first * row,
               (size_t)n * row);
    return st;
}

static sluice_status copy_pair(const struct array_pair *from, int64_t first,
                               int64_t n, struct array_pair *out,
                               sluice_diag *why)
{
    *out = (struct array_pair){.x = {.data = NULL}};
    sluice_status st = copy_rows(&from->x, first, n, &out->x, why);
    if (!st)
        st = copy_rows(&from->y, first, n, &out->y, why);
    if (st)
        array_pair_fini(out);
    return st;
}

sluice_status array_pair_split(struct array_pair *pair, double share,
                               struct array_pair *rest, sluice_diag *why)
{
    bool both = pair->x.data && pair->y.data;
    int64_t n = (pair->x.data ? &pair->x : &pair->y)->shape.dims[0];
    if ((both && n != pair->y.shape.dims[0]) || n < 2)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%" PRId64 " rows of features and %" PRId64
                               " of targets: a part to validate on needs the "
                               "same number of both, 2 at least",
                               n, both ? pair->y.shape.dims[0] : n);
    int64_t held = llround(share * (double)n);
    if (held < 1)
        held = 1;
    if (held > n - 1)
        held = n - 1;
    struct array_pair kept;
    sluice_status st = copy_pair(pair, n - held, held, rest, why);
    if (st)
        return st;
    st = copy_pair(pair, 0, n - held, &kept, why);
    if (st) {
        array_pair_fini(rest);
        return st;
    }
    array_pair_fini(pair);
    *pair = kept;
    return SLUICE_OK;
}
