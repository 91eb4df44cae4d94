/* The same data everywhere.  The main thread. */
#include "bench/train/data/same_data.h"

#include <inttypes.h>
#include <string.h>

/* What is told about a source; without padding. */
struct summary {
    int64_t rows;
    int64_t tests;
    int64_t features;
    double mean; /* by which bytes are normalized: it differs with them */
    double deviation;
};

static struct summary summarize(const struct source *source)
{
    struct summary is = {
        .rows = sluice_dataset_rows(source->train),
        .tests = source->test ? sluice_dataset_rows(source->test) : 0,
        .features = source_features(source),
    };
    source_normalization(source, &is.mean, &is.deviation);
    return is;
}

sluice_status same_data_check(sluice_world *world, const struct source *source,
                              sluice_diag *why)
{
    if (!world)
        return SLUICE_OK;
    struct summary is = summarize(source), first = is;
    sluice_status st = sluice_world_share(world, 0, &first, sizeof first, why);
    if (!st && memcmp(&is, &first, sizeof is))
        st = sluice_diag_set(
            why, SLUICE_INVALID,
            "process %d has other data than process 0: %" PRId64 " rows and "
            "%" PRId64 " to test on, not %" PRId64 " and %" PRId64
            ", or other values; give all the same files",
            sluice_world_rank(world), is.rows, is.tests, first.rows,
            first.tests);
    return sluice_world_agree(world, st, why);
}
