/* Any bytes as a vocab.json. */
#include "fuzz.h"

#include "data/text/vocabulary.h"

static sluice_status parse(struct sl_source *source, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    struct sl_vocabulary v = {.n = 0};
    sluice_status st = sl_vocabulary_parse(source, allocator, &v, why);
    if (st == SLUICE_OK) {
        fuzz_require(v.n > 0 && (size_t)v.n <= n / 5);
        for (int32_t i = 0; i < v.n; i++) {
            fuzz_require(v.lengths[i] > 0 && v.starts[i] + v.lengths[i] < n);
            fuzz_require(sl_vocabulary_find(&v, v.file + v.starts[i],
                                            v.lengths[i]) == i);
        }
    } else {
        fuzz_require(!v.file && !v.table);
    }
    sl_vocabulary_fini(&v);
    sl_source_close(source);
    return st;
}

const struct fuzz_parser fuzz_parser = {SL_PLAIN, parse};
