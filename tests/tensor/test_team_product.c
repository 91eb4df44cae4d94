/* Products of a team: all devices, one after the other, against one device. */
#include "tensor/gemm/team_product.h"

#include <math.h>

#include "tensor/numbers.h"
#include "tensor/product_rig.h"

enum { MOST = 300 * 300, MOST_SHARDS = 4 };

/* See tests/tensor/test_product.c; here up to 288 terms. */
static const double tolerance = 3e-5;

/* Fewer columns than devices, odd sizes, whole cache lines, and more columns,
 * or depth, than are packed at a time. */
static const struct sl_gemm sizes[] = {
    {1, 1, 1},     {1, 7, 3},      {5, 3, 10},     {4, 16, 16},   {16, 33, 31},
    {32, 64, 8},   {13, 70, 70},   {64, 64, 64},   {65, 47, 129}, {128, 65, 10},
    {2, 129, 63},  {31, 128, 127}, {17, 288, 256}, {64, 128, 96}, {8, 256, 288},
    {288, 32, 32}, {3, 17, 1100},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static float x[MOST], w[MOST], dy[MOST], old[MOST];
static float got[MOST], want[MOST], part[MOST_SHARDS][MOST];

/* What is compared: a kind of product, and its result. */
struct trial {
    enum sl_gemm_choice choice;
    struct sl_gemm size;
    enum sl_gemm_kind kind;
    bool accumulate;
    int n_shards;
};

static int64_t result_elements(const struct trial *trial)
{
    const struct sl_gemm *s = &trial->size;
    if (trial->kind == SL_GEMM_WEIGHT)
        return s->in * s->out;
    return s->rows * (trial->kind == SL_GEMM_FORWARD ? s->out : s->in);
}

static struct sl_product_wish wish_of(const struct trial *trial, int n_shards,
                                      int shard)
{
    return (struct sl_product_wish){
        .choice = trial->choice,
        .in = trial->size.in,
        .out = trial->size.out,
        .rows = {trial->size.rows, 0},
        .n_uses = 8,
        .n_copies = 1,
        .n_shards = n_shards,
        .shard = shard,
    };
}

static void run_alone(const struct trial *trial)
{
    struct rig rig;
    const struct sl_operands at = {
        .left = trial->kind == SL_GEMM_INPUT ? dy : x,
        .right = trial->kind == SL_GEMM_WEIGHT ? dy : w,
        .result = want,
    };
    rig_make(&rig, wish_of(trial, 1, 0));
    ck_assert(!sl_product_run(&rig.product, trial->kind, trial->size.rows, at,
                              trial->accumulate));
    rig_free(&rig);
}

/* Columns of a device, from or to rows of all columns. */
static void move_columns(const struct trial *trial, int shard, float *whole,
                         float *columns, bool out)
{
    int64_t n = trial->size.out;
    struct sl_rows mine = sl_split_columns(n, trial->n_shards, shard);
    for (int64_t i = 0; i < trial->size.in; i++)
        for (int64_t j = 0; j < mine.n; j++) {
            float *a = &whole[i * n + mine.first + j];
            float *b = &columns[i * mine.n + j];
            if (out)
                *b = *a;
            else
                *a = *b;
        }
}

/* The weights of each device in part[]; a weight gradient goes there, too. */
static void run_shard(const struct trial *trial, int shard)
{
    const float *shards[MOST_SHARDS] = {part[0], part[1], part[2], part[3]};
    struct rig rig;
    bool makes_weights = trial->kind == SL_GEMM_WEIGHT;
    const struct sl_operands at = {
        .left = trial->kind == SL_GEMM_INPUT ? dy : x,
        .right = makes_weights ? dy : part[shard],
        .result = makes_weights ? part[shard] : got,
    };
    rig_make(&rig, wish_of(trial, trial->n_shards, shard));
    for (int twice = 0; twice < (trial->accumulate ? 1 : 2); twice++)
        ck_assert(!sl_team_product_run(&rig.product, trial->kind,
                                       trial->size.rows, at, shards,
                                       trial->accumulate));
    rig_free(&rig);
}

static void run_team(const struct trial *trial)
{
    for (int s = 0; s < trial->n_shards; s++)
        move_columns(trial, s, trial->kind == SL_GEMM_WEIGHT ? got : w, part[s],
                     true);
    for (int s = 0; s < trial->n_shards; s++)
        run_shard(trial, s);
    for (int s = 0; s < trial->n_shards && trial->kind == SL_GEMM_WEIGHT; s++)
        move_columns(trial, s, got, part[s], false);
}

/* Returns the elements that differ by a bit; by more than rounding: fails. */
static int64_t compare(const struct trial *trial)
{
    int64_t n = result_elements(trial), n_different = 0;
    double most = 1;
    memcpy(want, old, (size_t)n * sizeof *want);
    memcpy(got, old, (size_t)n * sizeof *got);
    run_alone(trial);
    run_team(trial);
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)want[i]));
    for (int64_t i = 0; i < n; i++) {
        n_different += memcmp(&got[i], &want[i], sizeof *got) != 0;
        ck_assert_double_le(fabs((double)got[i] - (double)want[i]),
                            tolerance * most);
    }
    return n_different;
}

static void fill_all(void)
{
    sl_test_fill(1, MOST, x);
    sl_test_fill(2, MOST, w);
    sl_test_fill(3, MOST, dy);
    sl_test_fill(4, MOST, old);
}

/* All kinds, sizes and teams; returns the elements that differ. */
static int64_t compare_all(enum sl_gemm_choice choice)
{
    int64_t n_different = 0;
    fill_all();
    for (int i = 0; i < N_SIZES; i++)
        for (int t = 2; t <= MOST_SHARDS; t++)
            for (int form = 0; form < SL_PRODUCT_FORMS; form++) {
                bool adds = form == SL_FORM_WEIGHT_ADD;
                const struct trial trial = {
                    .choice = choice,
                    .size = sizes[i],
                    .kind = adds ? SL_GEMM_WEIGHT : (enum sl_gemm_kind)form,
                    .accumulate = adds,
                    .n_shards = t,
                };
                n_different += compare(&trial);
            }
    return n_different;
}

START_TEST(plain_products_of_a_team_have_the_bits_of_one_device)
{
    ck_assert_int_eq(compare_all(SL_GEMM_PLAIN), 0);
}
END_TEST

START_TEST(packed_products_of_a_team_have_the_bits_of_one_device)
{
    if (sl_gemm_choice_is_built(SL_GEMM_PACKED))
        ck_assert_int_eq(compare_all(SL_GEMM_PACKED), 0);
}
END_TEST

START_TEST(openblas_products_of_a_team_agree_with_one_device)
{
    compare_all(SL_GEMM_OPENBLAS);
}
END_TEST

/* A copy of the other devices' weights lasts until it is forgotten. */
START_TEST(the_copied_rows_of_weights_last_until_they_are_forgotten)
{
    const struct trial trial = {
        SL_GEMM_PLAIN, {4, 32, 32}, SL_GEMM_INPUT, false, 2};
    const float *shards[] = {part[0], part[1]};
    struct rig rig;
    fill_all();
    for (int s = 0; s < 2; s++)
        move_columns(&trial, s, w, part[s], true);
    rig_make(&rig, wish_of(&trial, 2, 0));
    const struct sl_operands at = {.left = dy, .right = part[0], .result = got};
    ck_assert(!sl_team_product_run(&rig.product, SL_GEMM_INPUT, 4, at, shards,
                                   false));
    memcpy(want, got, sizeof want);
    memset(part[1], 0, sizeof part[1]);
    ck_assert(!sl_team_product_run(&rig.product, SL_GEMM_INPUT, 4, at, shards,
                                   false));
    ck_assert_mem_eq(got, want, 16 * sizeof *got);
    sl_product_forget(&rig.product, part[0]);
    ck_assert(!sl_team_product_run(&rig.product, SL_GEMM_INPUT, 4, at, shards,
                                   false));
    ck_assert_mem_ne(got, want, 16 * sizeof *got);
    rig_free(&rig);
}
END_TEST

SLUICE_TEST_MAIN("tensor.team_product",
                 plain_products_of_a_team_have_the_bits_of_one_device,
                 packed_products_of_a_team_have_the_bits_of_one_device,
                 openblas_products_of_a_team_agree_with_one_device,
                 the_copied_rows_of_weights_last_until_they_are_forgotten)
