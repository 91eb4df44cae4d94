/*
 * Settings drawn at random, to bring together what no list of points would: a
 * model, an optimizer, and shapes of schedule, devices, replicas, team, ZeRO,
 * cut, recomputation, joined and gathered W, GEMM backend, queues and checks.
 * Many are refused, which is for the library to say.
 */
#ifndef SL_TEST_MIXTURE_H
#define SL_TEST_MIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

enum {
    SL_MIXTURE_BATCH = 30,    /* the largest */
    SL_MIXTURE_ROWS = 60,     /* of an evaluation, at most */
    SL_MIXTURE_DEVICES = 12,  /* at most */
    SL_MIXTURE_OUT = 12 * 13, /* elements of a row of any model's output */
};

/* Zero, but for `point` and `in_world`, before sl_test_mixture_init(). */
struct sl_test_mixture {
    uint64_t point; /* the same point draws the same */
    bool in_world;  /* more devices, and seldom a team */
    uint64_t n_drawn;
    bool is_text;
    size_t out; /* elements of a row of the output */
    sluice_model *model;
    sluice_optimizer_choice optimizer;
    sluice_pipeline_config config;
    char told[256]; /* the point and its last shape */
};

/* Draw model, optimizer, batch and a first shape.  Ends the process if the
 * model cannot be made. */
void sl_test_mixture_init(struct sl_test_mixture *mixture);
void sl_test_mixture_fini(struct sl_test_mixture *mixture);

/* Draw another shape into the config; what a reshape may not change stays. */
void sl_test_mixture_shape(struct sl_test_mixture *mixture);

/* A number from 0 to n - 1, and whether a draw of one in n is met. */
int sl_test_mixture_draw(struct sl_test_mixture *mixture, size_t n);
bool sl_test_mixture_one_in(struct sl_test_mixture *mixture, size_t n);

/* A number of rows: the whole batch, or fewer. */
int64_t sl_test_mixture_rows(struct sl_test_mixture *mixture);

/* Rows of data from `row` on, at most 40. */
const void *sl_test_mixture_x(const struct sl_test_mixture *mixture, int row);
const void *sl_test_mixture_targets(const struct sl_test_mixture *mixture,
                                    int row);

#endif
