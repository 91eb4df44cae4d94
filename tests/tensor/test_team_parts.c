/* Products of a team whose devices take parts from each other, against one
 * device: to the bit. */
#include "tensor/gemm/team_product.h"

#include <pthread.h>

#include "support/grid.h"
#include "tensor/numbers.h"
#include "tensor/product_rig.h"

enum { MOST = 300 * 300, MOST_SHARDS = 3 };

/* All large enough to be shared: one group of rows and several, whole panels
 * and not, turned round and packed. */
static const struct sl_gemm sizes[] = {
    {128, 128, 96}, {130, 100, 130}, {200, 90, 129}, {40, 288, 256},
    {290, 96, 96},  {36, 256, 288},  {256, 128, 77},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static float x[MOST], w[MOST], dy[MOST], old[MOST];
static float got[MOST], want[MOST], part[MOST_SHARDS][MOST];

/* What is compared. */
struct trial {
    struct sl_gemm size;
    enum sl_gemm_kind kind;
    bool accumulate;
    int n_shards;
    int n_uses;
};

static struct rig rigs[MOST_SHARDS];

static struct sl_product_wish wish_of(const struct trial *trial, int n_shards,
                                      int shard)
{
    return (struct sl_product_wish){
        .choice = SL_GEMM_PACKED,
        .in = trial->size.in,
        .out = trial->size.out,
        .rows = {trial->size.rows, 0},
        .n_uses = trial->n_uses,
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
                         bool out)
{
    int64_t n = trial->size.out;
    struct sl_rows mine = sl_split_columns(n, trial->n_shards, shard);
    for (int64_t i = 0; i < trial->size.in; i++)
        for (int64_t j = 0; j < mine.n; j++) {
            float *a = &whole[i * n + mine.first + j];
            float *b = &part[shard][i * mine.n + j];
            if (out)
                *b = *a;
            else
                *a = *b;
        }
}

static const float *const *shards(void)
{
    static const float *const of[] = {part[0], part[1], part[2]};
    return of;
}

static struct sl_operands operands_of(const struct trial *trial, int shard)
{
    bool makes_weights = trial->kind == SL_GEMM_WEIGHT;
    return (struct sl_operands){
        .left = trial->kind == SL_GEMM_INPUT ? dy : x,
        .right = makes_weights ? dy : part[shard],
        .result = makes_weights ? part[shard] : got,
    };
}

static void run_shard(const struct trial *trial, int shard)
{
    ck_assert(!sl_team_product_run(&rigs[shard].product, trial->kind,
                                   trial->size.rows, operands_of(trial, shard),
                                   shards(), trial->accumulate));
}

static void begin(const struct trial *trial)
{
    int64_t bytes = MOST * (int64_t)sizeof(float);
    memcpy(want, old, (size_t)bytes);
    memcpy(got, old, (size_t)bytes);
    for (int s = 0; s < trial->n_shards; s++) {
        move_columns(trial, s, trial->kind == SL_GEMM_WEIGHT ? got : w, true);
        rig_make(&rigs[s], wish_of(trial, trial->n_shards, s));
    }
    for (int s = 0; s < trial->n_shards; s++)
        sl_team_product_join(&rigs[s].product,
                             &rigs[(s + 1) % trial->n_shards].product);
    bool deep = trial->kind == SL_GEMM_WEIGHT && trial->size.rows > 256;
    ck_assert_int_eq(sl_team_product_is_shared(&rigs[0].product, trial->kind,
                                               trial->size.rows),
                     !deep);
}

static void end(const struct trial *trial)
{
    for (int s = 0; s < trial->n_shards; s++) {
        if (trial->kind == SL_GEMM_WEIGHT)
            move_columns(trial, s, got, false);
        rig_free(&rigs[s]);
    }
    run_alone(trial);
    ck_assert_mem_eq(got, want, sizeof got);
}

/* Every kind of product of every size, in a team. */
static void for_trials(void (*run)(const struct trial *trial))
{
    sl_test_fill(1, MOST, x);
    sl_test_fill(2, MOST, w);
    sl_test_fill(3, MOST, dy);
    sl_test_fill(4, MOST, old);
    for (int i = 0; i < N_SIZES * SL_PRODUCT_FORMS * 4; i++) {
        int form = i / N_SIZES % SL_PRODUCT_FORMS;
        bool adds = form == SL_FORM_WEIGHT_ADD;
        const struct trial trial = {
            .size = sizes[i % N_SIZES],
            .kind = adds ? SL_GEMM_WEIGHT : (enum sl_gemm_kind)form,
            .accumulate = adds,
            .n_shards = 2 + i / N_SIZES / SL_PRODUCT_FORMS % 2,
            .n_uses = i / N_SIZES / SL_PRODUCT_FORMS / 2 ? 2 : 8,
        };
        if (sl_test_skips())
            continue;
        begin(&trial);
        run(&trial);
        end(&trial);
    }
}

/* ---- all at once --------------------------------------------------------- */

struct device {
    const struct trial *trial;
    int shard;
};

static void *work(void *of)
{
    const struct device *device = of;
    run_shard(device->trial, device->shard);
    return NULL;
}

static void run_at_once(const struct trial *trial)
{
    pthread_t threads[MOST_SHARDS];
    struct device devices[MOST_SHARDS];
    for (int s = 0; s < trial->n_shards; s++) {
        devices[s] = (struct device){trial, s};
        ck_assert(!pthread_create(&threads[s], NULL, work, &devices[s]));
    }
    for (int s = 0; s < trial->n_shards; s++)
        pthread_join(threads[s], NULL);
}

START_TEST(devices_that_take_parts_from_each_other_have_the_bits_of_one)
{
    if (sl_gemm_choice_is_built(SL_GEMM_PACKED))
        for_trials(run_at_once);
}
END_TEST

/* ---- one that is slow ---------------------------------------------------- */

/* Device 1 has offered its columns and makes none. */
static void run_beside_a_slow_one(const struct trial *trial)
{
    struct sluice_product *slow = &rigs[1].product;
    struct sl_operands at = operands_of(trial, 1);
    struct sl_offer *offer = &slow->offers[trial->kind];
    if (trial->kind != SL_GEMM_WEIGHT && slow->packed_bytes[trial->kind] > 0)
        ck_assert(!sl_product_packed(
            slow, trial->kind, NULL,
            (struct sl_product_weights){at.right, shards()}, &at.right));
    offer->right = at.right;
    offer->result = at.result;
    bool is_packed = trial->kind != SL_GEMM_WEIGHT && slow->packs[trial->kind];
    atomic_store(&offer->left,
                 sl_gemm_packed()->paneling->n_parts(
                     trial->kind,
                     sl_product_size(slow, trial->kind, trial->size.rows),
                     is_packed));
    bool is_shared = atomic_load(&offer->left) > 0;
    for (int s = 0; s < trial->n_shards; s++)
        if (s != 1 || !is_shared)
            run_shard(trial, s);
    ck_assert_int_eq((int)atomic_load(&offer->left), 0);
}

START_TEST(what_a_slow_device_has_offered_is_made_by_the_others)
{
    if (sl_gemm_choice_is_built(SL_GEMM_PACKED))
        for_trials(run_beside_a_slow_one);
}
END_TEST

SLUICE_TEST_MAIN("tensor.team_parts",
                 devices_that_take_parts_from_each_other_have_the_bits_of_one,
                 what_a_slow_device_has_offered_is_made_by_the_others)
