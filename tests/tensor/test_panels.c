/* Products by tiles: right, and the same bits however they are divided. */
#include "tensor/gemm/panels.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/gemm/turned.h"
#include "support/grid.h"
#include "support/runner.h"
#include "tensor/gemm_plain.h"
#include "tensor/numbers.h"
#include "tensor/tiles_here.h"

/* Around the blocks: 256 of the depth, 168 rows, 1,024 columns, and tiles of 14
 * or 6 rows and 32 or 16 columns; and groups of 112 columns in slabs of 1,024
 * of the depth, with an input gradient turned round; and of the last weights
 * the panels are too large for a cache. */
static const struct sl_gemm sizes[] = {
    {1, 1, 1},       {3, 300, 70},   {29, 513, 33},  {170, 257, 31},
    {343, 5, 9},     {7, 260, 1100}, {2, 1, 1057},   {257, 40, 1030},
    {64, 230, 1032}, {1, 257, 2100}, {170, 129, 40},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes, MOST = 257 * 2100 };

/* Sums of up to 513 terms in float, beside double, in units of the largest. */
static const double tolerance = 2e-5;

static float *a, *b, *got, *want, *panels, *scratch;

static float *floats(size_t n)
{
    float *at = aligned_alloc(SL_ALIGN, sl_round_up(n * sizeof *at));
    ck_assert_ptr_nonnull(at);
    return at;
}

static void setup(void)
{
    a = floats(MOST);
    b = floats(MOST * 2);
    got = floats(MOST);
    want = floats(MOST);
    panels = floats(MOST * 2);
    scratch = floats(MOST * 2);
    sl_test_fill(1, MOST, a);
    sl_test_fill(2, MOST * 2, b);
}

static void teardown(void)
{
    free(a);
    free(b);
    free(got);
    free(want);
    free(panels);
    free(scratch);
}

/* y (+)= x w, from packed weights or not, or dx = dy w^T, or dw (+)= x^T dy, of
 * the same size: x is `a`, w and dy are `b`. */
enum what {
    FORWARD,
    FORWARD_PACKED,
    INPUT,
    INPUT_PACKED,
    INPUT_TURNED,
    WEIGHT,
    N_WHAT
};

static struct sl_panel_product product(enum what what, struct sl_gemm s,
                                       const float *left, const float *right,
                                       bool add)
{
    struct sl_panel_product p = {.c = got, .add = add};
    switch (what) {
    case FORWARD:
    case FORWARD_PACKED:
        p.m = s.rows, p.depth = s.in, p.n = s.out;
        p.a = (struct sl_view){left, s.in, 1};
        p.b = (struct sl_view){right, s.out, 1};
        break;
    case INPUT:
    case INPUT_PACKED:
    case INPUT_TURNED:
        p.m = s.rows, p.depth = s.out, p.n = s.in;
        p.a = (struct sl_view){left, s.out, 1};
        p.b = (struct sl_view){right, 1, s.out};
        break;
    default:
        p.m = s.in, p.depth = s.rows, p.n = s.out;
        p.a = (struct sl_view){left, 1, s.in};
        p.b = (struct sl_view){right, s.out, 1};
    }
    return p;
}

static void run(const struct sl_tiles *tiles, enum what what,
                struct sl_panel_product p)
{
    bool packed = what == FORWARD_PACKED || what == INPUT_PACKED;
    const size_t bytes[] = {
        sl_panels_scratch_bytes(tiles, p.depth, p.n, packed),
        sl_turned_scratch_bytes(tiles, p.depth),
    };
    for (int i = 0; i < 2; i++)
        ck_assert_uint_le(bytes[i], MOST * 2 * sizeof(float));
    if (packed) {
        ck_assert_int_le(sl_panels_floats(tiles, p.depth, p.n), MOST * 2);
        sl_panels_pack(tiles, p.b, p.depth, p.n, panels);
        p.panels = panels;
    }
    if (what == INPUT_TURNED && p.m <= SL_TURNED_ROWS)
        sl_turned_multiply(tiles, &p, scratch);
    else
        sl_panels_multiply(tiles, &p, scratch);
}

static void plain(enum what what, struct sl_gemm s, bool add)
{
    if (what <= FORWARD_PACKED)
        ck_assert(!sl_gemm_plain_forward(s, a, b, add, want));
    else if (what == WEIGHT)
        ck_assert(!sl_gemm_plain_weight(s, a, b, add, want));
    else
        ck_assert(!sl_gemm_plain_input(s, a, b, want));
}

static void start(void)
{
    sl_test_fill(4, MOST, got);
    memcpy(want, got, MOST * sizeof *want);
}

/* What lay there before, so that the rest of `got` is as that of `want`. */
static void start_again(void)
{
    sl_test_fill(4, MOST, got);
}

START_TEST(every_size_agrees_with_plain_loops)
{
    setup();
    for (int t = 0; sl_test_tiles_at(t); t++)
        for (int i = 0; i < N_SIZES; i++)
            for (int what = 0; what < N_WHAT; what++)
                for (int add = 0; add < 2; add++) {
                    bool is_input = what >= INPUT && what <= INPUT_TURNED;
                    if ((add && is_input) || sl_test_skips())
                        continue;
                    start();
                    run(sl_test_tiles_at(t), what,
                        product(what, sizes[i], a, b, add));
                    plain(what, sizes[i], add);
                    double apart = sl_test_distance(MOST, got, want);
                    ck_assert_msg(apart < tolerance,
                                  "tiles %d, size %d, product %d: %g apart", t,
                                  i, what, apart);
                }
    teardown();
}
END_TEST

START_TEST(instruction_sets_and_packing_give_the_same_bits)
{
    setup();
    for (int i = 0; i < N_SIZES; i++)
        for (int what = 0; what < N_WHAT; what++) {
            if (!sl_test_tiles_at(0) || sl_test_skips())
                continue;
            start();
            run(sl_test_tiles_at(0), what,
                product(what, sizes[i], a, b, false));
            memcpy(want, got, MOST * sizeof *want);
            for (int t = 0; sl_test_tiles_at(t); t++) {
                enum what other = what <= FORWARD_PACKED ? FORWARD
                                  : what <= INPUT_TURNED ? INPUT
                                                         : what;
                start_again();
                run(sl_test_tiles_at(t), other,
                    product(other, sizes[i], a, b, false));
                /* Behind the result nothing was written. */
                ck_assert_mem_eq(got, want, MOST * sizeof *got);
            }
        }
    teardown();
}
END_TEST

/* Rows in one product or in several: forward row by row, and gradients of
 * weights added up. */
START_TEST(rows_divided_give_the_same_bits)
{
    const struct sl_gemm s = {170, 257, 31};
    setup();
    for (int t = 0; sl_test_tiles_at(t); t++) {
        start();
        run(sl_test_tiles_at(t), FORWARD, product(FORWARD, s, a, b, false));
        memcpy(want, got, MOST * sizeof *want);
        for (int64_t r = 0; r < s.rows; r += 10) {
            struct sl_gemm part = {10, s.in, s.out};
            struct sl_panel_product p =
                product(FORWARD, part, a + r * s.in, b, false);
            p.c = got + r * s.out;
            run(sl_test_tiles_at(t), FORWARD, p);
        }
        ck_assert_mem_eq(got, want, MOST * sizeof *got);
        start();
        run(sl_test_tiles_at(t), WEIGHT, product(WEIGHT, s, a, b, false));
        memcpy(want, got, MOST * sizeof *want);
        for (int64_t r = 0; r < s.rows; r += 10) {
            struct sl_gemm part = {10, s.in, s.out};
            run(sl_test_tiles_at(t), WEIGHT,
                product(WEIGHT, part, a + r * s.in, b + r * s.out, r > 0));
        }
        ck_assert_mem_eq(got, want, MOST * sizeof *got);
    }
    teardown();
}
END_TEST

/* m, depth, n, uses */
START_TEST(few_rows_of_small_weights_are_not_packed)
{
    static const struct {
        struct sl_gemm size;
        int n_uses;
        bool pays;
    } cases[] = {
        {{4, 256, 256}, 8, false},   {{4, 256, 256}, 16, false},
        {{4, 256, 256}, 17, true},   {{64, 512, 512}, 1, false},
        {{65, 512, 512}, 1, true},   {{4, 512, 513}, 8, true},
        {{4, 1024, 1024}, 8, true},  {{INT32_MAX, 8, 8}, INT32_MAX, true},
        {{1, 1, 1 << 18}, 1, false}, {{1, 1, 1 + (1 << 18)}, 1, true},
    };
    setup();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sl_panel_product p =
            product(FORWARD, cases[i].size, a, b, false);
        ck_assert_msg(sl_panels_pay(&p, cases[i].n_uses) == cases[i].pays,
                      "case %zu", i);
        p = product(INPUT, cases[i].size, a, b, false);
        ck_assert(sl_panels_pay(&p, cases[i].n_uses));
    }
    teardown();
}
END_TEST

SLUICE_TEST_MAIN("tensor.panels", every_size_agrees_with_plain_loops,
                 few_rows_of_small_weights_are_not_packed,
                 instruction_sets_and_packing_give_the_same_bits,
                 rows_divided_give_the_same_bits)
