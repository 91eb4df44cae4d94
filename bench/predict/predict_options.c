/* The options of `sluice predict`.  The main thread. */
#include "bench/cli/option_types.h"
#include "bench/sample/saved_options.h"
#include "bench/predict/predict.h"

static const struct option_row rows[] = {
    {.name = "x",
     .argument = "FILE",
     .help = "Rows as .npy; bytes (uint8) are normalized as those of the "
             "training were",
     .type = &option_text,
     .offset = offsetof(struct predict_config, x)},
    {.name = "save-outputs",
     .argument = "FILE",
     .help = "Where the outputs go, float32 as .npy, one for each row",
     .type = &option_text,
     .offset = offsetof(struct predict_config, outputs)},
    {.name = "raw",
     .help = "Take bytes (uint8) of --x as they are, 0 to 255",
     .type = &option_flag,
     .offset = offsetof(struct predict_config, raw)},
    {.name = "batch",
     .argument = "N",
     .help = "Rows that are computed at once",
     .type = &option_long,
     .offset = offsetof(struct predict_config, batch),
     .least = 1,
     .most = 1 << 24,
     .standard = "64"},
    {0},
};

const struct option_group predict_groups[] = {
    {.title = "File",
     .options = saved_options,
     .offset = offsetof(struct predict_config, saved)},
    {.title = "Predict", .options = rows},
    {0},
};
