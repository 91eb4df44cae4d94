/*
 * What the fuzz targets and the replay of their corpus share: a parser is given
 * bytes in memory and an allocator that counts, and what it promises for any
 * input is checked.  A broken promise ends the process.
 */
#ifndef SL_TEST_FUZZ_H
#define SL_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "data/formats/byte_source.h"

/* The parser of this program: one per fuzz_<parser>.c. */
struct fuzz_parser {
    enum sl_packing packing;
    sluice_status (*parse)(struct sl_source *source, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why);
};

extern const struct fuzz_parser fuzz_parser;

/* End the process unless `claim` is true. */
void fuzz_require(int claim);

/* Parse data[n] and check the promises; returns what the parser said. */
sluice_status fuzz_one(const uint8_t *data, size_t n);

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
