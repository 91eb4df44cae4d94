/* Tokens are drawn as often as their probabilities say. */
#include "bench/sample/draw_token.h"

#include <math.h>

#include "support/runner.h"

enum { N = 5, DRAWS = 40000 };

static const float y[N] = {0.5F, 2, -1, 2, 1};

static int32_t draw(struct draw_config config, uint64_t number)
{
    int32_t order[N];
    double p[N];
    return draw_token(&config, number, y, N, order, p);
}

/* Whether the shares of DRAWS draws are exp(y / t) / sum over the tokens for
 * which `is_in` has a bit, within five standard deviations. */
static void check(struct draw_config config, unsigned is_in)
{
    int count[N] = {0};
    double sum = 0;
    for (uint64_t i = 0; i < DRAWS; i++)
        count[draw(config, i)]++;
    for (int i = 0; i < N; i++)
        sum += is_in >> i & 1 ? exp((double)y[i] / config.temperature) : 0;
    for (int i = 0; i < N; i++) {
        double p =
            is_in >> i & 1 ? exp((double)y[i] / config.temperature) / sum : 0;
        double apart = fabs(count[i] - DRAWS * p);
        ck_assert_double_le(apart, 5 * sqrt(DRAWS * p * (1 - p)));
    }
}

START_TEST(tokens_are_drawn_by_their_probabilities)
{
    check((struct draw_config){.temperature = 1, .seed = 3}, 31);
    check((struct draw_config){.temperature = 0.5, .seed = 4}, 31);
    check((struct draw_config){.temperature = 1000, .seed = 5}, 31);
    check((struct draw_config){.temperature = 1, .top_k = 9}, 31);
}
END_TEST

START_TEST(top_k_leaves_the_largest_and_of_equal_ones_the_first)
{
    check((struct draw_config){.temperature = 1, .top_k = 3},
          1 << 1 | 1 << 3 | 1 << 4);
    check((struct draw_config){.temperature = 1, .top_k = 2}, 1 << 1 | 1 << 3);
    check((struct draw_config){.temperature = 1, .top_k = 1}, 1 << 1);
}
END_TEST

START_TEST(at_temperature_zero_the_first_of_the_largest_is_taken)
{
    for (uint64_t i = 0; i < 100; i++)
        ck_assert_int_eq(draw((struct draw_config){.seed = i}, i), 1);
}
END_TEST

START_TEST(a_seed_draws_the_same_again_and_another_one_others)
{
    int differ = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct draw_config one = {.temperature = 1, .seed = 1};
        struct draw_config two = {.temperature = 1, .seed = 2};
        ck_assert_int_eq(draw(one, i), draw(one, i));
        differ += draw(one, i) != draw(two, i);
    }
    ck_assert_int_gt(differ, 300);
}
END_TEST

SLUICE_TEST_MAIN("bench.draw_token", tokens_are_drawn_by_their_probabilities,
                 top_k_leaves_the_largest_and_of_equal_ones_the_first,
                 at_temperature_zero_the_first_of_the_largest_is_taken,
                 a_seed_draws_the_same_again_and_another_one_others)
