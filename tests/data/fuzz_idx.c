/* Any bytes as an IDX file. */
#include "fuzz.h"

#include "data/formats/array.h"
#include "data/formats/idx.h"

static sluice_status parse(struct sl_source *source, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_array array = {0};
    sluice_status st = sl_idx_parse(source, allocator, &array, why);
    if (st == SLUICE_OK) {
        fuzz_require(sl_array_valid(&array));
        fuzz_require(array.bytes <= n);
    } else {
        fuzz_require(!array.data);
    }
    sluice_array_fini(&array);
    sl_source_close(source);
    return st;
}

const struct fuzz_parser fuzz_parser = {SL_MAYBE_GZIP, parse};
