/* The options of `sluice train`.  The main thread. */
#include "bench/train/train_options.h"

#include <assert.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "bench/cli/option_types.h"
#include "bench/train/train_choices.h"

enum {
    MAX_EPOCHS = 1000000,
    MAX_BATCH = 1 << 24,
};

/* How layers are cut: a word, or a list of sizes. */
static sluice_status read_partition(const struct option_row *option,
                                    const char *text, void *value,
                                    sluice_diag *why)
{
    struct training_config *config = value;
    (void)option;
    if (text[0] < '0' || text[0] > '9')
        return choice_parse(cut_choices, text, &config->cut, why);
    sluice_status st =
        range_parse(text, 1, SLUICE_MODEL_MAX_LAYERS, &config->partition, why);
    if (!st)
        config->cut = SLUICE_CUT_LIST;
    return st;
}

static const struct option_type partition = {.read = read_partition};

static const struct option_row data_options[] = {
    {.name = "data",
     .argument = "NAME",
     .help =
         "fashion-mnist, embedded (1,000 of its images), or a directory of IDX "
         "files named as MNIST's; by default the first that is there",
     .type = &option_text,
     .offset = offsetof(struct training_config, source.name)},
    {.name = "x",
     .argument = "FILE",
     .help = "Features as .npy, instead of --data",
     .type = &option_text,
     .offset = offsetof(struct training_config, source.x)},
    {.name = "y",
     .argument = "FILE",
     .help = "Their labels or other targets, as .npy",
     .type = &option_text,
     .offset = offsetof(struct training_config, source.y)},
    {.name = "raw",
     .help = "Take bytes (uint8) of --x as they are, 0 to 255; else they are "
             "normalized to mean 0 and deviation 1, as those of --data are",
     .type = &option_flag,
     .offset = offsetof(struct training_config, source.raw)},
    {.name = "no-shuffle",
     .help = "Take the rows in their order",
     .type = &option_flag,
     .offset = offsetof(struct training_config, in_order)},
    {0},
};

static const struct option_row model_options[] = {
    {.name = "model",
     .argument = "SPEC",
     .help =
         "784-256-128-10: input, hidden layers, linear end; 256x10 is ten "
         "layers; "
         "res(64-256) a residual block; "
         "\":tanh,dropout=0.1\" may follow.  Without its first number the data "
         "give the input ({standard}).  Or layers by name: 'linear(64, "
         "activation=relu); dropout(0.1); linear(10)'; \"help\" lists them",
     .type = &option_model,
     .offset = offsetof(struct training_config, model),
     .standard = "-256-128-100-10"},
    {.name = "weights",
     .argument = "FILE",
     .help =
         "Initial parameters by name (0.weight, 0.bias, ...), as safetensors",
     .type = &option_text,
     .offset = offsetof(struct training_config, weights)},
    {.name = "loss",
     .argument = "NAME",
     .help = "NAME or NAME:option=value,...; \"help\" lists them; by default "
             "the first for the data's targets",
     .type = &option_loss,
     .offset = offsetof(struct training_config, loss)},
    {.name = "seed",
     .argument = "N",
     .help = "Of initial parameters and shuffling",
     .type = &option_long,
     .offset = offsetof(struct training_config, seed),
     .most = INT64_MAX,
     .standard = "1"},
    {0},
};

static const struct option_row pipeline_options[] = {
    {.name = "devices",
     .key = 'k',
     .argument = "K",
     .help = "Threads that hold a part of the model each",
     .type = &option_integer,
     .offset = offsetof(struct training_config, devices),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "2"},
    {.name = "microbatches",
     .key = 'm',
     .argument = "M",
     .help = "Parts of a mini-batch",
     .type = &option_integer,
     .offset = offsetof(struct training_config, microbatches),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .standard = "8"},
    {.name = "batch",
     .argument = "N",
     .help = "Rows of a mini-batch",
     .type = &option_long,
     .offset = offsetof(struct training_config, batch),
     .least = 1,
     .most = MAX_BATCH,
     .standard = "256"},
    {.name = "uneven",
     .help =
         "Take a batch that M does not divide; rows weigh alike all the same",
     .type = &option_flag,
     .offset = offsetof(struct training_config, uneven)},
    {.name = "partition",
     .argument = "HOW",
     .help = "Layers to devices: uniform, the smallest slowest device by "
             "{standard} "
             "(default), time or bytes, or a list such as 3,3,5, a size for "
             "each stage",
     .type = &partition,
     .standard = "flops"},
    {.name = "cap-bytes",
     .argument = "N",
     .help = "Refuse to use more memory per device; K, M or G may follow",
     .type = &option_bytes,
     .offset = offsetof(struct training_config, cap_bytes)},
    {0},
};

static const struct option_row training_options[] = {
    {.name = "optimizer",
     .argument = "NAME",
     .help = "NAME or NAME:option=value,...; \"help\" lists them",
     .type = &option_optimizer,
     .offset = offsetof(struct training_config, optimizer)},
    {.name = "lr",
     .argument = "X",
     .help = "Short for the optimizer's lr",
     .type = &option_text,
     .offset = offsetof(struct training_config, short_forms.lr)},
    {.name = "momentum",
     .argument = "X",
     .help = "Short for the optimizer's momentum",
     .type = &option_text,
     .offset = offsetof(struct training_config, short_forms.momentum)},
    {.name = "nesterov",
     .help = "Short for the optimizer's nesterov",
     .type = &option_flag,
     .offset = offsetof(struct training_config, short_forms.nesterov)},
    {.name = "weight-decay",
     .argument = "X",
     .help = "Short for the optimizer's weight-decay",
     .type = &option_text,
     .offset = offsetof(struct training_config, short_forms.weight_decay)},
    {.name = "epochs",
     .argument = "N",
     .help = "At most so many passes over the data",
     .type = &option_integer,
     .offset = offsetof(struct training_config, epochs),
     .least = 1,
     .most = MAX_EPOCHS,
     .standard = "10"},
    {.name = "target-accuracy",
     .argument = "X",
     .help =
         "Stop once the test accuracy, 0 to 1, is reached; exit status 1 if it "
         "never is",
     .type = &option_real,
     .offset = offsetof(struct training_config, target_accuracy),
     .least = 0,
     .most = 1},
    {.name = "keep-going",
     .help =
         "Train on when the data or a loss are NaN or infinite, and say so "
         "once; "
         "else that ends the training where it is found, with exit status 3",
     .type = &option_flag,
     .offset = offsetof(struct training_config, keep_going)},
    {0},
};

static const struct option_row told_options[] = {
    {.name = "metrics",
     .argument = "FILE",
     .help =
         "Write a JSON line per step and epoch, all the context on the first",
     .type = &option_text,
     .offset = offsetof(struct training_config, metrics)},
    {.name = "trace",
     .argument = "FILE",
     .help = "Draw the last step: .txt, .svg, .html, or .json for Perfetto",
     .type = &option_text,
     .offset = offsetof(struct training_config, trace)},
    {.name = "quiet",
     .help = "Print nothing but errors",
     .type = &option_flag,
     .offset = offsetof(struct training_config, quiet)},
    {0},
};

const struct option_group train_groups[] = {
    {.title = "Data", .options = data_options},
    {.title = "Model", .options = model_options},
    {.title = "Pipeline", .options = pipeline_options},
    {.title = "Order of the work",
     .options = order_options,
     .offset = offsetof(struct training_config, order),
     .check = order_check},
    {.options = order_generator_options,
     .offset = offsetof(struct training_config, order),
     .continues = true},
    {.title = "Training", .options = training_options},
    {.title = "Output", .options = told_options},
    {0},
};

struct training_config training_standards(void)
{
    struct training_config config = {.devices = 0};
    for (const struct option_group *g = train_groups; g->options; g++)
        for (const struct option_row *o = g->options; o->name; o++)
            if (o->standard) {
                sluice_status st = option_read(
                    o, o->standard, (char *)&config + g->offset, NULL);
                assert(!st);
                (void)st;
            }
    sluice_status st = train_choices_settle(&config, NULL);
    assert(!st);
    (void)st;
    return config;
}
