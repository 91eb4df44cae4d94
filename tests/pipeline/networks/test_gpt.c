/*
 * A small GPT against what PyTorch made of the same numbers: gpt.txt, from
 * make_gpt.py.  Outputs, gradients and ten losses of AdamW agree within 1e-5,
 * with dropout and without, with the output layer
 * tied and not; labels that are ignored, uneven micro-batches and
 * an empty one are among them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "support/runner.h"

enum {
    VOCABULARY = 48,
    ROWS = 6,
    POSITIONS = 8,
    TOKENS = ROWS * POSITIONS,
    FEW_ROWS = 3,
    FEW_STEP = 4,
    STEPS = 10,
    PARAMETERS = 28, /* one more if the output layer is untied */
    MOST = 64 * 256, /* elements of a parameter */
};

static const double tolerance = 1e-5;

static sluice_diag why;
static sluice_model *model;
static sluice_pipeline *pipe;
static int32_t x[TOKENS], labels[TOKENS];
static float values[MOST], other[MOST];

static uint32_t hashed(uint32_t seed, int64_t i)
{
    return ((uint32_t)(i + 1) * 2654435761U + seed * 40503U) >> 16;
}

static void fill(uint32_t seed, int64_t n, float middle, float size, float *to)
{
    ck_assert_int_le(n, MOST);
    for (int64_t i = 0; i < n; i++)
        to[i] = middle + size * (float)((int)hashed(seed, i) - 32768) / 32768;
}

static void make_tokens(int step)
{
    for (int i = 0; i < TOKENS; i++) {
        x[i] = (int32_t)(hashed(1000 + (uint32_t)step, i) % VOCABULARY);
        labels[i] = (int32_t)(hashed(2000 + (uint32_t)step, i) % VOCABULARY);
        if (hashed(3000 + (uint32_t)step, i) % 5 == 0)
            labels[i] = -100;
    }
}

/* The start of a parameter, as in make_gpt.py. */
static void set_parameter(int index, const sluice_parameter *at)
{
    static const struct {
        const char *end; /* of the name */
        float middle;
        float size;
    } starts[] = {
        {"0.0.weight", 1, 0.25F}, {"1.0.weight", 1, 0.25F},
        {"3.0.weight", 1, 0.25F}, {"bias", 0, 0.25F},
        {"qkv_weight", 0, 0.25F}, {"weight", 0, 0.125F},
    };
    size_t k = 0, n = strlen(at->name);
    float middle = 0, size = 0.5F; /* of the embeddings */
    if (at->layer > 0) {
        while (strcmp(at->name + n - strlen(starts[k].end), starts[k].end) != 0)
            k++;
        middle = starts[k].middle;
        size = starts[k].size;
    }
    fill((uint32_t)index, at->n, middle, size, values);
    ck_assert(
        !sluice_pipeline_set_parameter(pipe, at->name, values, at->n, &why));
}

static void start(const char *rate, bool untied, int devices,
                  const char *schedule)
{
    char text[160];
    static const sluice_adam_config adamw = {
        .learning_rate = 1e-3,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .weight_decay = 0.1,
    };
    snprintf(text, sizeof text,
             "input(8, int32); gpt2(layers=2, heads=4, width=64, "
             "vocabulary=48, context=16, dropout=%s%s)",
             rate, untied ? ", untied" : "");
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    const sluice_pipeline_config config = {
        .schedule = {.name = schedule,
                     .devices = devices,
                     .microbatches = 4,
                     .backward_order = SLUICE_IN_ORDER},
        .batch = ROWS,
        .uneven = true,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_adamw(),
        .optimizer_config = &adamw,
        .seed = 42,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    sluice_parameter at = {0};
    int n = 0;
    while (sluice_model_next_parameter(model, &at))
        set_parameter(n++, &at);
    ck_assert_int_eq(n, PARAMETERS + untied);
}

static void finish(void)
{
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static double read_number(FILE *file)
{
    double number;
    ck_assert_int_eq(fscanf(file, "%lf", &number), 1);
    return number;
}

static void check_output(FILE *file)
{
    float y[POSITIONS * VOCABULARY];
    double largest = 0, apart = 0;
    make_tokens(0);
    ck_assert(!sluice_pipeline_infer(pipe, x, 1, y, &why));
    ck_assert_int_eq((int)read_number(file), POSITIONS * VOCABULARY);
    for (int i = 0; i < POSITIONS * VOCABULARY; i++) {
        double want = read_number(file);
        largest = fmax(largest, fabs(want));
        apart = fmax(apart, fabs((double)y[i] - want));
    }
    ck_assert_msg(apart <= tolerance * largest, "y: %g apart, of %g", apart,
                  largest);
}

static void check_loss(FILE *file, int step)
{
    sluice_result result;
    double want = read_number(file);
    make_tokens(step);
    ck_assert_msg(!sluice_pipeline_step(pipe, x, labels,
                                        step == FEW_STEP ? FEW_ROWS : ROWS,
                                        &result, &why),
                  "%s", why.text);
    ck_assert_msg(fabs(result.loss - want) <= tolerance * want,
                  "the loss of step %d is %.9g, not %.9g", step, result.loss,
                  want);
}

static double product(int64_t n, const float *a, const float *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The norm of a gradient, and its products with two other tensors. */
static void check_gradient(FILE *file, int index)
{
    char name[64];
    const sluice_param_spec *spec;
    ck_assert_int_eq(fscanf(file, "%63s", name), 1);
    ck_assert(
        !sluice_model_find_parameter(model, name, NULL, NULL, &spec, &why));
    int64_t n = sluice_shape_elements(&spec->shape);
    ck_assert(!sluice_pipeline_get_gradient(pipe, name, values, n, &why));
    double norm = read_number(file);
    ck_assert_msg(fabs(sqrt(product(n, values, values)) - norm) <=
                      tolerance * norm,
                  "%s: the norm", name);
    for (uint32_t k = 4000; k <= 5000; k += 1000) {
        fill(k + (uint32_t)index, n, 0, 1, other);
        double apart = fabs(product(n, values, other) - read_number(file));
        ck_assert_msg(apart <= tolerance * norm, "%s: %g apart, of %g", name,
                      apart, norm);
    }
}

static void check_file(int devices, const char *schedule)
{
    char word[16], tied[16];
    bool untied = false;
    int step = 0, n_gradients = 0, n_cases = 0;
    FILE *file = fopen(SL_TEST_GPT_FILE, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "#%*[^\n]"), 0);
    while (fscanf(file, "%15s", word) == 1) {
        if (!strcmp(word, "case")) {
            if (n_cases++ > 0)
                finish();
            ck_assert_int_eq(fscanf(file, "%15s", word), 1);
            ck_assert_int_eq(fscanf(file, "%15s", tied), 1);
            untied = !strcmp(tied, "untied");
            start(word, untied, devices, schedule);
            step = n_gradients = 0;
        } else if (!strcmp(word, "y")) {
            check_output(file);
        } else if (!strcmp(word, "loss")) {
            check_loss(file, step++);
        } else {
            check_gradient(file, n_gradients++);
        }
        ck_assert(step <= 1 || n_gradients == PARAMETERS + untied);
    }
    ck_assert_int_eq(n_cases, 3);
    ck_assert_int_eq(step, STEPS);
    finish();
    fclose(file);
}

START_TEST(a_small_gpt_on_one_device_is_that_of_pytorch)
{
    check_file(1, "gpipe");
}
END_TEST

START_TEST(a_small_gpt_on_four_devices_is_that_of_pytorch)
{
    check_file(4, "zb-h1");
}
END_TEST

SLUICE_TEST_MAIN("pipeline.gpt", a_small_gpt_on_one_device_is_that_of_pytorch,
                 a_small_gpt_on_four_devices_is_that_of_pytorch)
