/* The options of `sluice evaluate`.  The main thread. */
#include "bench/cli/option_types.h"
#include "bench/sample/saved_options.h"
#include "bench/evaluate/evaluate.h"
#include "bench/train/train_choices.h"

static const struct option_row rows[] = {
    {.name = "data",
     .argument = "NAME",
     .help = "As of sluice train; of a data set its test part, of a text its "
             "end",
     .type = &option_text,
     .offset = offsetof(struct evaluate_config, source.name)},
    {.name = "tokenizer",
     .argument = "NAME",
     .help = "The tokenizer, as of sluice train, of a file that does not tell "
             "it",
     .type = &option_text,
     .offset = offsetof(struct evaluate_config, source.text.tokenizer)},
    {.name = "validation-share",
     .argument = "X",
     .help =
         "Evaluate this share of a text (0.1), its end, or of --x, its last "
         "rows",
     .type = &option_real,
     .offset = offsetof(struct evaluate_config, source.validation_share),
     .least = 0,
     .most = 1},
    {.name = "x",
     .argument = "FILE",
     .help = "Features as .npy, instead of --data; bytes are normalized as "
             "those of the training were",
     .type = &option_text,
     .offset = offsetof(struct evaluate_config, source.x)},
    {.name = "y",
     .argument = "FILE",
     .help = "Labels or other targets of --x, as .npy",
     .type = &option_text,
     .offset = offsetof(struct evaluate_config, source.y)},
    {.name = "raw",
     .help = "Take bytes (uint8) of --x as they are, 0 to 255",
     .type = &option_flag,
     .offset = offsetof(struct evaluate_config, source.raw)},
    {.name = "loss",
     .argument = "NAME",
     .help = "As of sluice train; by default the first for the data's targets",
     .type = &option_loss,
     .offset = offsetof(struct evaluate_config, loss)},
    {.name = "batch",
     .argument = "N",
     .help = "Rows that are computed at once",
     .type = &option_long,
     .offset = offsetof(struct evaluate_config, batch),
     .least = 1,
     .most = 1 << 24,
     .standard = "64"},
    {0},
};

const struct option_group evaluate_groups[] = {
    {.title = "File",
     .options = saved_options,
     .offset = offsetof(struct evaluate_config, saved)},
    {.title = "Evaluate", .options = rows},
    {0},
};
