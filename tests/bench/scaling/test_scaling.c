/* Many devices on paper: against the formulas of Megatron-LM and ZeRO. */
#include "bench/scaling/scaling.h"

#include <math.h>

#include "bench/scaling/cluster.h"
#include "bench/zero/zero_formula.h"
#include "support/runner.h"

enum { MOST = 128, G = 1000000000 };

static struct scaling_row rows[MOST];
static int n_rows;

static void keep(void *context, const struct scaling_row *row)
{
    (void)context;
    ck_assert_int_lt(n_rows, MOST);
    rows[n_rows++] = *row;
}

/* 4 blocks of width 32, 16 tokens, and links that take no time. */
static struct scaling_config small(int devices)
{
    return (struct scaling_config){
        .devices = {.n = 1, .values = {devices}},
        .node_devices = 16,
        .layers = 4,
        .width = 32,
        .heads = 4,
        .vocabulary = 64,
        .context = 16,
        .batch = 32,
        .rows = 1,
        .schedule = "1f1b",
        .gflops = 1,
        .memory_rate = (uint64_t)G * G,
        .rate = (uint64_t)G * G,
        .network_rate = (uint64_t)G * G,
    };
}

static void find(const struct scaling_config *config)
{
    sluice_diag why = {.text = ""};
    n_rows = 0;
    sluice_status st = scaling_find(config, keep, NULL, &why);
    ck_assert_msg(!st, "%s", why.text);
}

static const struct scaling_row *row_of(int places, int team)
{
    for (int i = 0; i < n_rows; i++)
        if (rows[i].places == places && rows[i].team == team)
            return &rows[i];
    ck_abort_msg("no row of %d places and teams of %d", places, team);
}

START_TEST(one_device_does_all_the_work_without_a_bubble)
{
    struct scaling_config config = small(1);
    find(&config);
    ck_assert_int_eq(n_rows, 1);
    ck_assert_int_eq(rows[0].microbatches, 32);
    ck_assert(rows[0].bubble == 0 && rows[0].efficiency > 0.99);
    ck_assert_int_eq(
        rows[0].hand_bytes + rows[0].reduce_bytes + rows[0].team_bytes, 0);
}
END_TEST

/* 4 all-reduces of rows x width a block, one for the embedding and one for the
 * head, of which each device sends 2 (t - 1) / t. */
START_TEST(teams_send_what_megatron_says)
{
    struct scaling_config config = small(4);
    find(&config);
    ck_assert_int_eq(row_of(1, 4)->team_bytes,
                     32 * (4 * 4 + 2) * (2 * 3 * (16 * 32 * 4) / 4));
    ck_assert_int_eq(row_of(1, 2)->team_bytes,
                     16 * (4 * 4 + 2) * (2 * 1 * (16 * 32 * 4) / 2));
    ck_assert_int_eq(row_of(1, 1)->team_bytes, 0);
}
END_TEST

/* Adam with 4 bytes for each number has 16 a parameter. */
START_TEST(replicas_hold_what_zero_says)
{
    static const double on_64[] = {16, 8 + 8.0 / 64, 4 + 12.0 / 64, 16.0 / 64};
    for (int zero = 0; zero <= 3; zero++) {
        ck_assert(zero_formula_parameter(zero, 64, 2) == on_64[zero]);
        ck_assert(zero_formula_parameter(zero, 1, 2) == 16);
    }
    struct scaling_config config = small(4);
    find(&config);
    int64_t all = row_of(1, 1)->bytes;
    config.zero = 3;
    find(&config);
    double params =
        2.0 * 64 * 32 + 16 * 32 + 4 * (12.0 * 32 * 32 + 13 * 32) + 2 * 32;
    ck_assert(fabs((double)(all - row_of(1, 1)->bytes) / (12 * params) - 1) <
              0.01);
}
END_TEST

START_TEST(what_is_slower_between_nodes_takes_longer_there)
{
    struct scaling_config config = small(16);
    config.network_ns = 1000;
    find(&config);
    int64_t within = row_of(4, 1)->step_ns;
    config.node_devices = 2;
    find(&config);
    const struct scaling_row *row = row_of(4, 1);
    ck_assert_int_eq(row->reduce_ns, 2 * 3 * 1000);
    ck_assert_int_ge(row->step_ns, within + 2 * 3 * 1000 + 2 * 1000);
}
END_TEST

START_TEST(what_does_not_fit_recomputes_or_is_told)
{
    struct scaling_config config = small(4);
    find(&config);
    const struct scaling_row free = *row_of(4, 1);
    ck_assert(free.fits && !free.recomputes);
    config.cap_bytes = (uint64_t)free.bytes - 1;
    find(&config);
    ck_assert(row_of(4, 1)->recomputes && row_of(4, 1)->fits);
    ck_assert_int_gt(row_of(4, 1)->step_ns, free.step_ns);
    config.cap_bytes = 1000;
    find(&config);
    for (int i = 0; i < n_rows; i++)
        ck_assert(!rows[i].fits && !rows[i].fastest);
}
END_TEST

START_TEST(a_thousand_devices_in_sixteen_nodes_have_one_fastest_way)
{
    struct scaling_config config = small(1024);
    config.node_devices = 64;
    config.layers = config.heads = 64;
    config.width = 128;
    config.batch = 1024;
    config.latency_ns = 100;
    config.network_ns = 10000;
    find(&config);
    ck_assert_int_eq(n_rows, 7 * 7 - 3);
    int n_fastest = 0;
    for (int i = 0; i < n_rows; i++) {
        const struct scaling_row *row = &rows[i];
        ck_assert_int_eq(row->places * row->replicas * row->team, 1024);
        n_fastest += row->fastest;
    }
    ck_assert_int_eq(n_fastest, 1);
}
END_TEST

SLUICE_TEST_MAIN("bench.scaling", one_device_does_all_the_work_without_a_bubble,
                 teams_send_what_megatron_says, replicas_hold_what_zero_says,
                 what_is_slower_between_nodes_takes_longer_there,
                 what_does_not_fit_recomputes_or_is_told,
                 a_thousand_devices_in_sixteen_nodes_have_one_fastest_way)
