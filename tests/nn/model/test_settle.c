/* What a loss or an optimizer of one's own fills in is checked. */
#include "nn/model/settle.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "support/runner.h"

enum { BATCH = 12 };

static sluice_diag why;

/* What the functions below fill in, right or wrong. */
static struct {
    bool assigns; /* the whole plan, `out` included */
    int64_t target_row_bytes;
    int64_t row_terms;
    sluice_element target_type;
    int64_t classes;
    int n_states;
    double learning_rate;
    sluice_status status;
} filled;

static sluice_status fill_loss(sluice_loss_plan *plan, sluice_diag *reason)
{
    (void)reason;
    if (filled.assigns)
        *plan = (sluice_loss_plan){.row_terms = 1};
    plan->target_row_bytes = filled.target_row_bytes;
    plan->row_terms = filled.row_terms;
    plan->target_type = filled.target_type;
    plan->classes = filled.classes;
    return filled.status;
}

static sluice_status fill_optimizer(const void *config, int *n_states,
                                    double *learning_rate, sluice_diag *reason)
{
    (void)config;
    (void)reason;
    *n_states = filled.n_states;
    *learning_rate = filled.learning_rate;
    return filled.status;
}

static sluice_loss_ops own_loss(void)
{
    sluice_loss_ops ops = *sluice_mean_squared_error();
    ops.name = "own";
    ops.infer = fill_loss;
    return ops;
}

static sluice_optimizer_ops own_optimizer(void)
{
    sluice_optimizer_ops ops = *sluice_sgd();
    ops.name = "own";
    ops.infer = fill_optimizer;
    return ops;
}

static sluice_status settle_loss(const sluice_loss_ops *ops,
                                 sluice_loss_plan *plan)
{
    return sl_loss_settle(ops, NULL, sluice_shape_vector(3), BATCH, plan, &why);
}

static void refuse_loss(int64_t bytes, int64_t terms, const char *field)
{
    sluice_loss_ops ops = own_loss();
    sluice_loss_plan plan;
    filled.target_row_bytes = bytes;
    filled.row_terms = terms;
    ck_assert_int_eq(settle_loss(&ops, &plan), SLUICE_INVALID);
    ck_assert_int_eq(why.status, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, field), "%s", why.text);
    ck_assert(strstr(why.text, "loss own"));
}

START_TEST(sizes_of_a_loss_that_cannot_be_are_refused)
{
    const int64_t most_bytes = (INT64_C(1) << 47) / BATCH;
    const int64_t most_terms = (INT64_C(1) << 53) / BATCH;
    const int64_t bytes[] = {0, -4, INT64_MIN, INT64_MAX, most_bytes + 1};
    const int64_t terms[] = {0, -1, INT64_MIN, INT64_MAX, most_terms + 1};
    for (int i = 0; i < 5; i++) {
        refuse_loss(bytes[i], 1, "target_row_bytes");
        refuse_loss(4, terms[i], "row_terms");
    }
    sluice_loss_ops ops = own_loss();
    sluice_loss_plan plan;
    filled.target_row_bytes = most_bytes;
    filled.row_terms = most_terms;
    ck_assert(!settle_loss(&ops, &plan));
    ck_assert_int_eq(plan.target_row_bytes, most_bytes);
    ck_assert_int_eq(plan.row_terms, most_terms);
}
END_TEST

START_TEST(targets_of_a_loss_that_cannot_be_are_refused)
{
    const int types[] = {-1, SLUICE_I32 + 1};
    for (int i = 0; i < 2; i++) {
        filled.target_type = (sluice_element)types[i];
        refuse_loss(4, 1, "target_type");
    }
    filled.target_type = SLUICE_UNTYPED;
    filled.classes = -1;
    refuse_loss(4, 1, "-1 classes; there cannot be less");
    filled.classes = 0;
}
END_TEST

START_TEST(a_loss_that_assigns_its_plan_keeps_the_output)
{
    const sluice_shape want = sluice_shape_vector(3);
    sluice_loss_ops ops = own_loss();
    sluice_loss_plan plan;
    filled.assigns = true;
    filled.target_row_bytes = filled.row_terms = 1;
    ck_assert(!settle_loss(&ops, &plan));
    filled.assigns = false;
    ck_assert(sluice_shape_equal(&plan.out, &want));
}
END_TEST

static void refuse_optimizer(const char *words)
{
    sluice_optimizer_ops ops = own_optimizer();
    int n_states;
    double rate;
    ck_assert_int_eq(sl_optimizer_settle(&ops, NULL, &n_states, &rate, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(why.status, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, words), "%s", why.text);
    ck_assert(strstr(why.text, "optimizer own"));
}

START_TEST(states_that_cannot_be_are_told_with_the_most_there_are)
{
    filled.n_states = 99;
    refuse_optimizer("optimizer own wants 99 states; at most ");
}
END_TEST

START_TEST(states_and_rates_that_cannot_be_are_refused)
{
    const int states[] = {-1, SLUICE_OPTIMIZER_MAX_STATES + 1, INT_MIN};
    const double rates[] = {-1, NAN, INFINITY, 1e39};
    for (int i = 0; i < 3; i++) {
        filled.n_states = states[i];
        refuse_optimizer("states");
    }
    filled.n_states = SLUICE_OPTIMIZER_MAX_STATES;
    for (int i = 0; i < 4; i++) {
        filled.learning_rate = rates[i];
        refuse_optimizer("learning rate");
    }
    sluice_optimizer_ops ops = own_optimizer();
    int n_states;
    double rate;
    filled.learning_rate = 0;
    ck_assert(!sl_optimizer_settle(&ops, NULL, &n_states, &rate, &why));
    ck_assert_int_eq(n_states, SLUICE_OPTIMIZER_MAX_STATES);
    ck_assert_double_eq(rate, 0);
}
END_TEST

START_TEST(a_loss_without_its_functions_is_refused)
{
    sluice_loss_plan plan;
    sluice_loss_ops ops[4];
    for (int i = 0; i < 4; i++)
        ops[i] = own_loss();
    ops[0].name = NULL;
    ops[1].infer = NULL;
    ops[2].forward = NULL;
    ops[3].backward = NULL;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(settle_loss(&ops[i], &plan), SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "must have"), "%s", why.text);
    }
}
END_TEST

START_TEST(an_optimizer_without_its_functions_is_refused)
{
    int n_states;
    double rate;
    sluice_optimizer_ops ops[3];
    for (int i = 0; i < 3; i++)
        ops[i] = own_optimizer();
    ops[0].name = NULL;
    ops[1].infer = NULL;
    ops[2].apply = NULL;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(
            sl_optimizer_settle(&ops[i], NULL, &n_states, &rate, &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "must have"), "%s", why.text);
    }
}
END_TEST

START_TEST(a_refusal_without_words_gets_a_sentence)
{
    sluice_loss_ops loss = own_loss();
    sluice_optimizer_ops optimizer = own_optimizer();
    sluice_loss_plan plan;
    int n_states;
    double rate;
    filled.status = SLUICE_LAYER;
    ck_assert_int_eq(settle_loss(&loss, &plan), SLUICE_LAYER);
    ck_assert_str_eq(why.text, "loss own refused with SLUICE_LAYER");
    ck_assert_int_eq(
        sl_optimizer_settle(&optimizer, NULL, &n_states, &rate, &why),
        SLUICE_LAYER);
    ck_assert_str_eq(why.text, "optimizer own refused with SLUICE_LAYER");
    filled.status = SLUICE_OK;
}
END_TEST

/* As strncpy() does with a sentence that is too long. */
static sluice_status refuse_without_end(sluice_loss_plan *plan,
                                        sluice_diag *reason)
{
    (void)plan;
    memset(reason->text, 'x', sizeof reason->text);
    return SLUICE_LAYER;
}

START_TEST(a_refusal_without_an_end_is_cut)
{
    sluice_loss_ops loss = own_loss();
    sluice_loss_plan plan;
    loss.infer = refuse_without_end;
    ck_assert_int_eq(settle_loss(&loss, &plan), SLUICE_LAYER);
    ck_assert_uint_eq(strnlen(why.text, sizeof why.text), sizeof why.text - 1);
}
END_TEST

SLUICE_TEST_MAIN("nn.settle", sizes_of_a_loss_that_cannot_be_are_refused,
                 targets_of_a_loss_that_cannot_be_are_refused,
                 a_loss_that_assigns_its_plan_keeps_the_output,
                 states_that_cannot_be_are_told_with_the_most_there_are,
                 states_and_rates_that_cannot_be_are_refused,
                 a_loss_without_its_functions_is_refused,
                 an_optimizer_without_its_functions_is_refused,
                 a_refusal_without_words_gets_a_sentence,
                 a_refusal_without_an_end_is_cut)
