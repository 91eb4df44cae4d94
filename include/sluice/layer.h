/*
 * Layers: tables of functions.
 *
 * A layer computes y = f(x, params) for a micro-batch of rows, and from dy, the
 * gradient of the loss by y, the gradients by x and by its parameters.  It
 * never sees threads, queues or schedules.  The built-in layers stand at the
 * end of this file; a program adds its own by filling a sluice_layer_ops, see
 * docs/examples/own_layer.c.
 *
 * Where a pipeline, the sequential reference or a decoder runs it, denormal
 * numbers, less than FLT_MIN, are read and written as 0 on x86-64 and AArch64.
 */
#ifndef SLUICE_LAYER_H
#define SLUICE_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/options.h>
#include <sluice/product.h>
#include <sluice/shape.h>
#include <sluice/status.h>
#include <sluice/team.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SLUICE_LAYER_MAX_PARAMS = 256, /* parameter tensors of a layer that holds no
                                      others */
    SLUICE_LAYER_MAX_PRODUCTS = 64, /* matrix products of such a layer */
    SLUICE_PARAM_NAME = 32, /* bytes of its name, terminating 0 included */
};

/*
 * How a parameter starts.  Values are drawn from a counter-based generator
 * keyed by (seed, layer, parameter, element): they do not depend on where the
 * layer lives.
 */
typedef enum sluice_init {
    SLUICE_INIT_ZERO = 0,
    SLUICE_INIT_ONE,
    SLUICE_INIT_HE,     /* normal, variance 2 / fan_in (He et al., 2015) */
    SLUICE_INIT_XAVIER, /* uniform in +-sqrt(6 / (fan_in + fan_out))
                           (Glorot and Bengio, 2010) */
    SLUICE_INIT_NORMAL, /* normal, with the standard deviation `std` */
} sluice_init;

typedef struct sluice_param_spec {
    char name[SLUICE_PARAM_NAME]; /* "weight"; [A-Za-z0-9_] */
    sluice_shape shape;           /* at least one dim */
    sluice_init init;
    int64_t fan_in;  /* used by HE and XAVIER */
    int64_t fan_out; /* used by XAVIER */
    double std;      /* used by NORMAL */
    bool statistic;  /* measured, not learned: see update_statistics() */
    bool divided;    /* each device of a team has its share of the last dim; see
                        sluice_team_division */
    bool by_rows;    /* with `divided`: of the first dim instead */
    bool tied;       /* the rest is set by sluice_model_tie(): it is one with */
    int first_layer; /* this parameter, which starts in its own way */
    int first_param;
} sluice_param_spec;

/* What infer() fills in, once, before the first step. */
typedef struct sluice_layer_plan {
    sluice_shape in;  /* set by the caller of infer(), and again after it */
    sluice_shape out; /* the rest is set by infer(); at least one dim */
    sluice_element in_type; /* of x; 0 means float32.  int32 is for the first
                               layer of a model: all others are handed floats */
    sluice_shape skip; /* what a stash leaves for its pop; of others no dims */
    int n_params;
    sluice_param_spec *params; /* [n_params]; infer() finds room for
                                  SLUICE_LAYER_MAX_PARAMS, all zero */
    int n_products;
    sluice_product_spec *products; /* [n_products]; infer() finds room for
                                      SLUICE_LAYER_MAX_PRODUCTS, all zero */
    bool needs_x;                  /* a backward pass reads x */
    bool needs_y;                  /* a backward pass reads y */
    bool joins_rows;  /* backward_weight() reads only x and dy, row by row, so
                         that one call may have the rows of several
                         micro-batches */
    bool by_position; /* a decoder may hand it one position of a row at a time,
                         and keeps this for each: see sluice/decode.h */
    int64_t cache_bytes;
    int64_t saved_row_bytes;     /* `saved` from forward to backward, per row */
    int64_t workspace_row_bytes; /* `workspace` within one call, per row */
    int64_t scratch_bytes;       /* `scratch` within one call, of any rows */
    int64_t forward_row_flops;   /* floating-point operations per row ... */
    int64_t input_row_flops;     /* ... of backward_input */
    int64_t weight_row_flops;    /* ... of backward_weight */
} sluice_layer_plan;

/* A table whose rows are cut across devices, for the layer that reads it. */
typedef struct sluice_row_parts {
    int n;                    /* parts */
    const int64_t *first;     /* [n + 1] where each begins; one past the last */
    const float *const *rows; /* [n] where its rows lie, whole, also if the
                                 devices of a team make the call */
    const float *const *found; /* [n] for a part whose rows lie in another
                                  process: the rows that the tokens of x name,
                                  [rows][out], each at the place of its token;
                                  NULL for other parts.  The array is NULL if
                                  all parts lie in this process */
    float *dy; /* backward_weight(): dy[rows][out], from which each device takes
                  what its rows get by add_rows() */
} sluice_row_parts;

/*
 * One call of a layer.  All buffers are aligned to 64 bytes except x, y, dy
 * and dx, which are aligned to a float; none overlap.
 */
typedef struct sluice_layer_call {
    const void *config;            /* the model's copy of the layer's config */
    const sluice_layer_plan *plan; /* as settled by infer() */
    int layer;                     /* index in the model; inside another
                                      layer, a number of its own from
                                      SLUICE_MODEL_MAX_LAYERS on */

    int64_t rows;      /* rows of this micro-batch, at least 1 */
    int64_t first_row; /* position of row 0 in its mini-batch */
    uint64_t seed;     /* the pipeline's seed */
    uint64_t step;     /* steps completed so far */
    bool training;     /* false in evaluation and inference */
    bool recompute;    /* forward(): this micro-batch was seen before */

    /* x[rows][in], of the plan's in_type; in a backward pass if needs_x, else
     * NULL. */
    union {
        const float *x;
        const int32_t *x_int32;
    };
    float *y;  /* y[rows][out]; in backward_input() if needs_y; NULL in
                  backward_weight() */
    float *dy; /* dy[rows][out] */
    float *dx; /* dx[rows][in]; NULL if it is not needed, or if x is int32 */
    const float *const *params; /* [plan->n_params], each of its shape */
    float *const *grads;        /* [plan->n_params], each of the same shape */
    bool accumulate; /* backward_weight(): add to grads, else overwrite */
    struct sluice_product *products; /* [n_products]; NULL: none are settled,
                                        OpenBLAS makes them */
    const struct sluice_team *team;  /* NULL: one device makes the call */
    const float *const *shards;      /* [n_params][devices of the team] where
                                        each has its share of a parameter */

    const sluice_row_parts *parts; /* NULL: its table is whole, in params */
    float *skip;      /* skip[rows][plan->skip]; in backward_input() its
                         gradient.  NULL: the pop has it already */
    void *saved;      /* rows * saved_row_bytes */
    void *workspace;  /* rows * workspace_row_bytes, undefined at entry */
    void *scratch;    /* scratch_bytes, undefined at entry */
    void *cache;      /* what a decoder keeps; else NULL */
    int64_t position; /* of x in its sequence, if there is a cache */
    int64_t cache_positions;
    int64_t *off_core_ns; /* a layer that waits on purpose, without using its
                             core, adds that time here: the virtual clock counts
                             it as work, not as preemption.  May be NULL */
    sluice_diag *why;     /* for sluice_diag_set(); may be NULL */
} sluice_layer_call;

/* The statistics of a layer, when an update is made. */
typedef struct sluice_statistics_call {
    const void *config;
    const sluice_layer_plan *plan;
    float *const *params;     /* [plan->n_params], to be written where they are
                                 statistics */
    const float *const *sums; /* [plan->n_params], of the same shapes: what
                                 backward_weight() made of all micro-batches
                                 that go into the update */
} sluice_statistics_call;

typedef struct sluice_layer_ops {
    const char *name;    /* "linear" */
    size_t config_bytes; /* the model copies this many bytes of the config */

    /*
     * Check the config and fill `plan`.  Its `in`, `params` and `products` are
     * given, the rest is zero.  Keep `params` and `products` when you assign
     * the whole plan at once.
     *
     * The plan is checked: sluice_model_add() refuses an `out` or a parameter
     * without a shape, and negative sizes; sluice_pipeline_create() refuses
     * sizes that exceed the address space.
     *
     * A program may call it, too, for the built-in layers except composite
     * ones, whose config is the model's.  They refuse NULL for the config, and
     * a plan without `in`, `params` or `products`; a stash reads neither.
     *
     * Threads  the caller of sluice_model_add().
     * Returns  SLUICE_OK, or SLUICE_INVALID and a sentence in `why`.
     */
    sluice_status (*infer)(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why);

    /*
     * y = f(x).  Must give the same bits when called again with the same
     * arguments: random choices are drawn by (seed, step, layer, row).
     *
     * Shapes   reads x, params; writes y and saved.
     * Threads  one device at a time for one layer of one copy of the model;
     *          copies and replicas share the config.
     * Returns  SLUICE_OK, or any status; it ends the step.
     */
    sluice_status (*forward)(const sluice_layer_call *call);

    /*
     * dx = dy * df/dx.  May change dy and saved in place, for
     * backward_weight() to use, which finds them as they were left, also if
     * actions of other micro-batches lie between the two; workspace and scratch
     * are not kept.  Called once for each forward, before backward_weight(),
     * even if dx is NULL.
     *
     * Shapes   reads x, y, saved, params, dy; writes dx, perhaps dy and saved.
     */
    sluice_status (*backward_input)(const sluice_layer_call *call);

    /*
     * grads (+)= dy * df/dparams, `dy` as backward_input() left it.  May be
     * NULL, for a layer without parameters.
     *
     * Shapes      reads x, saved, dy; writes grads.
     * Accumulates if call->accumulate, else overwrites.
     */
    sluice_status (*backward_weight)(const sluice_layer_call *call);

    /*
     * Take over what was measured.  Parameters that are a `statistic` are kept,
     * saved, loaded and summed as the others are: backward_weight() adds what
     * the micro-batch contributes to grads, replicas add up theirs, and all of
     * it in the order of gradients.  But the optimizer never sees them; when
     * the update is made, and only then, this writes their new values.  May be
     * NULL if there are none.
     *
     * Shapes   reads config, plan, params, sums; writes params.
     * Threads  the stage's device.
     */
    void (*update_statistics)(const sluice_statistics_call *call);

    /* Of a layer with weight[outputs][width] alone, y[j] being of row j: make
     * `part`, a copy of `config`, that of one with `n` outputs.  Or NULL. */
    void (*part)(const void *config, int64_t n, void *part);
    /*
     * Of a model's first layer, which hands on the rows of weight[vocabulary]
     * [width] that integers name: grads (+)= what x and dy bring to the rows
     * from `first` to first + n, and grads has these alone.  A layer that has
     * it goes by `parts` in forward() and backward_weight().  Or NULL.
     */
    void (*add_rows)(const sluice_layer_call *call, int64_t first, int64_t n);
    sluice_team_division team; /* how a team divides it */
    /* For lists and texts; all may be 0. */
    const char *help;             /* one line, without a full stop at its end */
    const sluice_option *options; /* of the config, [n_options] */
    int n_options;
} sluice_layer_ops;

typedef enum sluice_activation {
    SLUICE_IDENTITY = 0,
    SLUICE_RELU,
    SLUICE_TANH,
    SLUICE_GELU,      /* x * Phi(x), the exact form with erf */
    SLUICE_GELU_TANH, /* the same with tanh in place of erf, as GPT-2 has it */
    SLUICE_SIGMOID,   /* 1 / (1 + exp(-x)) */
    SLUICE_SILU,      /* x * sigmoid(x) */
    SLUICE_N_ACTIVATIONS
} sluice_activation;

/* Its name, "relu"; NULL if it is not one. */
SLUICE_API const char *sluice_activation_name(sluice_activation activation);

/* The activation of that name.  Returns SLUICE_OK, SLUICE_NOT_FOUND. */
SLUICE_API sluice_status sluice_activation_find(const char *name,
                                                sluice_activation *out);

/*
 * y[rows, out] = act(x[rows, in] * weight[in, out] + bias[out]).  x of any
 * shape is taken as a vector of its elements, or `per_position` as one vector
 * along its last dimension for each position before it: y[rows, ..., out] of
 * x[rows, ..., in], as torch.nn.Linear has it.  `init` zero means HE for relu,
 * gelu, gelu_tanh and silu, XAVIER otherwise, and NORMAL if there is a `std`;
 * biases start at zero.
 *
 * Saves  x * weight + bias for gelu, gelu_tanh and silu; the other activations
 *        need only y.
 */
typedef struct sluice_linear_config {
    int64_t out;
    sluice_activation activation;
    sluice_init init;
    bool no_bias;
    bool per_position;
    float std; /* of weights that start normal; 0: as `init` says */
} sluice_linear_config;
SLUICE_API const sluice_layer_ops *sluice_linear(void);

/* y = act(x), element by element, for use without a linear layer.  Saves
 * nothing. */
typedef struct sluice_activate_config {
    sluice_activation activation;
} sluice_activate_config;
SLUICE_API const sluice_layer_ops *sluice_activate(void);

/*
 * In training each element is zeroed with probability `rate` and the others
 * are scaled by 1 / (1 - rate); otherwise y = x.  The mask is drawn by (seed,
 * step, layer, row, element), so recomputing draws the same one, and so does
 * the backward pass.
 *
 * Saves  nothing.
 */
typedef struct sluice_dropout_config {
    float rate; /* 0 <= rate < 1 */
} sluice_dropout_config;
SLUICE_API const sluice_layer_ops *sluice_dropout(void);

/*
 * y = (x - mean) / sqrt(variance + epsilon) * weight + bias over the elements
 * of a row, or `per_position` over those along the last dimension (Ba et al.,
 * 2016).
 *
 * Shapes  weight and bias as x; [width] of x[..., width] if per_position.
 * Saves   mean and 1 / sqrt(variance + epsilon) of each row or position.
 */
typedef struct sluice_layer_norm_config {
    float epsilon; /* 0 means 1e-5 */
    bool per_position;
} sluice_layer_norm_config;
SLUICE_API const sluice_layer_ops *sluice_layer_norm(void);

/*
 * y = x / sqrt(mean of x^2 + epsilon) * weight over the elements of a row, or
 * `per_position` over those along the last dimension (Zhang and Sennrich,
 * 2019).
 *
 * Shapes  weight as x; [width] of x[..., width] if per_position.
 * Saves   1 / sqrt(mean of x^2 + epsilon) of each row or position.
 */
typedef struct sluice_rms_norm_config {
    float epsilon; /* 0 means 1e-5 */
    bool per_position;
} sluice_rms_norm_config;
SLUICE_API const sluice_layer_ops *sluice_rms_norm(void);

/*
 * y[rows, n, width] are the rows weight[x[rows, n]] of weight[vocabulary,
 * width], for integers x of any shape: a model's first layer, of which
 * `input_type` is SLUICE_I32.  The weights start normal with variance 1, or
 * with the standard deviation `std`.  A gradient adds to its row of the table
 * in the order of the rows of x.  An integer that is not in 0..vocabulary - 1
 * fails the step, and is named.  A cut vocabulary takes its share of the rows.
 *
 * Saves  nothing.
 */
typedef struct sluice_embedding_config {
    int64_t vocabulary;
    int64_t width;
    float std; /* 0 means 1 */
} sluice_embedding_config;
SLUICE_API const sluice_layer_ops *sluice_embedding(void);

/*
 * y = x * scale, element by element, after a given time during which no core is
 * needed.  It measures schedules with more devices than cores.  The parameter
 * `scale` starts at one; with it a mistake of a schedule changes the bits.  The
 * times are those of one call, in ns, arithmetic included, whatever its rows.
 */
typedef struct sluice_timed_config {
    int64_t forward_ns;
    int64_t input_ns;     /* backward_input */
    int64_t weight_ns;    /* backward_weight */
    int64_t recompute_ns; /* forward again, for rematerialization */
} sluice_timed_config;
SLUICE_API const sluice_layer_ops *sluice_timed(void);

/* Layer `i` of the library's table; NULL past the last one. */
SLUICE_API const sluice_layer_ops *sluice_layer_at(int i);

/* The layer of that name, "linear"; NULL if there is none. */
SLUICE_API const sluice_layer_ops *sluice_layer_find(const char *name);

/* The options of a layer, of the library or of a program. */
SLUICE_API sluice_option_table
sluice_layer_options(const sluice_layer_ops *ops);

#ifdef __cplusplus
}
#endif

#endif
