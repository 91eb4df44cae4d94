/* The options of `sluice train` about its rows.  The main thread. */
#include "bench/train/data/data_options.h"

#include "bench/cli/option_types.h"
#include "bench/train/data/training_data.h"

enum {
    MAX_CONTEXT = 1 << 24,
};

const struct option_row data_options[] = {
    {.name = "data",
     .argument = "NAME",
     .help =
         "fashion-mnist, embedded (1,000 of its images), or a directory of IDX "
         "files named as MNIST's; by default the first that is there.  Texts: "
         "king-james, genesis (its first book), a file, or .bin or .npy with "
         "tokens",
     .type = &option_text,
     .offset = offsetof(struct source_config, name)},
    {.name = "x",
     .argument = "FILE",
     .help = "Features as .npy, instead of --data",
     .type = &option_text,
     .offset = offsetof(struct source_config, x)},
    {.name = "y",
     .argument = "FILE",
     .help = "Labels or other targets of --x, as .npy",
     .type = &option_text,
     .offset = offsetof(struct source_config, y)},
    {.name = "test-x",
     .argument = "FILE",
     .help = "Features to test on after each epoch, as .npy",
     .type = &option_text,
     .offset = offsetof(struct source_config, test_x)},
    {.name = "test-y",
     .argument = "FILE",
     .help = "Labels or other targets of --test-x, as .npy",
     .type = &option_text,
     .offset = offsetof(struct source_config, test_y)},
    {.name = "validation-share",
     .argument = "X",
     .help =
         "Test on this share of --x, its last rows, or of a text (0.1), its "
         "end, and do not train on it; rows are taken in their order, so "
         "sorted rows must be shuffled before",
     .type = &option_real,
     .offset = offsetof(struct source_config, validation_share),
     .least = 0,
     .most = 1},
    {.name = "raw",
     .help = "Take bytes (uint8) of --x as they are, 0 to 255; else they are "
             "normalized to mean 0 and deviation 1, as those of --data are",
     .type = &option_flag,
     .offset = offsetof(struct source_config, raw)},
    {.name = "tokenizer",
     .argument = "NAME",
     .help = "What of a text is a token: characters (default), bytes, or "
             "gpt2:DIR with vocab.json and merges.txt",
     .type = &option_text,
     .offset = offsetof(struct source_config, text.tokenizer)},
    {.name = "context",
     .argument = "N",
     .help = "Tokens of a row of a text; by default as the model has it, or "
             "128",
     .type = &option_long,
     .offset = offsetof(struct source_config, text.context),
     .least = 1,
     .most = MAX_CONTEXT},
    {0},
};
