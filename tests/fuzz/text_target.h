/*
 * What the fuzz targets of texts and the replay of their corpora share: a
 * parser is given a text and an allocator that counts, and what it promises for
 * any text is checked.  A broken promise ends the process.  Parsers of binary
 * files have the same in tests/data/fuzz.h.
 */
#ifndef SL_TEST_TEXT_TARGET_H
#define SL_TEST_TEXT_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

/* The parser of this program: one per fuzz_<parser>.c. */
struct text_target {
    /*
     * Parse text[n], which a 0 follows; if it is good, write it again, read
     * that, and require that the same comes out.
     */
    sluice_status (*parse)(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why);

    /* Bytes of the allocator that a text of n bytes takes at most: `factor` n +
     * `base`. */
    size_t factor;
    size_t base;
};

extern const struct text_target text_target;

/* End the process unless `claim` is true. */
void text_require(int claim);

/* Parse data[n] and check the promises; returns what the parser said. */
sluice_status text_one(const uint8_t *data, size_t n);

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
