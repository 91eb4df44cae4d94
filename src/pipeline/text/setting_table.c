/* The table of settings.  Any thread; constant. */
#include "pipeline/text/setting_table.h"

#include <limits.h>
#include <stddef.h>

#include <sluice/pipeline.h>

/* 2^53, up to which each whole number is a double. */
#define WHOLE 9007199254740992.0

static const char *cut_word(int value)
{
    static const char *const words[] = {
        [SLUICE_CUT_UNIFORM] = "uniform", [SLUICE_CUT_LIST] = "list",
        [SLUICE_CUT_FLOPS] = "flops",     [SLUICE_CUT_TIME] = "time",
        [SLUICE_CUT_BYTES] = "bytes",
    };
    return value <= SLUICE_CUT_BYTES ? words[value] : NULL;
}

static const char *remat_word(int value)
{
    static const char *const words[] = {
        [SLUICE_REMAT_NEVER] = "never",
        [SLUICE_REMAT_ALWAYS] = "always",
        [SLUICE_REMAT_EXCEPT_LAST] = "except_last",
    };
    return value <= SLUICE_REMAT_EXCEPT_LAST ? words[value] : NULL;
}

static const char *order_word(int value)
{
    static const char *const words[] = {
        [SLUICE_REVERSE] = "reverse",
        [SLUICE_IN_ORDER] = "in_order",
    };
    return value <= SLUICE_IN_ORDER ? words[value] : NULL;
}

static const char *pinning_word(int value)
{
    static const char *const words[] = {
        [SLUICE_PIN_AUTO] = "auto",
        [SLUICE_PIN_OFF] = "off",
    };
    return value <= SLUICE_PIN_OFF ? words[value] : NULL;
}

static const char *finite_word(int value)
{
    static const char *const words[] = {
        [SLUICE_FINITE_LOSS] = "loss",
        [SLUICE_FINITE_OFF] = "off",
        [SLUICE_FINITE_GRADIENTS] = "gradients",
        [SLUICE_FINITE_BOUNDARIES] = "boundaries",
    };
    return value <= SLUICE_FINITE_BOUNDARIES ? words[value] : NULL;
}

static const sluice_option settings[] = {
    [SL_SETTING_LOSS] = {.name = "loss", .help = "NAME or NAME:OPTIONS"},
    [SL_SETTING_OPTIMIZER] = {.name = "optimizer",
                              .help = "NAME or NAME:OPTIONS"},
    [SL_SETTING_SCHEDULE] = {.name = "schedule", .help = "name of a generator"},
    [SL_SETTING_GEMM] = {.name = "gemm", .help = "library of matrix products"},
    [SL_SETTING_PRECISION] = {.name = "precision",
                              .help = "what operands of products are rounded "
                                      "to"},
    [SL_SETTING_PARTITION] = {.name = "partition",
                              .help = "layers of each stage"},
    [SL_SETTING_SPEEDS] = {.name = "device-speeds",
                           .help = "by which each device is slowed"},
    {
        .name = "devices",
        .help = "devices of a replica",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, schedule.devices),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->schedule.devices),
        .min = 1,
        .max = SLUICE_MAX_DEVICES,
    },
    {
        .name = "microbatches",
        .help = "micro-batches of a mini-batch",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, schedule.microbatches),
        .bytes =
            sizeof(((sluice_pipeline_config *)NULL)->schedule.microbatches),
        .min = 1,
        .max = SLUICE_MAX_MICROBATCHES,
    },
    {
        .name = "batch",
        .help = "rows of a full mini-batch",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, batch),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->batch),
        .min = 1,
        .max = WHOLE,
    },
    {
        .name = "backward-order",
        .help = "order of gpipe's backwards",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_pipeline_config, schedule.backward_order),
        .bytes =
            sizeof(((sluice_pipeline_config *)NULL)->schedule.backward_order),
        .choice = order_word,
    },
    {
        .name = "chunks",
        .help = "stages of a device",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, schedule.chunks),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->schedule.chunks),
        .min = 1,
        .max = SLUICE_MAX_STAGES,
    },
    {
        .name = "group",
        .help = "micro-batches of a group",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, schedule.group),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->schedule.group),
        .min = 1,
        .max = SLUICE_MAX_MICROBATCHES,
    },
    {
        .name = "warm-up",
        .help = "forwards ahead for each device behind",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, schedule.warm_up),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->schedule.warm_up),
        .min = 1,
        .max = SLUICE_MAX_MICROBATCHES,
    },
    {
        .name = "slices",
        .help = "micro-batches that are slices of one sequence",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, schedule.slices),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->schedule.slices),
        .min = 1,
        .max = SLUICE_MAX_MICROBATCHES,
    },
    {
        .name = "vertical-sync",
        .help = "one version for a micro-batch on all devices",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_pipeline_config, schedule.vertical_sync),
        .bytes =
            sizeof(((sluice_pipeline_config *)NULL)->schedule.vertical_sync),
    },
    {
        .name = "remat",
        .help = "which micro-batches recompute",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_pipeline_config, remat),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->remat),
        .choice = remat_word,
    },
    {
        .name = "replicas",
        .help = "pipelines that share the rows",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, replicas),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->replicas),
        .min = 1,
        .max = SLUICE_MAX_DEVICES,
    },
    {
        .name = "team",
        .help = "devices that work a stage together",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, team),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->team),
        .min = 1,
        .max = SLUICE_MAX_DEVICES,
    },
    {
        .name = "zero",
        .help = "ZeRO stage of those that hold the same part",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, zero),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->zero),
        .max = 3,
    },
    {
        .name = "uneven",
        .help = "allow a batch that M does not divide",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_pipeline_config, uneven),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->uneven),
    },
    {
        .name = "cut",
        .help = "how layers are divided",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_pipeline_config, cut),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->cut),
        .choice = cut_word,
    },
    {
        .name = "seed",
        .help = "of initial values and dropout",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, seed),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->seed),
        .max = WHOLE,
    },
    {
        .name = "join-weights",
        .help = "compute neighbouring W actions in one call",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_pipeline_config, join_weights),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->join_weights),
    },
    {
        .name = "gather-weights",
        .help = "micro-batches whose W actions stand together",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, gather_weights),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->gather_weights),
        .min = 1,
        .max = SLUICE_MAX_MICROBATCHES,
    },
    {
        .name = "vocabulary-parallel",
        .help = "cut a head, the last layer, across the devices",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_pipeline_config, vocabulary_parallel),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->vocabulary_parallel),
    },
    {
        .name = "queue-capacity",
        .help = "items a producer may run ahead",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, queue_capacity),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->queue_capacity),
        .min = 1,
        .max = INT_MAX,
    },
    {
        .name = "device-cap-bytes",
        .help = "memory of a device",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, device_cap_bytes),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->device_cap_bytes),
        .min = 1,
        .max = WHOLE,
    },
    {
        .name = "pinning",
        .help = "whether devices keep to a core",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_pipeline_config, pinning),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->pinning),
        .choice = pinning_word,
    },
    {
        .name = "spin-ns",
        .help = "how long a waiting device polls",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pipeline_config, spin_ns),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->spin_ns),
        .min = -WHOLE,
        .max = WHOLE,
    },
    {
        .name = "trace",
        .help = "record what each device does",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_pipeline_config, trace),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->trace),
    },
    {
        .name = "finite",
        .help = "which values are checked",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_pipeline_config, finite),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->finite),
        .choice = finite_word,
    },
    {
        .name = "check-recompute",
        .help = "compare what is recomputed with what it was",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_pipeline_config, check_recompute),
        .bytes = sizeof(((sluice_pipeline_config *)NULL)->check_recompute),
    },
};

const sluice_option_table sl_setting_table = {
    .owner = "a pipeline",
    .options = settings,
    .n_options = (int)(sizeof settings / sizeof *settings),
};
