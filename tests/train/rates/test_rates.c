/* Learning-rate rules: exact factors, and what a text may say. */
#include <sluice/train.h>

#include <stdio.h>
#include <string.h>

#include "pipeline/pipeline.h"
#include "support/judged_pair.h"
#include "support/runner.h"

static sluice_diag why;

static double factor(const char *text, uint64_t step, uint64_t total)
{
    sluice_rate_choice choice;
    ck_assert_msg(!sluice_rate_parse(text, &choice, &why), "%s", why.text);
    return choice.ops->factor(&choice.config, step, total);
}

START_TEST(each_rule_has_its_factors)
{
    static const struct {
        const char *text;
        uint64_t step;
        uint64_t total;
        double want;
    } rows[] = {
        {NULL, 0, 10, 1},
        {"constant", 9, 10, 1},
        {"linear", 0, 8, 1},
        {"linear", 2, 8, 0.75},
        {"linear", 8, 8, 0},
        {"linear", 100, 8, 0},
        {"linear:warm-up=4", 0, 12, 0.25},
        {"linear:warm-up=4", 3, 12, 1},
        {"linear:warm-up=4", 4, 12, 1},
        {"linear:warm-up=4", 6, 12, 0.75},
        {"linear:warm-up=4,last=0.5", 12, 12, 0.5},
        {"linear:warm-up=4,last=0.5", 8, 12, 0.75},
        {"cosine", 0, 8, 1},
        {"cosine", 8, 8, 0},
        {"cosine:warm-up=2", 0, 10, 0.5},
        {"cosine:warm-up=2", 2, 10, 1},
        {"cosine:warm-up=2", 6, 10, 0.5},
        {"cosine:warm-up=2,last=0.1", 10, 10, 0.1},
        {"cosine:warm-up=700", 349, 10000, 0.5},
        {"cosine:warm-up=20", 9, 10, 0.5},
        {"cosine:warm-up=10", 10, 10, 0},
        {"step:every=3,factor=0.5", 2, 100, 1},
        {"step:every=3,factor=0.5", 3, 100, 0.5},
        {"step:every=3,factor=0.5", 6, 100, 0.25},
        {"step:every=3,factor=0.5", 101, 6, 0.25},
        {"step:every=3,factor=0.5,warm-up=2", 0, 100, 0.5},
        {"step:every=3,factor=0.5,warm-up=2", 4, 100, 1},
        {"step:every=3,factor=0.5,warm-up=2", 5, 100, 0.5},
        {"warmup-stable-decay", 5, 10, 1},
        {"warmup-stable-decay:warm-up=2,decay=4", 0, 10, 0.5},
        {"warmup-stable-decay:warm-up=2,decay=4", 5, 10, 1},
        {"warmup-stable-decay:warm-up=2,decay=4", 6, 10, 1},
        {"warmup-stable-decay:warm-up=2,decay=4", 7, 10, 0.75},
        {"warmup-stable-decay:warm-up=2,decay=4", 10, 10, 0},
        {"warmup-stable-decay:warm-up=2,decay=4,last=0.5", 8, 10, 0.75},
        {"warmup-stable-decay:warm-up=8,decay=9", 9, 10, 0.5},
        {"warmup-stable-decay:decay=20", 5, 10, 0.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double is = factor(rows[i].text, rows[i].step, rows[i].total);
        ck_assert_msg(is > rows[i].want - 1e-15 && is < rows[i].want + 1e-15,
                      "row %zu, %s: %.17g, want %.17g", i, rows[i].text, is,
                      rows[i].want);
    }
}
END_TEST

START_TEST(no_rule_leaves_zero_to_one)
{
    static const char *const options[] = {"", ":warm-up=7", ":warm-up=30"};
    const sluice_rate_ops *ops;
    for (int i = 0; (ops = sluice_rate_at(i)); i++)
        for (int k = 0; k < 3; k++)
            for (uint64_t step = 0; step < 40; step++) {
                char text[64];
                const char *every = strcmp(ops->name, "step") ? "" : "every=2";
                if (!strcmp(ops->name, "constant") && k > 0)
                    continue;
                snprintf(text, sizeof text, "%s%s%s%s", ops->name, options[k],
                         *every ? (k ? "," : ":") : "", every);
                double is = factor(text, step, 20);
                ck_assert_msg(is >= 0 && is <= 1, "%s, step %d: %g", text,
                              (int)step, is);
            }
}
END_TEST

START_TEST(what_there_is_not_is_refused_with_what_there_is)
{
    sluice_rate_choice choice;
    ck_assert_int_eq(sluice_rate_parse("cosin", &choice, &why),
                     SLUICE_NOT_FOUND);
    ck_assert_str_eq(why.text,
                     "no learning-rate rule is called \"cosin\"; there are "
                     "constant, cosine, linear, step, warmup-stable-decay");
    ck_assert_int_eq(sluice_rate_parse("step", &choice, &why), SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "every must be given"));
    ck_assert_int_eq(sluice_rate_parse("linear:last=2", &choice, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_eq(sluice_rate_find("cosine"), sluice_rate_cosine());
    ck_assert_ptr_null(sluice_rate_find("cosin"));
}
END_TEST

/* What the steps of a training had as learning rate: the device writes. */
static struct {
    const sluice_pipeline *pipe;
    int n;
    int stop_after;
    double rates[16];
    sluice_position position;
} told;

static void apply(const sluice_optimizer_call *call)
{
    if (call->tensor == 0)
        told.rates[told.n++] = call->learning_rate;
    sluice_sgd()->apply(call);
}

static bool tell(void *context, const sluice_progress *progress)
{
    ck_assert_double_eq(told.pipe->learning_rate, *(double *)context);
    told.position = progress->position;
    return told.n != told.stop_after;
}

static sluice_dataset *make_data(const struct sl_test_problem *problem)
{
    enum { ROWS = 10 };
    sluice_array x, y;
    sluice_dataset *data;
    const sluice_shape x_shape = sluice_shape_matrix(ROWS, problem->in);
    const sluice_shape y_shape = sluice_shape_vector(ROWS);
    ck_assert(!sluice_array_init(&x, SLUICE_F32, &x_shape, NULL, NULL));
    ck_assert(!sluice_array_init(&y, SLUICE_I32, &y_shape, NULL, NULL));
    ck_assert(!sluice_dataset_create(NULL, &x, &y, &data, NULL));
    return data;
}

/* Three steps in each of two epochs, the third with what is left; also if it
 * is ended and goes on from there. */
START_TEST(each_step_of_a_training_has_the_rate_of_its_rule)
{
    static const double want[] = {0.5, 1, 1, 0.75, 0.5, 0.25};
    for (int stop = 0; stop < 6; stop++) {
        struct sl_test_problem problem = {0};
        sluice_rate_choice rate;
        sluice_pipeline *pipe;
        ck_assert(!sl_test_problem_init(&problem, SL_TEST_RELU, 2, 4, NULL));
        sluice_optimizer_ops optimizer = *sluice_sgd();
        optimizer.apply = apply;
        sluice_pipeline_config config = problem.config;
        config.optimizer = &optimizer;
        config.schedule.devices = 1;
        config.schedule.microbatches = 1;
        ck_assert(!sluice_pipeline_create(&config, problem.model, &pipe, &why));
        ck_assert(!sluice_rate_parse("linear:warm-up=2", &rate, &why));
        memset(&told, 0, sizeof told);
        told.pipe = pipe;
        told.stop_after = stop;
        double before = pipe->learning_rate;
        sluice_dataset *data = make_data(&problem);
        sluice_train_config train = {.epochs = 2,
                                     .batch = 4,
                                     .rate = rate.ops,
                                     .rate_config = &rate.config,
                                     .train = data,
                                     .on_progress = tell,
                                     .context = &before};
        ck_assert_msg(!sluice_train(pipe, &train, NULL, &why), "%s", why.text);
        ck_assert_int_eq(told.n, stop ? stop : 6);
        told.stop_after = 0;
        train.start = told.position;
        ck_assert_msg(!sluice_train(pipe, &train, NULL, &why), "%s", why.text);
        ck_assert_int_eq(told.n, 6);
        for (int i = 0; i < told.n; i++)
            ck_assert_double_eq(told.rates[i], before * want[i]);
        ck_assert_double_eq(pipe->learning_rate, before);
        sluice_dataset_destroy(data);
        sluice_pipeline_destroy(pipe);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

SLUICE_TEST_MAIN("train.rates",
                 each_step_of_a_training_has_the_rate_of_its_rule,
                 each_rule_has_its_factors, no_rule_leaves_zero_to_one,
                 what_there_is_not_is_refused_with_what_there_is)
