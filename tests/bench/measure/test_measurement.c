/* What a measurement reads off a step: parts, memory, traffic, medians. */
#include "bench/measure/measurement.h"

#include "support/runner.h"

#include "bench/measure/yardstick.h"

static const struct order_options order = ORDER_DEFAULTS;

/* A measurement of an 8-8x4 network with 16 rows. */
static void run_order(const struct order_options *chosen, int devices,
                      int replicas, struct measurement *m)
{
    struct workload work;
    struct yardstick *yardstick;
    const struct measure_config how = {
        .work = &work,
        .order = chosen,
        .devices = devices,
        .replicas = replicas,
        .microbatches = 4,
        .warmup = 1,
        .repetitions = 3,
        .seed = 1,
    };
    ck_assert_int_eq(workload_parse(&work, "8-8x4", 16, 1, NULL), SLUICE_OK);
    ck_assert_int_eq(yardstick_create(&how, &yardstick, NULL), SLUICE_OK);
    ck_assert_int_eq(measure(&how, yardstick, m, NULL), SLUICE_OK);
    yardstick_destroy(yardstick);
    workload_fini(&work);
}

static void run(int devices, int replicas, int remat, struct measurement *m)
{
    struct order_options chosen = order;
    chosen.remat = remat;
    run_order(&chosen, devices, replicas, m);
}

START_TEST(replicas_of_pipelines_equal_their_reference)
{
    struct measurement m;
    run(2, 2, SLUICE_REMAT_NEVER, &m);
    ck_assert_int_eq(m.wrong, 0);
    ck_assert_uint_eq(m.planned_bytes, m.actual_bytes);
    measurement_fini(&m);
}
END_TEST

START_TEST(traffic_is_counted_by_hand)
{
    struct measurement m;
    /* One boundary of 8 floats, 16 rows, there and back. */
    run(2, 1, SLUICE_REMAT_NEVER, &m);
    ck_assert(m.boundary_bytes == 2 * 16 * 8 * 4);
    ck_assert(m.reduce_bytes == 0);
    measurement_fini(&m);
    /* Three replicas would not divide 16 rows; four read 2 * 3/4 of the
     * gradient each: 4 layers of 8 * 8 + 8 floats, rounded to 16 floats. */
    run(1, 4, SLUICE_REMAT_NEVER, &m);
    ck_assert(m.boundary_bytes == 0);
    ck_assert(m.reduce_bytes == 4 * 1.5 * (4 * (64 + 16) * 4));
    measurement_fini(&m);
}
END_TEST

/* Bytes of gradients are 2 * 1/2 of both copies of 4 layers. */
static void assert_bytes(const char *schedule, double boundary, double reduce)
{
    struct measurement m;
    struct order_options chosen = order;
    chosen.schedule = schedule;
    run_order(&chosen, 2, 1, &m);
    ck_assert(m.boundary_bytes == boundary);
    ck_assert(m.reduce_bytes == reduce);
    measurement_fini(&m);
}

/* Four stages in turn on two devices have three boundaries between them, in
 * the form of a V two; half of the rows cross that of each copy of dualpipe. */
START_TEST(each_boundary_of_a_schedule_is_counted)
{
    const double one = 2 * 16 * 8 * 4;
    assert_bytes("looped-bfs", 3 * one, 0);
    assert_bytes("interleaved-1f1b", 3 * one, 0);
    assert_bytes("zb-v", 2 * one, 0);
    assert_bytes("dualpipe", one, 2 * (4 * (64 + 16) * 4));
}
END_TEST

static void assert_parts(const struct samples *samples, int parts,
                         bool recomputes, bool reduces)
{
    for (int i = 0; i < samples->n; i++) {
        double of[N_PARTS];
        for (int p = 0; p < N_PARTS; p++)
            of[p] = samples_of(samples, parts + p)[i];
        ck_assert(of[PART_FORWARD] > 0);
        ck_assert(of[PART_BACKWARD] > 0);
        ck_assert(of[PART_UPDATE] > 0);
        ck_assert(of[PART_IDLE] >= 0);
        ck_assert((of[PART_RECOMPUTE] > 0) == recomputes);
        ck_assert((of[PART_COMMUNICATION] > 0) == reduces);
    }
}

START_TEST(each_part_is_found_on_both_clocks)
{
    struct measurement m;
    run(2, 1, SLUICE_REMAT_ALWAYS, &m);
    assert_parts(&m.samples, FIGURE_PARTS, true, false);
    assert_parts(&m.samples, FIGURE_PARTS_VIRTUAL, true, false);
    measurement_fini(&m);
    run(1, 2, SLUICE_REMAT_NEVER, &m);
    assert_parts(&m.samples, FIGURE_PARTS, false, true);
    assert_parts(&m.samples, FIGURE_PARTS_VIRTUAL, false, true);
    measurement_fini(&m);
}
END_TEST

START_TEST(virtual_parts_add_up_to_the_virtual_step)
{
    struct measurement m;
    run(2, 2, SLUICE_REMAT_ALWAYS, &m);
    for (int i = 0; i < m.samples.n; i++) {
        double sum = 0;
        for (int p = 0; p < N_PARTS; p++)
            sum += samples_of(&m.samples, FIGURE_PARTS_VIRTUAL + p)[i];
        double step = samples_of(&m.samples, FIGURE_VIRTUAL_NS)[i];
        ck_assert(sum > step - 1 && sum < step + 1);
    }
    measurement_fini(&m);
}
END_TEST

START_TEST(median_is_of_the_middle_or_between_two)
{
    const double odd[] = {5, 1, 3};
    const double even[] = {4, 1, 3, 100};
    const double equal[] = {2, 2, 2, 1};
    ck_assert(median_of(odd, 3) == 3);
    ck_assert(median_of(even, 4) == 3.5);
    ck_assert(median_of(equal, 4) == 2);
    ck_assert(median_of(odd, 1) == 5);
}
END_TEST

SLUICE_TEST_MAIN("bench.measure", replicas_of_pipelines_equal_their_reference,
                 traffic_is_counted_by_hand,
                 each_boundary_of_a_schedule_is_counted,
                 each_part_is_found_on_both_clocks,
                 virtual_parts_add_up_to_the_virtual_step,
                 median_is_of_the_middle_or_between_two)
