/* `sluice sample`: text from a trained model. */
#ifndef BENCH_SAMPLE_SAMPLE_H
#define BENCH_SAMPLE_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/cli/option.h"
#include "bench/sample/saved_model.h"
#include "bench/sample/draw_token.h"

struct sample_config {
    struct saved_source saved;
    const char *tokenizer; /* its name; NULL: the file tells it */
    const char *prompt;
    int64_t n_tokens;
    bool windows; /* no keys and values are kept */
    struct draw_config draw;
};

extern const struct option_group sample_groups[];

#endif
