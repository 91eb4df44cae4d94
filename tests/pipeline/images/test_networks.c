/*
 * A small ResNet and a U-Net against what PyTorch made of them (resnet.txt,
 * unet.txt, from make_networks.py): ten losses, the gradients of the first step
 * by all parameters, and the running statistics after it.
 */
#include <sluice/pipeline.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum {
    ROWS = 8,
    CLASSES = 3,
    MOST_ROW = 2 * 8 * 4,
    STEPS = 10,
    LINE = 1 << 15,
    MOST = 1024,
    HEAD_IN = 4,
};

/* What both have in common with the file. */
struct network {
    const char *text;
    const char *path;
    int row; /* elements of a row of the input, and of images as targets */
    int n_lines;
    bool is_classifier;
};

static const char resnet[] =
    "input(1x7x6); conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "residual{conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "conv2d(3, padding=1, no-bias); batch_norm}; activate(relu); "
    "branches{sequence{conv2d(4, stride=2, padding=1, no-bias); batch_norm; "
    "activate(relu); conv2d(4, padding=1, no-bias); batch_norm}; "
    "sequence{conv2d(4, kernel=1, stride=2, no-bias); batch_norm}}; "
    "activate(relu); global_average_pool; linear(3)";

static const double tolerance = 1e-5;

static sluice_diag why;
static FILE *file;

/* As value() in make_networks.py. */
static void fill(uint32_t seed, int n, float *values)
{
    for (int i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)i + 1 + seed * 100003U;
        bits = (bits ^ bits >> 16) * 0x85EBCA6BU;
        bits = (bits ^ bits >> 13) * 0xC2B2AE35U;
        bits ^= bits >> 16;
        values[i] = (float)(bits >> 8) / (1 << 23) - 1;
    }
}

/* The next line's name, dims of a parameter and numbers; returns how many
 * numbers there are, 0 behind the last line. */
static int read_line(char name[64], int *n_dims, float *numbers)
{
    static char line[LINE];
    if (!fgets(line, LINE, file))
        return 0;
    char *at = line + strcspn(line, " "), *end;
    int length = (int)strcspn(line, "/ ");
    snprintf(name, 64, "%.*s", length, line);
    *n_dims = line[length] == '/' ? line[length + 1] - '0' : 1;
    int n = 0;
    for (float v = strtof(at, &end); end != at; v = strtof(at, &end)) {
        ck_assert_int_lt(n, MOST);
        numbers[n++] = v;
        at = end;
    }
    return n;
}

static bool is_statistic(const char *name)
{
    return strstr(name, "running") != NULL;
}

/* The head's weights lie as [in][out] here, as [out][in] there. */
static void transpose(int in, int out, const float *from, float *to)
{
    for (int i = 0; i < in; i++)
        for (int o = 0; o < out; o++)
            to[i * out + o] = from[o * in + i];
}

/* What both start from; the file is then behind the losses again. */
static void set_parameters(sluice_pipeline *pipe)
{
    char name[64];
    int n_dims;
    float numbers[MOST], values[MOST];
    long start = ftell(file);
    uint32_t i = 0;
    for (int n; (n = read_line(name, &n_dims, numbers)) && !is_statistic(name);
         i++) {
        fill(10 + i, n, numbers);
        for (int k = 0; k < n; k++)
            numbers[k] = numbers[k] * 0.5f + (n_dims == 1 ? 1 : 0);
        memcpy(values, numbers, sizeof values);
        if (n_dims == 2)
            transpose(HEAD_IN, CLASSES, numbers, values);
        ck_assert_msg(
            !sluice_pipeline_set_parameter(pipe, name, values, n, &why), "%s",
            why.text);
    }
    ck_assert(!fseek(file, start, SEEK_SET));
}

static void compare_first_step(const sluice_pipeline *pipe, int n_lines)
{
    char name[64];
    float want[MOST], got[MOST];
    int n_compared = 0, n_dims;
    for (int n; (n = read_line(name, &n_dims, want)); n_compared++) {
        sluice_status st =
            is_statistic(name)
                ? sluice_pipeline_get_parameter(pipe, name, got, n, &why)
                : sluice_pipeline_get_gradient(pipe, name, got, n, &why);
        ck_assert_msg(!st, "%s", why.text);
        double apart = sl_test_distance(n, got, want);
        ck_assert_msg(apart <= tolerance, "%s is %g away", name, apart);
    }
    ck_assert_int_eq(n_compared, n_lines);
}

static sluice_pipeline *create(const struct network *network,
                               const sluice_model *model, int devices)
{
    const sluice_sgd_config sgd = {.learning_rate = 0.1, .momentum = 0.9};
    const sluice_pipeline_config config = {
        .schedule = {.devices = devices, .microbatches = 1},
        .batch = ROWS,
        .loss = network->is_classifier ? sluice_cross_entropy()
                                       : sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    sluice_pipeline *pipe;
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static void train(const struct network *network, sluice_pipeline *pipe,
                  const float *losses)
{
    float x[ROWS * MOST_ROW], images[ROWS * MOST_ROW];
    int32_t labels[ROWS];
    fill(1, ROWS * network->row, x);
    fill(2, ROWS * network->row, images);
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % CLASSES;
    const void *targets =
        network->is_classifier ? (const void *)labels : images;
    for (int s = 0; s < STEPS; s++) {
        sluice_result result;
        ck_assert_msg(
            !sluice_pipeline_step(pipe, x, targets, ROWS, &result, &why), "%s",
            why.text);
        ck_assert_double_lt(fabs(result.loss / (double)losses[s] - 1),
                            tolerance);
        if (s == 0)
            compare_first_step(pipe, network->n_lines);
    }
}

static void check(const struct network *network)
{
    sluice_model *model;
    ck_assert_msg(!sluice_model_parse(network->text, NULL, &model, &why), "%s",
                  why.text);
    for (int devices = 1; devices <= 4; devices++) {
        char name[64];
        int n_dims;
        float losses[MOST];
        sluice_pipeline *pipe = create(network, model, devices);
        file = fopen(network->path, "r");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(read_line(name, &n_dims, losses), STEPS);
        set_parameters(pipe);
        train(network, pipe, losses);
        fclose(file);
        sluice_pipeline_destroy(pipe);
    }
    sluice_model_destroy(model);
}

START_TEST(a_resnet_is_trained_as_pytorch_trains_it)
{
    check(&(struct network){resnet, SL_TEST_RESNET, 7 * 6, 20 + 12, true});
}
END_TEST

START_TEST(a_u_net_is_trained_as_pytorch_trains_it)
{
    check(&(struct network){
        "input(2x8x4); unet(depth=2, convolutions=1, width=3, channels=2)",
        SL_TEST_UNET, 2 * 8 * 4, 23 + 14, false});
}
END_TEST

SLUICE_TEST_MAIN("pipeline.networks", a_resnet_is_trained_as_pytorch_trains_it,
                 a_u_net_is_trained_as_pytorch_trains_it)
