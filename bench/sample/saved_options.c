/* Options about a file of trained parameters.  The main thread. */
#include "bench/sample/saved_options.h"

#include "bench/cli/option_types.h"
#include "bench/sample/saved_model.h"
#include "bench/train/train_choices.h"

const struct option_row saved_options[] = {
    {.name = "load",
     .argument = "FILE",
     .help = "Parameters that sluice train --save wrote, a checkpoint, or a "
             "safetensors file of PyTorch",
     .type = &option_text,
     .offset = offsetof(struct saved_source, load)},
    {.name = "weights",
     .argument = "FILE",
     .help = "Another name of --load",
     .type = &option_text,
     .offset = offsetof(struct saved_source, load)},
    {.name = "model",
     .argument = "SPEC",
     .help = "The model, as of sluice train, of a file that does not tell it",
     .type = &option_model,
     .offset = offsetof(struct saved_source, model)},
    {.name = "weights-layout",
     .argument = "WORD",
     .help = "Names and layouts of the file: {choices}; auto goes by what it "
             "says, its names and shapes",
     .type = &option_word,
     .offset = offsetof(struct saved_source, layout),
     .choices = layout_choices,
     .standard = "auto"},
    {0},
};
