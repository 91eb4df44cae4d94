/* What a training is told: data, model, pipeline, epochs, output. */
#ifndef BENCH_TRAIN_TRAINING_CONFIG_H
#define BENCH_TRAIN_TRAINING_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/augment.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/plan.h>
#include <sluice/rate.h>

#include "bench/order/order.h"
#include "bench/train/adapt/adapt_config.h"
#include "bench/cli/range.h"
#include "bench/train/data/training_data.h"
#include "bench/world/joined.h"

/* Texts of options of the optimizer, whichever it is; NULL: not given. */
struct short_forms {
    const char *lr;
    const char *momentum;
    const char *weight_decay;
    bool nesterov;
};

/* What is kept on disk. */
struct keeping_config {
    const char *weights;  /* a file for them in the end; NULL: none */
    int layout;           /* of that file, a sluice_weights_layout */
    const char *dir;      /* of checkpoints; NULL: none are written */
    uint64_t every_steps; /* between two of them; 0: see every_ns */
    int64_t every_ns;     /* the same as a time; both 0: each epoch */
    bool resumes;         /* goes on from the newest, if there is one */
    int keep;             /* so many of the last ones */
};

struct training_config {
    struct source_config source;
    const char *model;   /* as sluice_model_parse(); before a '-' stands the
                            width of the data's rows */
    const char *weights; /* a safetensors file; NULL: from the seed */
    const char *load;    /* the same under its other name; then `weights` */
    int weights_layout;  /* of that file, a sluice_weights_layout */
    int devices;
    int microbatches;
    int replicas;
    int zero;          /* ZeRO stage */
    int team;          /* devices that work each part together */
    int asked_devices; /* 0: not given, in these two */
    int asked_microbatches;
    int64_t batch;
    bool uneven;             /* M need not divide the batch */
    int cut;                 /* a sluice_cut */
    struct range partition;  /* for SLUICE_CUT_LIST */
    const char *plan_file;   /* NULL: none */
    const sluice_plan *plan; /* of that file: instead of the five above, and
                                what `order` says about them */
    bool emulates;           /* the speeds of the plan */
    struct order_options order;
    struct adapt_config adapt;
    struct joined joined;    /* the processes that share the devices */
    sluice_loss_choice loss; /* ops NULL: the first for the data's targets */
    sluice_optimizer_choice optimizer;
    struct short_forms short_forms;
    sluice_rate_choice rate; /* ops NULL: the learning rate stays */
    uint64_t seed;
    int epochs;
    double target_accuracy; /* of the test part; 0: none */
    int patience;           /* epochs without a better test; 0: any number */
    sluice_augmentation augment;
    bool in_order;
    bool keep_going;      /* when a loss is NaN or infinite */
    bool check_finite;    /* all that a stage hands on */
    bool check_recompute; /* by checksum */
    uint64_t cap_bytes;   /* of a device; 0: none */
    struct keeping_config keeping;
    const char *metrics; /* a file for JSON lines; NULL: none */
    const char *trace;   /* a file for a picture of the last step; NULL: none */
    int64_t watchdog_ns; /* name a device that is in one operation for so long;
                            0: none */
    const char *report;  /* a file for a page of charts; NULL: none */
    bool gradient_norm;  /* of each step, for both */
    bool roofline;       /* tell the step beside the machine's bound */
    bool watches;        /* a picture that moves, on a terminal */
    bool quiet;          /* only errors and warnings are told */
};

#endif
