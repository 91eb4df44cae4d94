/* Plans of which the vocabulary may be cut. */
#include <sluice/plan.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan/layers.h"
#include "plan/plan_rows.h"
#include "sched/failing.h"
#include "support/grid.h"
#include "support/parse_model.h"
#include "support/runner.h"

enum { M = 8, BODY = 4 };

static const sluice_sgd_config sgd = {.learning_rate = 0.1};

/* Equal layers of 1000 ns for F, I and W, and a head of 4000 each. */
struct with_head {
    struct layered l;
    sluice_model *model;
    sluice_pipeline_config pipeline;
};

static void with_head_init(struct with_head *h, const char *text)
{
    *h = (struct with_head){.model = sl_test_parse(text)};
    h->pipeline = (sluice_pipeline_config){
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    int n = sluice_model_n_layers(h->model);
    layered_init(&h->l, n, 2, M);
    layered_set(&h->l, n - 1, 4000, 4000, 4000);
    h->l.config.batch = 16;
    h->l.config.schedules = "1f1b";
    h->l.config.model = h->model;
    h->l.config.pipeline = &h->pipeline;
    h->l.config.vocabulary = true;
    h->l.config.least_devices = 2;
    h->l.config.no_remat = true;
    ck_assert(!sluice_plan_layers(h->model, &h->pipeline, h->l.layers, NULL));
}

static const char of_layers[] = "input(8); linear(8) x4; head(24)";

static sluice_plan *found(const struct with_head *h)
{
    sluice_plan *plan;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_plan_find(&h->l.config, &plan, &why), "%s", why.text);
    return plan;
}

/* Algorithm 2 of Yeung et al. idles (p - 1) (tF + tB): of two layers, as two
 * thirds of the head are S and one is T.  A whole head on a device of its own
 * takes as long as the four layers. */
START_TEST(a_cut_head_takes_its_formula_and_stands_beside_the_whole_one)
{
    struct with_head h;
    with_head_init(&h, of_layers);
    sluice_plan *plan = found(&h);
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    int n;
    const int *sizes = sluice_plan_partition(plan, &n);
    ck_assert(row->vocabulary);
    ck_assert_int_eq(row->step_ns, M * (2 * 3000 + 12000 / 2) + 2 * 3000);
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(sizes[0] + sizes[1], BODY);
    ck_assert_int_le(sluice_plan_bound_ns(plan), row->step_ns);
    ck_assert_ptr_nonnull(
        strstr(sluice_plan_sentence(plan), ", vocabulary cut, layers cut 2,2"));
    ck_assert_int_eq(sluice_plan_n_rows(plan), 2);
    row = sluice_plan_row_at(plan, 1);
    ck_assert(!row->vocabulary);
    ck_assert_int_eq(row->step_ns, M * 12000 + 12000);
    sluice_plan_destroy(plan);
    sluice_model_destroy(h.model);
}
END_TEST

static int64_t step_with(const char *text, int64_t s, int64_t t)
{
    struct with_head h;
    with_head_init(&h, text);
    h.l.costs_ns[h.l.n - 1][SLUICE_S] = s;
    h.l.costs_ns[h.l.n - 1][SLUICE_T] = t;
    sluice_plan *plan = found(&h);
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    int64_t ns = row->step_ns;
    ck_assert(row->vocabulary);
    ck_assert_int_le(sluice_plan_bound_ns(plan), ns);
    sluice_plan_destroy(plan);
    sluice_model_destroy(h.model);
    return ns;
}

/* Those of the whole; an S that is given has the gradients of an embedding's
 * rows in it. */
START_TEST(s_and_t_take_what_is_given_for_them)
{
    static const char embedded[] = "input(6, int32); embedding(40, width=8); "
                                   "linear(8, per-position) x4; head(40)";
    static const char in_sequence[] =
        "input(8); linear(8) x3; sequence{linear(8); head(24)}";
    ck_assert_int_eq(step_with(of_layers, 5000, 3000),
                     M * (2 * 3000 + 8000 / 2) + 2 * 3000);
    ck_assert_int_eq(step_with(of_layers, 8000, 4000),
                     step_with(of_layers, 0, 0));
    ck_assert_int_eq(step_with(embedded, 9000, 4000),
                     step_with(embedded, 0, 0));
    ck_assert_int_lt(step_with(in_sequence, 1000, 1000),
                     step_with(in_sequence, 0, 0));
}
END_TEST

/* Two replicas share out the UPDATE of the head's table, a place's half of it,
 * and its states: a plan fits under a cap of exactly what it takes. */
START_TEST(zero_shares_out_the_tables_of_a_cut_head)
{
    static const int two = 2, stages[] = {0, 1};
    struct with_head h;
    int64_t step_ns[2];
    with_head_init(&h, of_layers);
    h.l.costs_ns[h.l.n - 1][SLUICE_UPDATE] = 8000;
    h.l.config.n_devices = 4;
    h.l.config.replicas = &two;
    h.l.config.n_zeros = h.l.config.n_replicas = 1;
    for (int z = 0; z < 2; z++) {
        h.l.config.zeros = &stages[z];
        for (int d = 0; d < 4; d++)
            h.l.devices[d].cap_bytes = 0;
        sluice_plan *plan = found(&h);
        size_t bytes = sluice_plan_row_at(plan, 0)->bytes;
        ck_assert(sluice_plan_row_at(plan, 0)->vocabulary);
        step_ns[z] = sluice_plan_row_at(plan, 0)->step_ns;
        ck_assert_int_le(sluice_plan_bound_ns(plan), step_ns[z]);
        sluice_plan_destroy(plan);
        for (int d = 0; d < 4; d++)
            h.l.devices[d].cap_bytes = bytes;
        plan = found(&h);
        ck_assert_int_eq(sluice_plan_row_at(plan, 0)->step_ns, step_ns[z]);
        sluice_plan_destroy(plan);
    }
    ck_assert_int_eq(step_ns[0] - step_ns[1], 8000 / 2 / 2);
    sluice_model_destroy(h.model);
}
END_TEST

static const char *const models[] = {
    of_layers,
    "input(6, int32); embedding(40, width=8); linear(8, per-position) x4; "
    "sequence{layer_norm(per-position); head(40)}",
    "input(6, int32); embedding(40, width=8); linear(8, per-position) x4; "
    "head(40); tie(5.weight, 0.weight)",
};

static void check_bytes(const char *text)
{
    struct with_head h;
    sluice_memory_plan plans[2] = {{0}};
    char path[] = "/tmp/sluice-plan-cut-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    with_head_init(&h, text);
    sluice_plan *plan = found(&h), *again;
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    ck_assert(row->vocabulary);
    ck_assert(!sluice_plan_write(plan, path, NULL));
    ck_assert(!sluice_plan_read(path, NULL, &again, NULL));
    ck_assert(!sluice_plan_apply(again, h.model, &h.pipeline, NULL));
    ck_assert(h.pipeline.vocabulary_parallel);
    ck_assert(!sluice_pipeline_plan(h.model, &h.pipeline, plans, NULL));
    size_t most =
        plans[0].total > plans[1].total ? plans[0].total : plans[1].total;
    ck_assert_uint_eq(row->bytes, most);
    ck_assert_uint_eq(sluice_plan_row_at(again, 0)->bytes, most);
    /* It fits under a cap of exactly so much, and under no smaller one. */
    for (int less = 0; less <= 1; less++) {
        sluice_plan *capped = NULL;
        for (int d = 0; d < 2; d++)
            h.l.devices[d].cap_bytes = most - (size_t)less;
        sluice_status st = sluice_plan_find(&h.l.config, &capped, NULL);
        ck_assert(less || !st);
        ck_assert(st || sluice_plan_row_at(capped, 0)->bytes <= most - less);
        if (!less)
            ck_assert_int_eq(sluice_plan_row_at(capped, 0)->step_ns,
                             row->step_ns);
        sluice_plan_destroy(capped);
    }
    sluice_plan_destroy(again);
    sluice_plan_destroy(plan);
    sluice_model_destroy(h.model);
    unlink(path);
}

/* To the byte what the pipeline says, also from a file, with the head in a
 * sequence, an embedding, and a tie. */
START_TEST(the_bytes_of_a_cut_vocabulary_are_those_of_a_pipeline)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        check_bytes(models[i]);
}
END_TEST

/* A whole plan takes the flag back. */
START_TEST(a_whole_head_is_planned_where_parts_are_no_use)
{
    struct with_head h;
    with_head_init(&h, of_layers);
    layered_set(&h.l, BODY, 1, 1, 1);
    h.l.config.vocabulary = false;
    h.pipeline.vocabulary_parallel = true;
    sluice_plan *plan = found(&h);
    ck_assert(!sluice_plan_row_at(plan, 0)->vocabulary);
    ck_assert(!sluice_plan_apply(plan, h.model, &h.pipeline, NULL));
    ck_assert(!h.pipeline.vocabulary_parallel);
    sluice_plan_destroy(plan);
    sluice_model_destroy(h.model);
}
END_TEST

/* Nothing is left for stages without it, so the whole one is all there is. */
START_TEST(a_head_alone_is_planned_whole)
{
    struct with_head h;
    with_head_init(&h, "input(8); head(24)");
    h.l.config.least_devices = 1;
    sluice_plan *plan = found(&h);
    ck_assert_int_eq(sluice_plan_n_rows(plan), 1);
    ck_assert(!sluice_plan_row_at(plan, 0)->vocabulary);
    ck_assert_int_eq(sluice_plan_row_at(plan, 0)->devices, 1);
    sluice_plan_destroy(plan);
    sluice_model_destroy(h.model);
}
END_TEST

START_TEST(what_cannot_be_cut_is_refused_with_the_reason)
{
    struct with_head h;
    sluice_plan *plan;
    sluice_diag why;
    with_head_init(&h, "input(8); linear(8) x5");
    ck_assert_int_eq(sluice_plan_find(&h.l.config, &plan, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "end the model with a head"));
    h.l.config.model = NULL;
    ck_assert_int_eq(sluice_plan_find(&h.l.config, &plan, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "which say what the head is"));
    sluice_model_destroy(h.model);
}
END_TEST

/* What a step of two replicas takes longer on two nodes than on one, 1 ns to
 * begin and 2 ns a byte: of parameters the tables' alone are exchanged. */
static int64_t network_of(const char *text)
{
    static const int two = 2;
    struct with_head h;
    int64_t step_ns[2];
    with_head_init(&h, text);
    for (int i = 0; i < h.l.n; i++) {
        bool table = i == h.l.n - 1 || (i == 0 && h.l.n > BODY + 1);
        h.l.layers[i].param_bytes *= table;
        h.l.layers[i].input_row_bytes = 1000000; /* stays on a node */
    }
    h.l.config.n_devices = 4;
    h.l.config.replicas = &two;
    h.l.config.n_replicas = 1;
    h.l.devices[2].node = h.l.devices[3].node = 1;
    for (int far = 0; far < 2; far++) {
        h.l.config.network_ns = far ? 1 : 0;
        h.l.config.network_bytes_per_ns = far ? 0.5 : 0;
        sluice_plan *plan = found(&h);
        ck_assert(sluice_plan_row_at(plan, 0)->vocabulary);
        step_ns[far] = sluice_plan_row_at(plan, 0)->step_ns;
        sluice_plan_destroy(plan);
    }
    sluice_model_destroy(h.model);
    return step_ns[1] - step_ns[0];
}

/* A place's UPDATE adds up its half of each table in two passes, in each of
 * which half of that goes to the other node. */
START_TEST(replicas_of_a_cut_head_exchange_its_gradients_by_the_network)
{
    static const char embedded[] = "input(6, int32); embedding(40, width=8); "
                                   "linear(8, per-position) x4; head(40)";
    char tied[256];
    int64_t table = 4 * 40 * 8 / 2 / 2 * 2;
    snprintf(tied, sizeof tied, "%s; tie(5.weight, 0.weight)", embedded);
    ck_assert_int_eq(network_of(of_layers), 2 * (1 + 4 * 24 * 8 / 2 / 2 * 2));
    ck_assert_int_eq(network_of(embedded), 2 * (2 + 2 * table));
    ck_assert_int_eq(network_of(tied), 2 * (1 + table));
}
END_TEST

/* `n` rows that take 100, 110, ... ns, number `rule` Varuna's; -1: none. */
static sluice_plan *tabled(int n, int64_t first_ns, int rule)
{
    sluice_plan *plan = sl_alloc(NULL, 1, sizeof *plan);
    ck_assert_ptr_nonnull(plan);
    plan->bound_ns = 1;
    for (; plan->n_rows < n; plan->n_rows++) {
        sluice_plan_row *row = &plan->rows[plan->n_rows];
        row->step_ns = first_ns + 10 * plan->n_rows;
        snprintf(row->schedule, sizeof row->schedule, "%s",
                 plan->n_rows == rule ? "varuna's rule" : "1f1b");
    }
    return plan;
}

/* Where its row is in a table; -1: nowhere.  The table is in order. */
static int rule_in(sluice_plan *plan)
{
    int at = -1;
    ck_assert_int_eq(plan->n_rows, SLUICE_PLAN_MAX_ROWS);
    for (int i = 0; i < plan->n_rows; i++) {
        if (!strcmp(plan->rows[i].schedule, "varuna's rule"))
            at = i;
        if (i > 0)
            ck_assert_int_le(plan->rows[i - 1].step_ns, plan->rows[i].step_ns);
    }
    sluice_plan_destroy(plan);
    return at;
}

START_TEST(varunas_row_stays_in_a_full_table)
{
    enum { N = SLUICE_PLAN_MAX_ROWS };
    /* It is the slowest of the faster plan, and of the slower one. */
    ck_assert_int_eq(
        rule_in(sl_plan_join(tabled(N, 100, N - 1), tabled(N, 105, -1))),
        N - 1);
    ck_assert_int_eq(
        rule_in(sl_plan_join(tabled(N, 100, -1), tabled(N, 900, N - 1))),
        N - 1);
    /* It is between others. */
    ck_assert_int_eq(
        rule_in(sl_plan_join(tabled(N, 100, -1), tabled(N, 105, 3))), 7);
}
END_TEST

static size_t told_bytes(const struct with_head *h)
{
    sluice_plan *plan;
    sluice_diag why;
    unsigned long bytes = 0;
    ck_assert_int_eq(sluice_plan_find(&h->l.config, &plan, &why),
                     SLUICE_OVER_CAP);
    const char *at = strstr(why.text, "takes ");
    ck_assert_ptr_nonnull(at);
    bytes = strtoul(at + strlen("takes "), NULL, 10);
    ck_assert_uint_gt(bytes, 0);
    return bytes;
}

START_TEST(of_two_refusals_the_fewer_bytes_are_told)
{
    struct with_head h;
    with_head_init(&h, "input(8); linear(8) x4; head(20000)");
    h.l.devices[0].cap_bytes = h.l.devices[1].cap_bytes = 1;
    size_t either = told_bytes(&h);
    h.l.config.vocabulary = false;
    ck_assert_uint_lt(either, told_bytes(&h));
    sluice_model_destroy(h.model);
}
END_TEST

static void set_caps(struct with_head *h, size_t bytes)
{
    for (int d = 0; d < h->l.config.n_devices; d++)
        h->l.devices[d].cap_bytes = bytes;
}

/* From a cap of one byte up, as far as there are refusals. */
static void check_told(struct with_head *h)
{
    size_t cap = 1;
    for (int i = 0; i < 8; i++, cap += (cap + 7) / 8) {
        sluice_plan *plan;
        set_caps(h, cap);
        if (!sluice_plan_find(&h->l.config, &plan, NULL)) {
            sluice_plan_destroy(plan);
            return;
        }
        size_t told = told_bytes(h);
        ck_assert_uint_gt(told, cap);
        set_caps(h, told);
        plan = found(h);
        ck_assert_uint_le(sluice_plan_row_at(plan, 0)->bytes, told);
        sluice_plan_destroy(plan);
        cap = i ? cap : told / 2;
    }
}

START_TEST(the_bytes_that_a_refusal_tells_fit)
{
    static const int ones[] = {1, 2}, zeros[] = {0, 2, 3};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (int kind = 0; kind < 8; kind++) {
            struct with_head h;
            if (sl_test_skips_of(24))
                continue;
            with_head_init(&h, models[i]);
            h.l.config.schedules = kind & 1 ? "1f1b,interleaved-1f1b" : "1f1b";
            h.l.config.vocabulary = kind & 2;
            h.l.config.no_remat = kind & 4;
            h.l.config.n_devices = 4;
            h.l.config.replicas = h.l.config.teams = ones;
            h.l.config.n_replicas = h.l.config.n_teams = 2;
            h.l.config.zeros = zeros;
            h.l.config.n_zeros = 3;
            check_told(&h);
            sluice_model_destroy(h.model);
        }
}
END_TEST

static void sweep_allocations(struct with_head *h, sluice_status expected)
{
    sluice_status st = SLUICE_NO_MEMORY;
    for (int i = 1; st == SLUICE_NO_MEMORY; i += 1 + i / 8) {
        struct failing failing = {.fail_at = i};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_plan *plan;
        h->l.config.allocator = &allocator;
        st = sluice_plan_find(&h->l.config, &plan, NULL);
        ck_assert(st == expected || st == SLUICE_NO_MEMORY);
        if (!st)
            sluice_plan_destroy(plan);
        ck_assert_int_eq(failing.n_live, 0);
    }
}

START_TEST(every_allocation_may_fail)
{
    struct with_head h;
    with_head_init(&h, of_layers);
    sweep_allocations(&h, SLUICE_OK);
    set_caps(&h, 1);
    sweep_allocations(&h, SLUICE_OVER_CAP);
    sluice_model_destroy(h.model);
}
END_TEST

SLUICE_TEST_MAIN("plan.plan_cut",
                 a_cut_head_takes_its_formula_and_stands_beside_the_whole_one,
                 s_and_t_take_what_is_given_for_them,
                 zero_shares_out_the_tables_of_a_cut_head,
                 the_bytes_of_a_cut_vocabulary_are_those_of_a_pipeline,
                 a_whole_head_is_planned_where_parts_are_no_use,
                 a_head_alone_is_planned_whole,
                 what_cannot_be_cut_is_refused_with_the_reason,
                 replicas_of_a_cut_head_exchange_its_gradients_by_the_network,
                 varunas_row_stays_in_a_full_table,
                 of_two_refusals_the_fewer_bytes_are_told,
                 the_bytes_that_a_refusal_tells_fit, every_allocation_may_fail)
