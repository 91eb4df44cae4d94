/* The options of `sluice sample`.  The main thread. */
#include <limits.h>

#include "bench/cli/option_types.h"
#include "bench/sample/saved_options.h"
#include "bench/sample/sample.h"

static const struct option_row rows[] = {
    {.name = "tokenizer",
     .argument = "NAME",
     .help = "The tokenizer, as of sluice train, of a file that does not tell "
             "it",
     .type = &option_text,
     .offset = offsetof(struct sample_config, tokenizer)},
    {.name = "prompt",
     .argument = "TEXT",
     .help = "What the text begins with",
     .type = &option_text,
     .offset = offsetof(struct sample_config, prompt)},
    {.name = "tokens",
     .argument = "N",
     .help = "Tokens that are drawn",
     .type = &option_long,
     .offset = offsetof(struct sample_config, n_tokens),
     .least = 1,
     .most = 1 << 24,
     .standard = "500"},
    {.name = "no-cache",
     .help = "Run the whole window for each token, instead of keeping keys and "
             "values; slower, and the same but for rounding",
     .type = &option_flag,
     .offset = offsetof(struct sample_config, windows)},
    {.name = "temperature",
     .argument = "X",
     .help = "Tokens are drawn by exp(output / X); 0 takes the most probable",
     .type = &option_real,
     .offset = offsetof(struct sample_config, draw.temperature),
     .least = 0,
     .most = 1000,
     .standard = "0.8"},
    {.name = "top-k",
     .argument = "K",
     .help = "Draw from the K most probable tokens only",
     .type = &option_long,
     .offset = offsetof(struct sample_config, draw.top_k),
     .least = 1,
     .most = INT_MAX},
    {.name = "seed",
     .argument = "N",
     .help = "Seed of the draws: the same seed gives the same text",
     .type = &option_long,
     .offset = offsetof(struct sample_config, draw.seed),
     .most = INT64_MAX,
     .standard = "1"},
    {0},
};

const struct option_group sample_groups[] = {
    {.title = "File",
     .options = saved_options,
     .offset = offsetof(struct sample_config, saved)},
    {.title = "Sample", .options = rows},
    {0},
};
