/* The options of `sluice train`.  The main thread. */
#include "bench/train/train_options.h"

#include <assert.h>
#include <string.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "bench/cli/option_types.h"
#include "bench/train/adapt/adapt_options.h"
#include "bench/train/data/data_options.h"
#include "bench/train/keep/keeping_options.h"
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
     .help = "Initial parameters as safetensors: of sluice train --save, or of "
             "PyTorch",
     .type = &option_text,
     .offset = offsetof(struct training_config, weights)},
    {.name = "load",
     .argument = "FILE",
     .help = "As --weights",
     .type = &option_text,
     .offset = offsetof(struct training_config, load)},
    {.name = "weights-layout",
     .argument = "WORD",
     .help = "Names and layouts of --weights: {choices}; auto goes by what the "
             "file says, its names and shapes",
     .type = &option_word,
     .offset = offsetof(struct training_config, weights_layout),
     .choices = layout_choices,
     .standard = "auto"},
    {.name = "loss",
     .argument = "NAME",
     .help = "NAME or NAME:option=value,...; \"help\" lists them; by default "
             "the first for the data's targets",
     .type = &option_loss,
     .offset = offsetof(struct training_config, loss)},
    {.name = "seed",
     .argument = "N",
     .help = "Seed of initial parameters and shuffling",
     .type = &option_long,
     .offset = offsetof(struct training_config, seed),
     .most = INT64_MAX,
     .standard = "1"},
    {0},
};

static const struct option_row pipeline_options[] = {
    {.name = "plan",
     .argument = "FILE",
     .help = "Devices, micro-batches, batch, partition, schedule and capacity "
             "as `sluice plan --write' has written them",
     .type = &option_text,
     .offset = offsetof(struct training_config, plan_file)},
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
    {.name = "replicas",
     .argument = "R",
     .help = "Pipelines that share the rows of a mini-batch, each on so many "
             "devices of its own",
     .type = &option_integer,
     .offset = offsetof(struct training_config, replicas),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1"},
    {.name = "zero",
     .argument = "N",
     .help = "ZeRO stage, 0 to 3: replicas share out the optimizer's states, "
             "from 2 on gradients, with 3 parameters",
     .type = &option_integer,
     .offset = offsetof(struct training_config, zero),
     .least = 0,
     .most = 3,
     .standard = "0"},
    {.name = "batch",
     .argument = "N",
     .help = "Rows of a mini-batch",
     .type = &option_long,
     .offset = offsetof(struct training_config, batch),
     .least = 1,
     .most = MAX_BATCH,
     .standard = "256"},
    {.name = "uneven",
     .help = "Take a batch that M does not divide; every row counts equally",
     .type = &option_flag,
     .offset = offsetof(struct training_config, uneven)},
    {.name = "partition",
     .argument = "HOW",
     .help = "How layers are divided among devices: uniform, the smallest "
             "slowest device by "
             "{standard} "
             "(default), time or bytes, or a list such as 3,3,5, a size for "
             "each stage",
     .type = &partition,
     .standard = "flops"},
    {.name = "speeds",
     .argument = "X,X,...",
     .help = "Slow devices down: each takes its time divided by its speed, at "
             "most 1",
     .type = &option_speeds,
     .most = 1,
     .offset = offsetof(struct training_config, order.speeds)},
    {.name = "emulate",
     .help = "With --plan: slow devices down to the speeds that it was made "
             "for",
     .type = &option_flag,
     .offset = offsetof(struct training_config, emulates)},
    {.name = "cap-bytes",
     .argument = "N",
     .help = "Refuse to use more memory per device; K, M or G may follow",
     .type = &option_bytes,
     .offset = offsetof(struct training_config, cap_bytes)},
    {.name = "team",
     .argument = "T",
     .help = "Threads that work each part together, each with its share of the "
             "parameters: K x T in all",
     .type = &option_integer,
     .offset = offsetof(struct training_config, team),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1"},
    {.name = "vocabulary-parallel",
     .help = "Cut the head that the model ends with, and an embedding that it "
             "begins with, across the devices by rows",
     .type = &option_flag,
     .offset = offsetof(struct training_config, order.vocabulary_parallel)},
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
    {.name = "learning-rate-rule",
     .argument = "NAME",
     .help =
         "NAME or NAME:option=value,...: what the learning rate does in the "
         "course of the training; \"help\" lists them (default: constant)",
     .type = &option_rate,
     .offset = offsetof(struct training_config, rate)},
    {.name = "augment",
     .argument = "HOW",
     .help = "Shift and flip the images of the training part by chance: "
             "shift=2,flip; \"help\" lists the options",
     .type = &option_augment,
     .offset = offsetof(struct training_config, augment)},
    {.name = "no-shuffle",
     .help = "Take the rows in their order",
     .type = &option_flag,
     .offset = offsetof(struct training_config, in_order)},
    {.name = "epochs",
     .argument = "N",
     .help = "Most passes over the data",
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
    {.name = "patience",
     .argument = "N",
     .help = "Stop after N epochs in which the test accuracy, or at the same "
             "accuracy the test loss, has not become better than before; the "
             "parameters of the best epoch are what --save writes",
     .type = &option_integer,
     .offset = offsetof(struct training_config, patience),
     .least = 1,
     .most = MAX_EPOCHS},
    {.name = "keep-going",
     .help =
         "Train on when the data or a loss are NaN or infinite, and say so "
         "once; "
         "else that ends the training where it is found, with exit status 3",
     .type = &option_flag,
     .offset = offsetof(struct training_config, keep_going)},
    {.name = "check-finite",
     .help = "Look for NaN and infinity in all that a stage hands on, too, and "
             "name the action in which they left a stage first; a step takes "
             "about 1 % longer",
     .type = &option_flag,
     .offset = offsetof(struct training_config, check_finite)},
    {.name = "check-recompute",
     .help = "Compare what --remat recomputes with a checksum of what it was, "
             "against faults of memory and processor; another checksum ends "
             "the training, and the action is named",
     .type = &option_flag,
     .offset = offsetof(struct training_config, check_recompute)},
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
    {.name = "watchdog",
     .argument = "TIME",
     .help = "Name on stderr a device that is in one operation for so long, "
             "such as 30s, what each device waits for, and what it did before",
     .type = &option_time,
     .offset = offsetof(struct training_config, watchdog_ns)},
    {.name = "report",
     .argument = "FILE",
     .help = "Write a page of charts, .html: loss, learning rate and "
             "throughput of the steps, and the tests",
     .type = &option_text,
     .offset = offsetof(struct training_config, report)},
    {.name = "gradient-norm",
     .help = "Tell the norm of each step's gradient in --metrics and --report; "
             "all gradients are read once more for it",
     .type = &option_flag,
     .offset = offsetof(struct training_config, gradient_norm)},
    {.name = "roofline",
     .help = "Tell what a step took beside the least that this machine needs "
             "for it, which is measured in the end, as by `sluice-bench "
             "roofline'",
     .type = &option_flag,
     .offset = offsetof(struct training_config, roofline)},
    {.name = "watch",
     .help = "Draw the loss and the devices' busy shares as the training runs, "
             "if standard error is a terminal",
     .type = &option_flag,
     .offset = offsetof(struct training_config, watches)},
    {.name = "quiet",
     .help =
         "Print nothing but errors, and warnings of what is resumed or saved",
     .type = &option_flag,
     .offset = offsetof(struct training_config, quiet)},
    {0},
};

static const char *model_needs(const void *config,
                               const struct option_row *option)
{
    const struct training_config *c = config;
    bool lays_out = !strcmp(option->name, "weights-layout");
    return lays_out && !c->weights && !c->load ? "needs --weights" : NULL;
}

static const char *pipeline_needs(const void *config,
                                  const struct option_row *option)
{
    const struct training_config *c = config;
    bool shares = !strcmp(option->name, "zero");
    return shares && c->zero && c->replicas < 2 ? "needs --replicas" : NULL;
}

static const char *told_needs(const void *config,
                              const struct option_row *option)
{
    const struct training_config *c = config;
    bool is_norm = !strcmp(option->name, "gradient-norm");
    return is_norm && !c->metrics && !c->report ? "needs --metrics or --report"
                                                : NULL;
}

const struct option_group train_groups[] = {
    {.title = "Data",
     .options = data_options,
     .offset = offsetof(struct training_config, source)},
    {.title = "Model", .options = model_options, .needs = model_needs},
    {.title = "Pipeline", .options = pipeline_options, .needs = pipeline_needs},
    {.options = joined_options,
     .offset = offsetof(struct training_config, joined),
     .continues = true,
     .needs = joined_needs},
    ORDER_GROUPS(struct training_config, order),
    {.title = "Adapting",
     .options = adapt_options,
     .offset = offsetof(struct training_config, adapt),
     .needs = adapt_needs},
    {.title = "Training", .options = training_options},
    {.title = "Keeping",
     .options = keeping_options,
     .offset = offsetof(struct training_config, keeping),
     .needs = keeping_needs,
     .check = keeping_check},
    {.title = "Output", .options = told_options, .needs = told_needs},
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
