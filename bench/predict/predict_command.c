/* `sluice predict`.  The main thread. */
#include "bench/predict/predict.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cli/command.h"
#include "bench/output/output_path.h"
#include "bench/sample/saved_model.h"

/* A prediction under way. */
struct prediction {
    const struct predict_config *config;
    struct saved_rows rows;
    sluice_dataset *data; /* the rows, with targets of zeros */
    struct saved_model saved;
};

static sluice_status normalize(const struct prediction *p,
                               const sluice_array *x,
                               sluice_dataset_config *out, sluice_diag *why)
{
    const struct predict_config *config = p->config;
    *out = (sluice_dataset_config){.scale = p->rows.integers ? 0 : 1};
    if (x->type != SLUICE_U8 || config->raw)
        return SLUICE_OK;
    if (p->rows.deviation == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s does not tell how bytes were normalized: "
                               "load a file of sluice train --save, or take "
                               "them as they are with --raw",
                               config->saved.load);
    *out = (sluice_dataset_config){
        .mean = p->rows.mean,
        .deviation = p->rows.deviation,
    };
    return SLUICE_OK;
}

static sluice_status read_rows(struct prediction *p, sluice_diag *why)
{
    sluice_array x = {0}, y = {0};
    sluice_dataset_config config;
    sluice_status st = sluice_npy_read(p->config->x, NULL, &x, why);
    if (!st)
        st = normalize(p, &x, &config, why);
    if (!st) {
        sluice_shape n = sluice_shape_vector(x.shape.dims[0]);
        st = sluice_array_init(&y, SLUICE_F32, &n, NULL, why);
    }
    if (!st)
        st = sluice_dataset_create(&config, &x, &y, &p->data, why);
    sluice_array_fini(&y);
    sluice_array_fini(&x);
    return st;
}

static sluice_status open_model(struct prediction *p, sluice_diag *why)
{
    sluice_loss_choice loss;
    sluice_shape input = sluice_dataset_input(p->data);
    sluice_status st = sluice_loss_parse("mse", &loss, why);
    const struct saved_config config = {
        .source = &p->config->saved,
        .input = &input,
        .batch = p->config->batch,
        .loss = &loss, /* not used: it takes any output */
    };
    if (!st)
        st = saved_model_open(&p->saved, &config, why);
    if (st)
        return st;
    sluice_shape wants = sluice_model_input(p->saved.model);
    int64_t n = sluice_shape_elements(&input);
    sluice_element type = sluice_model_input_type(p->saved.model);
    if (sluice_shape_elements(&wants) == n &&
        sluice_dataset_input_type(p->data) == type)
        return SLUICE_OK;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "%s: a row has %" PRId64 " numbers, %s, but the model takes %" PRId64
        ", %s",
        p->config->x, n,
        sluice_element_name(sluice_dataset_input_type(p->data)),
        sluice_shape_elements(&wants), sluice_element_name(type));
}

static sluice_status write_outputs(const struct prediction *p, const float *y,
                                   sluice_diag *why)
{
    sluice_shape out = sluice_model_output(p->saved.model);
    sluice_shape all = {.n_dims = 1, .dims = {sluice_dataset_rows(p->data)}};
    if (out.n_dims == SLUICE_MAX_DIMS) /* no array has one more */
        out = sluice_shape_vector(sluice_shape_elements(&out));
    for (int i = 0; i < out.n_dims; i++)
        all.dims[all.n_dims++] = out.dims[i];
    return sluice_npy_write(p->config->outputs, SLUICE_F32, &all, y, NULL, why);
}

/* Outputs that are not finite are written as they are, but not silently. */
static void warn_not_finite(const struct prediction *p, const float *y)
{
    sluice_shape out = sluice_model_output(p->saved.model);
    int64_t n = sluice_shape_elements(&out);
    int64_t n_rows = sluice_dataset_rows(p->data);
    int64_t n_wrong = 0, first = 0;
    for (int64_t row = 0; row < n_rows; row++) {
        int64_t i = 0;
        while (i < n && isfinite(y[row * n + i]))
            i++;
        if (i < n && n_wrong++ == 0)
            first = row;
    }
    if (n_wrong)
        fprintf(stderr,
                "warning   outputs of %" PRId64 " of %" PRId64
                " rows are not finite, the first of row %" PRId64
                " (counted from 0); look for NaN or very large numbers in %s "
                "and in %s\n",
                n_wrong, n_rows, first, p->config->x, p->config->saved.load);
}

static sluice_status infer(const struct prediction *p, sluice_diag *why)
{
    sluice_shape in = sluice_dataset_input(p->data);
    sluice_shape out = sluice_model_output(p->saved.model);
    size_t n = (size_t)sluice_dataset_rows(p->data);
    int64_t *index = calloc(n, sizeof *index);
    void *x = calloc(n, (size_t)sluice_shape_elements(&in) * sizeof(float));
    float *targets = calloc(n, sizeof *targets);
    float *y = calloc(n, (size_t)sluice_shape_elements(&out) * sizeof *y);
    sluice_status st = SLUICE_OK;
    if (!index || !x || !targets || !y)
        st = sluice_diag_set(why, SLUICE_NO_MEMORY, "out of memory for rows");
    if (!st) {
        sluice_dataset_in_order(p->data, index);
        st = sluice_dataset_gather(p->data, index, (int64_t)n, x, targets, why);
    }
    if (!st)
        st = sluice_pipeline_infer(p->saved.pipe, x, (int64_t)n, y, why);
    if (!st)
        st = write_outputs(p, y, why);
    if (!st)
        warn_not_finite(p, y);
    free(y);
    free(targets);
    free(x);
    free(index);
    return st;
}

static sluice_status predict(struct prediction *p, sluice_diag *why)
{
    sluice_status st = output_path_apart(p->config->outputs, p->config->x, why);
    if (!st)
        st = output_path_check(p->config->outputs, why);
    if (!st)
        st = saved_rows_read(&p->rows, &p->config->saved, false, NULL, why);
    if (!st)
        st = read_rows(p, why);
    if (!st)
        st = open_model(p, why);
    return st ? st : infer(p, why);
}

static int run(const char *called, void *given)
{
    struct prediction p = {.config = given};
    sluice_diag why;
    sluice_status st = predict(&p, &why);
    saved_model_close(&p.saved);
    sluice_dataset_destroy(p.data);
    saved_rows_close(&p.rows);
    return st ? command_fail(called, &why) : EXIT_SUCCESS;
}

static sluice_status check(void *given, sluice_diag *why)
{
    const struct predict_config *config = given;
    if (config->saved.load && config->x && config->outputs)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "give all of --load, --x and --save-outputs");
}

const struct command predict_command = {
    .name = "predict",
    .does = "Write what a trained model puts out for your rows",
    .doc = "Outputs of a trained model for rows of a .npy file.",
    .groups = predict_groups,
    .config_bytes = sizeof(struct predict_config),
    .check = check,
    .run = run,
};
