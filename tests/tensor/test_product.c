/* Settled products of every backend against plain loops. */
#include "tensor/gemm/product.h"

#include "support/grid.h"
#include "tensor/gemm_plain.h"
#include "tensor/numbers.h"
#include "tensor/product_rig.h"

enum { MOST = 130 * 130, VERSIONS = 3 };

/*
 * The largest difference from sums in double, in units of the largest result:
 * numbers are uniform in [-1, 1), at most 130 terms are added in float, each
 * rounded by 6e-8 of a partial sum, which is no longer than a few results.  It
 * is the same in bf16: both sides round the operands, whose products are exact
 * in float.
 */
static const double tolerance = 1e-5;

/* Odd sizes, vectors, and sizes around the blocks of packed layouts. */
static const struct sl_gemm sizes[] = {
    {1, 1, 1},     {1, 7, 3},     {5, 1, 4},    {3, 17, 1},     {4, 16, 16},
    {16, 33, 31},  {32, 64, 8},   {13, 70, 70}, {64, 64, 64},   {70, 13, 70},
    {65, 47, 129}, {128, 65, 10}, {2, 129, 63}, {31, 128, 127},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static float x[MOST], w[VERSIONS][MOST], dy[MOST], got[MOST], want[MOST];

static enum sl_precision precision; /* of the rigs that are made */

/* Plain loops in a precision. */
static const struct {
    sluice_status (*forward)(struct sl_gemm size, const float *x,
                             const float *w, bool accumulate, float *y);
    sluice_status (*input)(struct sl_gemm size, const float *dy, const float *w,
                           float *dx);
    sluice_status (*weight)(struct sl_gemm size, const float *x,
                            const float *dy, bool accumulate, float *dw);
} plain[SL_PRECISIONS] = {
    [SL_FLOAT32] = {sl_gemm_plain_forward, sl_gemm_plain_input,
                    sl_gemm_plain_weight},
    [SL_BF16] = {sl_gemm_plain_bf16_forward, sl_gemm_plain_bf16_input,
                 sl_gemm_plain_bf16_weight},
};

static bool is_there(enum sl_gemm_choice choice)
{
    enum sl_precision found;
    const char *name = sl_precision_name(precision);
    return sl_gemm_choice_is_built(choice) &&
           !sl_precision_find(name, choice, &found, NULL);
}

static void rig_init(struct rig *rig, enum sl_gemm_choice choice,
                     struct sl_gemm size, int n_copies)
{
    struct sl_product_wish wish = {
        .choice = choice,
        .precision = precision,
        .in = size.in,
        .out = size.out,
        .rows = {size.rows, size.rows > 1 ? size.rows - 1 : 0},
        .n_uses = 8,
        .n_copies = n_copies,
    };
    rig_make(rig, wish);
    ck_assert(!sl_product_prepare(&rig->product, NULL));
}

static void rig_fini(struct rig *rig)
{
    sl_product_fini(&rig->product);
    rig_free(rig);
}

static void fill(struct sl_gemm s)
{
    sl_test_fill(1, s.rows * s.in, x);
    for (int v = 0; v < VERSIONS; v++)
        sl_test_fill((uint64_t)(10 + v), s.in * s.out, w[v]);
    sl_test_fill(3, s.rows * s.out, dy);
}

static void run(struct rig *rig, enum sl_gemm_kind kind, int64_t rows,
                const float *left, const float *right, bool accumulate)
{
    struct sl_operands operands = {left, right, got};
    ck_assert(!sl_product_run(&rig->product, kind, rows, operands, accumulate));
}

/* What lies behind the result is compared, too: it must not change. */
static void start(void)
{
    sl_test_fill(4, MOST, got);
    memcpy(want, got, sizeof want);
}

static void assert_near(enum sl_gemm_choice choice, struct sl_gemm s,
                        const char *kind)
{
    double apart = sl_test_distance(MOST, got, want);
    ck_assert_msg(apart < tolerance, "%s: %s of %dx%dx%d is %g apart",
                  sl_gemm_choice_name(choice), kind, (int)s.rows, (int)s.in,
                  (int)s.out, apart);
}

/* All kinds at `rows` of a product that was settled for others, perhaps. */
static void check(struct rig *rig, enum sl_gemm_choice choice, struct sl_gemm s)
{
    bool is_made = s.rows >= rig->product.rows[1];
    enum sl_precision of = is_made || choice == SL_GEMM_PLAIN ? precision : 0;
    fill(s);
    start();
    run(rig, SL_GEMM_FORWARD, s.rows, x, w[0], false);
    ck_assert(!plain[of].forward(s, x, w[0], false, want));
    assert_near(choice, s, "forward");
    start();
    run(rig, SL_GEMM_INPUT, s.rows, dy, w[0], false);
    ck_assert(!plain[of].input(s, dy, w[0], want));
    assert_near(choice, s, "input");
    for (int accumulate = 0; accumulate < 2; accumulate++) {
        start();
        run(rig, SL_GEMM_WEIGHT, s.rows, x, dy, accumulate);
        ck_assert(!plain[of].weight(s, x, dy, accumulate, want));
        assert_near(choice, s, "weight");
    }
}

/* The second and third row counts are one fewer, which is prepared, and two
 * fewer, which is not: there, products are of float32. */
static void check_all_sizes(enum sl_precision of)
{
    precision = of;
    for (int choice = 0; choice < SL_GEMM_CHOICES; choice++)
        for (int i = 0; i < N_SIZES && is_there(choice); i++) {
            struct rig rig;
            struct sl_gemm s = sizes[i];
            if (sl_test_skips())
                continue;
            rig_init(&rig, choice, s, 1);
            for (int fewer = 0; fewer < 3 && s.rows > 0; fewer++, s.rows--) {
                sl_product_forget(&rig.product, w[0]);
                check(&rig, choice, s);
            }
            rig_fini(&rig);
        }
    precision = SL_FLOAT32;
}

START_TEST(every_backend_agrees_with_plain_loops)
{
    check_all_sizes(SL_FLOAT32);
}
END_TEST

START_TEST(every_backend_of_bf16_agrees_with_plain_loops_on_rounded_operands)
{
    check_all_sizes(SL_BF16);
}
END_TEST

/* A rounded operand is at most 2^-9 of it away, two of them 2^-8, and on the
 * average of 64 terms much less; without rounding it would be 1e-6. */
START_TEST(bf16_is_another_product_than_float32_and_near_it)
{
    struct rig rig;
    struct sl_gemm s = {64, 64, 64};
    precision = SL_BF16;
    if (is_there(SL_GEMM_ONEDNN)) {
        rig_init(&rig, SL_GEMM_ONEDNN, s, 1);
        fill(s);
        start();
        run(&rig, SL_GEMM_FORWARD, s.rows, x, w[0], false);
        ck_assert(!sl_gemm_plain_forward(s, x, w[0], false, want));
        double apart = sl_test_distance(MOST, got, want);
        ck_assert_double_gt(apart, 1e-4);
        ck_assert_double_lt(apart, 1.0 / 256);
        rig_fini(&rig);
    }
    precision = SL_FLOAT32;
}
END_TEST

START_TEST(packed_copies_of_bf16_take_half)
{
    struct rig full, half;
    struct sl_gemm s = {64, 256, 256};
    if (!is_there(SL_GEMM_ONEDNN))
        return;
    rig_init(&full, SL_GEMM_ONEDNN, s, 1);
    precision = SL_BF16;
    if (is_there(SL_GEMM_ONEDNN)) {
        rig_init(&half, SL_GEMM_ONEDNN, s, 1);
        for (int kind = 0; kind < SL_PRODUCT_PACKED; kind++)
            ck_assert_uint_eq(half.product.packed_bytes[kind] - SL_ALIGN,
                              (full.product.packed_bytes[kind] - SL_ALIGN) / 2);
        rig_fini(&half);
    }
    precision = SL_FLOAT32;
    rig_fini(&full);
}
END_TEST

START_TEST(onednn_prepares_and_packs_what_it_is_asked_for)
{
    struct rig rig;
    struct sl_gemm s = {16, 33, 31};
    if (!sl_gemm_choice_is_built(SL_GEMM_ONEDNN))
        return;
    rig_init(&rig, SL_GEMM_ONEDNN, s, 2);
    for (int r = 0; r < SL_PRODUCT_ROWS; r++)
        for (int form = 0; form < SL_PRODUCT_FORMS; form++)
            ck_assert_ptr_nonnull(rig.product.made[r][form]);
    for (int kind = 0; kind < SL_PRODUCT_PACKED; kind++)
        ck_assert_uint_ge(rig.product.packed_bytes[kind],
                          (size_t)(s.in * s.out) * sizeof(float));
    ck_assert_uint_eq(
        sl_product_packed_bytes(&rig.product),
        2 * (rig.product.packed_bytes[0] + rig.product.packed_bytes[1]));
    rig_fini(&rig);
}
END_TEST

START_TEST(the_others_take_no_memory)
{
    const enum sl_gemm_choice choices[] = {SL_GEMM_OPENBLAS, SL_GEMM_PLAIN};
    for (int i = 0; i < 2; i++) {
        struct rig rig;
        rig_init(&rig, choices[i], (struct sl_gemm){4, 8, 8}, 3);
        ck_assert_uint_eq(sl_product_packed_bytes(&rig.product), 0);
        ck_assert_uint_eq(rig.product.scratch_bytes, 0);
        rig_fini(&rig);
    }
}
END_TEST

/* Weights that change in place, and weights of several versions in turn. */
static void check_versions(enum sl_gemm_choice choice, int n_copies)
{
    struct rig rig;
    struct sl_gemm s = {16, 33, 31};
    rig_init(&rig, choice, s, n_copies);
    fill(s);
    for (int step = 0; step < 4; step++)
        for (int v = 0; v < VERSIONS; v++) {
            w[v][5] += 1;
            sl_product_forget(&rig.product, v ? w[v] : NULL);
            for (int again = 0; again < VERSIONS; again++) {
                const float *version = w[(v + again) % VERSIONS];
                start();
                run(&rig, SL_GEMM_FORWARD, s.rows, x, version, false);
                ck_assert(
                    !plain[precision].forward(s, x, version, false, want));
                assert_near(choice, s, "forward");
                start();
                run(&rig, SL_GEMM_INPUT, s.rows, dy, version, false);
                ck_assert(!plain[precision].input(s, dy, version, want));
                assert_near(choice, s, "input");
            }
        }
    rig_fini(&rig);
}

START_TEST(packed_weights_follow_the_weights)
{
    for (int of = 0; of < SL_PRECISIONS; of++) {
        precision = of;
        for (int choice = 0; choice < SL_GEMM_CHOICES; choice++)
            for (int copies = 1; copies <= VERSIONS + 1; copies++)
                if (is_there(choice))
                    check_versions(choice, copies);
    }
    precision = SL_FLOAT32;
}
END_TEST

/* Without forgetting, the packed copy is what is multiplied: it is used. */
static void check_use(enum sl_gemm_choice choice)
{
    struct rig rig;
    struct sl_gemm s = {16, 33, 31};
    float before[16 * 31];
    rig_init(&rig, choice, s, 1);
    fill(s);
    run(&rig, SL_GEMM_FORWARD, s.rows, x, w[0], false);
    memcpy(before, got, sizeof before);
    w[0][5] += 1;
    run(&rig, SL_GEMM_FORWARD, s.rows, x, w[0], false);
    ck_assert_mem_eq(got, before, sizeof before);
    sl_product_forget(&rig.product, w[1]);
    run(&rig, SL_GEMM_FORWARD, s.rows, x, w[0], false);
    ck_assert_mem_eq(got, before, sizeof before);
    sl_product_forget(&rig.product, w[0]);
    run(&rig, SL_GEMM_FORWARD, s.rows, x, w[0], false);
    ck_assert_mem_ne(got, before, sizeof before);
    rig_fini(&rig);
}

START_TEST(a_packed_copy_is_used_until_it_is_forgotten)
{
    const enum sl_gemm_choice choices[] = {SL_GEMM_ONEDNN, SL_GEMM_PACKED};
    for (int i = 0; i < 2; i++)
        if (sl_gemm_choice_is_built(choices[i]))
            check_use(choices[i]);
}
END_TEST

/* What is packed ahead is what the first run reads, whatever w is by then. */
static void check_ahead(enum sl_gemm_choice choice, enum sl_gemm_kind kind)
{
    struct rig rig;
    struct sl_gemm s = {16, 33, 31};
    const float *left = kind == SL_GEMM_FORWARD ? x : dy;
    rig_init(&rig, choice, s, 1);
    fill(s);
    start();
    run(&rig, kind, s.rows, left, w[0], false);
    memcpy(want, got, sizeof want);
    sl_product_forget(&rig.product, NULL);
    ck_assert(!sl_product_pack(&rig.product, kind, w[0]));
    w[0][5] += 1;
    ck_assert(!sl_product_pack(&rig.product, kind, w[0]));
    sl_test_fill(4, MOST, got);
    run(&rig, kind, s.rows, left, w[0], false);
    ck_assert_mem_eq(got, want, sizeof want);
    rig_fini(&rig);
}

START_TEST(weights_can_be_packed_ahead_of_their_first_product)
{
    const enum sl_gemm_choice choices[] = {SL_GEMM_ONEDNN, SL_GEMM_PACKED};
    for (int i = 0; i < 2; i++) {
        if (!sl_gemm_choice_is_built(choices[i]))
            continue;
        check_ahead(choices[i], SL_GEMM_FORWARD);
        check_ahead(choices[i], SL_GEMM_INPUT);
    }
}
END_TEST

START_TEST(overwriting_ignores_nan_that_was_there)
{
    struct sl_gemm s = {4, 8, 8};
    for (int choice = 0; choice < SL_GEMM_CHOICES; choice++) {
        struct rig rig;
        if (!sl_gemm_choice_is_built(choice))
            continue;
        rig_init(&rig, choice, s, 1);
        fill(s);
        for (int i = 0; i < 64; i++)
            got[i] = NAN;
        run(&rig, SL_GEMM_WEIGHT, s.rows, x, dy, false);
        for (int i = 0; i < 64; i++)
            ck_assert(!isnan(got[i]));
        rig_fini(&rig);
    }
}
END_TEST

/* Two products with the same history give the same bits, wherever their
 * buffers lie. */
START_TEST(a_second_product_gives_the_same_bits)
{
    struct sl_gemm s = {31, 128, 127};
    static float first[MOST];
    for (int i = 0; i < SL_GEMM_CHOICES * SL_PRECISIONS; i++) {
        struct rig a, b;
        enum sl_gemm_choice choice = i % SL_GEMM_CHOICES;
        precision = i / SL_GEMM_CHOICES;
        if (!is_there(choice))
            continue;
        rig_init(&a, choice, s, 1);
        rig_init(&b, choice, s, VERSIONS);
        for (int kind = 0; kind < SL_GEMM_KINDS; kind++) {
            const float *left = kind == SL_GEMM_INPUT ? dy : x;
            const float *right = kind == SL_GEMM_WEIGHT ? dy : w[0];
            fill(s);
            start();
            run(&a, kind, s.rows, left, right, kind == SL_GEMM_WEIGHT);
            memcpy(first, got, sizeof first);
            start();
            run(&b, kind, s.rows, left, right, kind == SL_GEMM_WEIGHT);
            ck_assert_mem_eq(first, got, sizeof first);
        }
        rig_fini(&b);
        rig_fini(&a);
    }
    precision = SL_FLOAT32;
}
END_TEST

/* Plain loops sum in double, OpenBLAS in float: their bits differ. */
START_TEST(products_by_strides_are_plain_with_plain_and_not_rounded)
{
    struct sl_gemm s = {31, 128, 127};
    fill(s);
    for (int of = 0; of < SL_PRECISIONS; of++) {
        struct rig rig;
        struct sl_strided p = {s,   1,    {x, s.in, false}, {w[0], s.out},
                               got, s.out};
        precision = of;
        rig_init(&rig, SL_GEMM_PLAIN, s, 1);
        start();
        ck_assert(!sl_product_strided(&rig.product, &p));
        p.c = want;
        ck_assert(!sl_gemm_plain_strided(&p));
        ck_assert_mem_eq(got, want, sizeof want);
        ck_assert(!sl_gemm_strided(&p));
        ck_assert_mem_ne(got, want, sizeof want);
        rig_fini(&rig);
    }
    precision = SL_FLOAT32;
}
END_TEST

/* They lie by rows and by columns alike. */
START_TEST(weights_of_one_column_keep_to_their_scratch_memory)
{
    enum { GUARD = 1 << 18 };
    static const char zeros[GUARD];
    const struct sl_product_wish wish = {.choice = SL_GEMM_PACKED,
                                         .in = 500,
                                         .out = 1,
                                         .rows = {32, 0},
                                         .n_uses = 2,
                                         .n_copies = 1};
    for (int kind = 0;
         kind < SL_GEMM_KINDS && sl_gemm_choice_is_built(wish.choice); kind++) {
        struct rig rig;
        rig_make(&rig, wish);
        fill((struct sl_gemm){32, 500, 1});
        size_t bytes = rig.product.scratch_bytes;
        char *room = rig_block(bytes + GUARD);
        sl_product_bind(&rig.product, rig.packed, room);
        run(&rig, (enum sl_gemm_kind)kind, 32, kind == SL_GEMM_INPUT ? dy : x,
            kind == SL_GEMM_WEIGHT ? dy : w[0], false);
        ck_assert_mem_eq(room + bytes, zeros, GUARD);
        free(room);
        rig_free(&rig);
    }
}
END_TEST

START_TEST(too_many_rows_are_refused)
{
    for (int choice = 0; choice < SL_GEMM_CHOICES; choice++) {
        struct rig rig;
        if (!sl_gemm_choice_is_built(choice))
            continue;
        rig_init(&rig, choice, (struct sl_gemm){4, 8, 8}, 1);
        for (int kind = 0; kind < SL_GEMM_KINDS; kind++)
            ck_assert_int_eq(
                sl_product_run(&rig.product, kind, (int64_t)1 << 31,
                               (struct sl_operands){NULL, NULL, NULL}, false),
                SLUICE_INVALID);
        rig_fini(&rig);
    }
}
END_TEST

SLUICE_TEST_MAIN(
    "tensor.product", every_backend_agrees_with_plain_loops,
    every_backend_of_bf16_agrees_with_plain_loops_on_rounded_operands,
    bf16_is_another_product_than_float32_and_near_it,
    packed_copies_of_bf16_take_half,
    onednn_prepares_and_packs_what_it_is_asked_for, the_others_take_no_memory,
    packed_weights_follow_the_weights,
    a_packed_copy_is_used_until_it_is_forgotten,
    weights_can_be_packed_ahead_of_their_first_product,
    overwriting_ignores_nan_that_was_there,
    a_second_product_gives_the_same_bits,
    products_by_strides_are_plain_with_plain_and_not_rounded,
    weights_of_one_column_keep_to_their_scratch_memory,
    too_many_rows_are_refused)
