/* The exact minimum against all cuts. */
#include <sluice/partition.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "part/part.h"
#include "sched/failing.h"
#include "support/runner.h"

enum { MAX_LAYERS = 10 };

static double slowest_of(const struct sl_part_costs *costs, int devices,
                         const int *sizes)
{
    double slowest = 0;
    for (int d = 0, layer = 0; d < devices; d++) {
        double sum = 0, scaled = 0;
        int first = layer;
        for (int i = 0; i < sizes[d]; i++, layer++) {
            sum += costs->fixed[layer];
            if (costs->scaled)
                scaled += costs->scaled[layer];
            for (int k = costs->pairs_of ? costs->pairs_of[layer] : 0;
                 costs->pairs_of && k < costs->pairs_of[layer + 1]; k++) {
                if (costs->pairs[k].first >= first) {
                    sum -= costs->pairs[k].fixed;
                    scaled -= costs->pairs[k].scaled;
                }
            }
        }
        if (costs->factors)
            sum += costs->factors[d] * scaled;
        slowest = sum > slowest ? sum : slowest;
    }
    return slowest;
}

/* Next list of positive sizes with the same sum, from {1, .., 1, rest} up, in
 * lexicographic order; false after the last. */
static bool next_sizes(int devices, int *sizes)
{
    for (int d = devices - 2; d >= 0; d--) {
        int behind = 0;
        for (int e = d + 1; e < devices; e++)
            behind += sizes[e];
        if (behind == devices - 1 - d)
            continue;
        sizes[d]++;
        for (int e = d + 1; e < devices - 1; e++)
            sizes[e] = 1;
        sizes[devices - 1] = behind - 1 - (devices - 2 - d);
        return true;
    }
    return false;
}

/* By trying all; among equals the last in lexicographic order, whose first
 * partitions are the fullest. */
static void brute_force(const struct sl_part_costs *costs, int n, int devices,
                        int *best)
{
    int sizes[MAX_LAYERS];
    for (int d = 0; d < devices; d++)
        sizes[d] = 1;
    sizes[devices - 1] = n - devices + 1;
    double minimum = INFINITY;
    do {
        double slowest = slowest_of(costs, devices, sizes);
        if (slowest <= minimum) {
            minimum = slowest;
            memcpy(best, sizes, (size_t)devices * sizeof *best);
        }
    } while (next_sizes(devices, sizes));
}

static bool agrees(const double *costs, int n, int devices)
{
    int got[MAX_LAYERS], want[MAX_LAYERS];
    ck_assert_int_eq(
        sluice_partition_minimax(costs, n, devices, NULL, got, NULL),
        SLUICE_OK);
    brute_force(&(struct sl_part_costs){.fixed = costs}, n, devices, want);
    return memcmp(got, want, (size_t)devices * sizeof *got) == 0;
}

/* Small integers (many ties, zeros), fractions, and wildly different sizes. */
static double random_cost(uint32_t bits, int flavour)
{
    switch (flavour) {
    case 0:
        return bits % 4;
    case 1:
        return sl_rng_unit(bits);
    default:
        return ldexp(sl_rng_unit(bits), (int)(bits % 120));
    }
}

START_TEST(the_minimum_is_that_of_all_cuts)
{
    for (uint64_t i = 0; i < 3000; i++) {
        uint32_t bits[16];
        double costs[MAX_LAYERS];
        sl_rng_block(3, SL_RNG_TEST, (struct sl_rng_counter){{i, 0}}, bits);
        sl_rng_block(3, SL_RNG_TEST, (struct sl_rng_counter){{i, 1}}, bits + 8);
        int n = 1 + (int)(bits[0] % MAX_LAYERS);
        int devices = 1 + (int)(bits[1] % (uint32_t)n);
        for (int j = 0; j < n; j++)
            costs[j] = random_cost(bits[2 + j], (int)(i % 3));
        ck_assert_msg(agrees(costs, n, devices), "case %d", (int)i);
    }
}
END_TEST

START_TEST(costs_may_depend_on_the_partition)
{
    for (uint64_t i = 0; i < 3000; i++) {
        uint32_t bits[32];
        double fixed[MAX_LAYERS], scaled[MAX_LAYERS], factors[MAX_LAYERS];
        int got[MAX_LAYERS], want[MAX_LAYERS];
        for (uint32_t j = 0; j < 4; j++)
            sl_rng_block(3, SL_RNG_TEST, (struct sl_rng_counter){{i, 7, j}},
                         bits + 8 * j);
        int n = 1 + (int)(bits[0] % MAX_LAYERS);
        int devices = 1 + (int)(bits[1] % (uint32_t)n);
        for (int j = 0; j < n; j++) {
            fixed[j] = random_cost(bits[2 + j], (int)(i % 3));
            scaled[j] = random_cost(bits[12 + j], (int)(i % 3));
            factors[j] = bits[22 + j] % 5;
        }
        const struct sl_part_costs costs = {fixed, scaled, factors};
        ck_assert(!sl_part_minimax(&costs, n, devices, NULL, got, NULL));
        brute_force(&costs, n, devices, want);
        ck_assert_msg(slowest_of(&costs, devices, got) ==
                          slowest_of(&costs, devices, want),
                      "case %d", (int)i);
        for (int d = 0; d < devices; d++) {
            ck_assert_int_ge(got[d], 1);
            n -= got[d];
        }
        ck_assert_int_eq(n, 0);
    }
}
END_TEST

START_TEST(pairs_of_layers_may_cost_less_in_one_partition)
{
    for (uint64_t i = 0; i < 3000; i++) {
        uint32_t bits[48];
        double fixed[MAX_LAYERS], scaled[MAX_LAYERS], factors[MAX_LAYERS];
        struct sl_part_pair pairs[MAX_LAYERS];
        int got[MAX_LAYERS], want[MAX_LAYERS], pairs_of[MAX_LAYERS + 1];
        for (uint32_t j = 0; j < 6; j++)
            sl_rng_block(3, SL_RNG_TEST, (struct sl_rng_counter){{i, 8, j}},
                         bits + 8 * j);
        int n = 2 + (int)(bits[0] % (MAX_LAYERS - 1));
        int devices = 1 + (int)(bits[1] % (uint32_t)n), n_pairs = 0;
        for (int j = 0; j < n; j++) {
            fixed[j] = bits[2 + j] % 50 + 20;
            scaled[j] = bits[12 + j] % 20 + 10;
            factors[j] = bits[22 + j] % 5;
            pairs_of[j] = n_pairs;
            if (j > 0 && bits[32 + j] % 3)
                pairs[n_pairs++] = (struct sl_part_pair){
                    (int)(bits[32 + j] / 3 % (uint32_t)j),
                    (double)(bits[32 + j] >> 20 & 15) - 2, bits[32 + j] >> 28};
        }
        pairs_of[n] = n_pairs;
        const struct sl_part_costs costs = {fixed, scaled, factors, pairs,
                                            pairs_of};
        ck_assert(!sl_part_minimax(&costs, n, devices, NULL, got, NULL));
        brute_force(&costs, n, devices, want);
        ck_assert_msg(slowest_of(&costs, devices, got) ==
                          slowest_of(&costs, devices, want),
                      "case %d", (int)i);
    }
}
END_TEST

static void assert_cut(const double *costs, int n, int devices, const int *want)
{
    int got[MAX_LAYERS];
    ck_assert_int_eq(
        sluice_partition_minimax(costs, n, devices, NULL, got, NULL),
        SLUICE_OK);
    ck_assert_mem_eq(got, want, (size_t)devices * sizeof *got);
}

START_TEST(the_case_that_others_cut_with_an_empty_block_is_right)
{
    assert_cut((const double[]){14, 10, 10, 14, 18}, 5, 4,
               (const int[]){1, 2, 1, 1});
}
END_TEST

START_TEST(partitions_are_filled_from_the_first_on)
{
    assert_cut((const double[]){1, 1, 1, 9}, 4, 3, (const int[]){2, 1, 1});
    assert_cut((const double[]){9, 1, 1, 1}, 4, 3, (const int[]){1, 2, 1});
}
END_TEST

START_TEST(layers_that_cost_nothing_still_fill_every_partition)
{
    assert_cut((const double[]){0, 0, 0, 0, 0}, 5, 3, (const int[]){3, 1, 1});
    assert_cut((const double[]){0, 0, 7}, 3, 3, (const int[]){1, 1, 1});
}
END_TEST

START_TEST(rounding_does_not_change_the_minimum)
{
    /* 1e16 + 1 rounds to 1e16: differences of prefix sums would see the ones
     * after it as nothing. */
    assert_cut((const double[]){1e16, 1, 1, 1}, 4, 2, (const int[]){3, 1});
    ck_assert(agrees((const double[]){1e16, 1, 1, 1}, 4, 2));
    ck_assert(agrees((const double[]){1e16, 1, 1, 1}, 4, 3));
    ck_assert(agrees((const double[]){1, 1, 1, 1e16, 1, 1, 1e16}, 7, 3));
    ck_assert(agrees((const double[]){0.1, 0.2, 0.3, 0.3, 0.2, 0.1}, 6, 3));
}
END_TEST

static void assert_refused(const double *costs, int n, int devices,
                           const char *says)
{
    int sizes[MAX_LAYERS] = {-5};
    sluice_diag why;
    ck_assert_int_eq(
        sluice_partition_minimax(costs, n, devices, NULL, sizes, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    ck_assert_int_eq(sizes[0], -5);
}

START_TEST(costs_that_are_no_costs_are_refused_with_the_layer)
{
    assert_refused((const double[]){1, -2.5, 3}, 3, 2,
                   "the cost of layer 1 is -2.5");
    assert_refused((const double[]){1, 2, INFINITY}, 3, 2,
                   "the cost of layer 2 is inf");
    assert_refused((const double[]){NAN, 2, 3}, 3, 2,
                   "the cost of layer 0 is ");
    assert_refused((const double[]){DBL_MAX, DBL_MAX}, 2, 1,
                   "the sum of the 2 costs overflows");
}
END_TEST

START_TEST(counts_that_cannot_fit_are_refused)
{
    assert_refused((const double[]){1, 1}, 2, 3,
                   "2 layers cannot fill 3 partitions");
    assert_refused((const double[]){1, 1}, 2, 0, "2 layers into 0 partitions");
}
END_TEST

START_TEST(a_failed_allocation_is_a_status)
{
    struct failing failing = {.fail_at = 1};
    sluice_allocator allocator = failing_allocator(&failing);
    int sizes[2] = {-5, -5};
    sluice_diag why;
    ck_assert_int_eq(sluice_partition_minimax((const double[]){1, 2}, 2, 2,
                                              &allocator, sizes, &why),
                     SLUICE_NO_MEMORY);
    ck_assert_int_eq(why.status, SLUICE_NO_MEMORY);
    ck_assert_int_eq(sizes[0], -5);
    failing.fail_at = 0;
    ck_assert_int_eq(sluice_partition_minimax((const double[]){1, 2}, 2, 2,
                                              &allocator, sizes, &why),
                     SLUICE_OK);
    ck_assert_int_eq(failing.n_live, 0);
}
END_TEST

SLUICE_TEST_MAIN("part.minimax", the_minimum_is_that_of_all_cuts,
                 costs_may_depend_on_the_partition,
                 pairs_of_layers_may_cost_less_in_one_partition,
                 the_case_that_others_cut_with_an_empty_block_is_right,
                 partitions_are_filled_from_the_first_on,
                 layers_that_cost_nothing_still_fill_every_partition,
                 rounding_does_not_change_the_minimum,
                 costs_that_are_no_costs_are_refused_with_the_layer,
                 counts_that_cannot_fit_are_refused,
                 a_failed_allocation_is_a_status)
