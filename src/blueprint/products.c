/* The matrix products of a stage.  See the header for threads. */
#include "blueprint/products.h"

#include "base/split.h"

enum { REMEMBERED = 8 }; /* products that are looked through for an equal one */

sluice_status sl_products_find(const sluice_pipeline_config *config,
                               enum sl_gemm_choice *choice,
                               enum sl_precision *precision, sluice_diag *why)
{
    sluice_status st = sl_gemm_choice_find(config->gemm, choice, why);
    if (st)
        return st;
    return sl_precision_find(config->precision, *choice, precision, why);
}

/* Products of some columns, for a team. */
static sluice_status check_teams(const struct sl_products_choice *choice,
                                 int n_shards, sluice_diag *why)
{
    bool is_bf16 = choice->precision == SL_BF16;
    if (is_bf16 && choice->choice != SL_GEMM_PLAIN)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "precision bf16 with teams of %d devices: oneDNN, which makes such "
            "products, has none of some columns; take float32, or gemm plain",
            n_shards);
    if (choice->choice != SL_GEMM_ONEDNN)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "gemm onednn with teams of %d devices: it has no "
                           "products of some columns; take packed, openblas "
                           "or plain",
                           n_shards);
}

sluice_status sl_products_choose(const sluice_pipeline_config *config,
                                 const struct sl_grid *grid,
                                 struct sl_products_choice *choice,
                                 sluice_diag *why)
{
    int64_t share = sl_split_largest(config->batch, grid->n_replicas);
    int64_t most = sl_split_largest(share, grid->n_microbatches);
    int64_t n = (int64_t)grid->n_replicas * grid->n_microbatches;
    *choice = (struct sl_products_choice){
        .rows = {most, config->batch % n ? most - 1 : 0},
        .n_microbatches = grid->n_microbatches,
    };
    sluice_status st =
        sl_products_find(config, &choice->choice, &choice->precision, why);
    if (st || grid->n_shards == 1)
        return st;
    return check_teams(choice, grid->n_shards, why);
}

int sl_products_count(const sluice_model *model)
{
    int n = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++)
        n += sluice_model_layer_plan(model, i)->n_products;
    return n;
}

void sl_products_share(struct sl_unit *units, int n_units,
                       struct sluice_product *products)
{
    for (int i = 0; i < n_units; i++) {
        units[i].products = products;
        products += units[i].plan->n_products;
    }
}

sluice_status sl_products_settle_one(const sluice_product_spec *spec,
                                     const struct sl_products_choice *choice,
                                     int n_copies,
                                     struct sluice_product *product,
                                     sluice_diag *why)
{
    const struct sl_product_wish wish = {
        .choice = choice->choice,
        .precision = choice->precision,
        .in = spec->in,
        .out = spec->out,
        .rows = {choice->rows[0], choice->rows[1]},
        .rows_per_row = spec->rows_per_row,
        .own = spec->own,
        .copy_bytes = {spec->copy_bytes[0], spec->copy_bytes[1]},
        .copy_parts = {spec->copy_parts[0], spec->copy_parts[1]},
        .n_uses = choice->n_microbatches,
        .n_copies = n_copies,
        .n_shards = choice->n_shards,
        .shard = choice->shard,
    };
    return sl_product_settle(product, &wish, why);
}

/* What a product is settled to, but for its copies, follows from its size, and
 * from the devices that make it together. */
static const struct sluice_product *
find_equal(const struct sluice_product *first, const struct sluice_product *end,
           const sluice_product_spec *spec, int n_shards)
{
    for (int i = 1; i <= REMEMBERED && end - first >= i; i++)
        if (end[-i].in == spec->in && end[-i].out == spec->out &&
            end[-i].rows_per_row == spec->rows_per_row &&
            end[-i].own == spec->own &&
            end[-i].copy_bytes[0] == spec->copy_bytes[0] &&
            end[-i].copy_bytes[1] == spec->copy_bytes[1] &&
            end[-i].copy_parts[1] == spec->copy_parts[1] &&
            end[-i].cut.n_shards == n_shards)
            return &end[-i];
    return NULL;
}

/* A team makes a product together if its weights are divided. */
static struct sl_products_choice
choice_of(const struct sl_products_choice *choice,
          const sluice_layer_plan *plan, const sluice_product_spec *spec)
{
    struct sl_products_choice own = *choice;
    if (own.n_shards == 0 || !plan->params[spec->param].divided) {
        own.n_shards = 1;
        own.shard = 0;
    }
    return own;
}

sluice_status sl_products_settle_layer(const sluice_layer_plan *plan,
                                       const struct sl_products_choice *choice,
                                       int n_copies,
                                       const struct sluice_product *first,
                                       struct sluice_product *products,
                                       sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int k = 0; k < plan->n_products && !st; k++) {
        const sluice_product_spec *spec = &plan->products[k];
        const struct sl_products_choice own = choice_of(choice, plan, spec);
        const struct sluice_product *equal =
            find_equal(first, &products[k], spec, own.n_shards);
        if (equal) {
            products[k] = *equal;
            products[k].n_copies = n_copies;
        } else {
            st =
                sl_products_settle_one(spec, &own, n_copies, &products[k], why);
        }
    }
    return st;
}

sluice_status sl_products_settle(struct sl_stage *stage,
                                 const struct sluice_product *first,
                                 const struct sl_products_choice *choice,
                                 sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < stage->n_units && !st; i++) {
        const struct sl_unit *unit = &stage->units[i];
        st = sl_products_settle_layer(unit->plan, choice, stage->n_versions,
                                      first, unit->products, why);
        for (int k = 0; k < unit->plan->n_products && !st; k++)
            if (unit->products[k].cut.n_shards == 1 &&
                unit->owner != choice->shard) /* another device makes it */
                unit->products[k] = (struct sluice_product){0};
    }
    return st;
}

size_t sl_products_packed_bytes(const struct sl_stage *stage)
{
    size_t bytes = 0;
    for (int i = 0; i < stage->n_units; i++)
        for (int k = 0; k < stage->units[i].plan->n_products; k++)
            bytes += sl_product_packed_bytes(&stage->units[i].products[k]);
    return bytes;
}

size_t sl_products_scratch_bytes(const struct sl_stage *stage)
{
    size_t most = 0;
    for (int i = 0; i < stage->n_units; i++)
        for (int k = 0; k < stage->units[i].plan->n_products; k++) {
            size_t bytes = stage->units[i].products[k].scratch_bytes;
            most = bytes > most ? bytes : most;
        }
    return most;
}

void sl_products_bind(struct sl_stage *stage, struct sl_arena *arena,
                      void *scratch)
{
    for (int i = 0; i < stage->n_units; i++)
        for (int k = 0; k < stage->units[i].plan->n_products; k++) {
            struct sluice_product *product = &stage->units[i].products[k];
            sl_product_bind(
                product, sl_arena_take(arena, sl_product_packed_bytes(product)),
                scratch);
        }
}

sluice_status sl_products_prepare(struct sl_stage *stage, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < stage->n_units; i++)
        for (int k = 0; k < stage->units[i].plan->n_products && !st; k++)
            st = sl_product_prepare(&stage->units[i].products[k], why);
    return st;
}

void sl_products_fini(struct sl_stage *stage)
{
    for (int i = 0; i < stage->n_units; i++)
        for (int k = 0; k < stage->units[i].plan->n_products; k++)
            sl_product_fini(&stage->units[i].products[k]);
}

void sl_products_forget(const struct sl_stage *stage, const float *params)
{
    for (int i = 0; i < stage->n_units; i++) {
        const struct sl_unit *unit = &stage->units[i];
        for (int k = 0; k < unit->plan->n_products; k++)
            sl_product_forget(
                &unit->products[k],
                params + unit->param_at[unit->plan->products[k].param]);
    }
}

/* In ZeRO stage 3 whole parameters lie in one room or another, and copies were
 * packed from each. */
void sl_products_forget_newest(const struct sl_stage *stage)
{
    if (stage->own_params)
        sl_products_forget_all(stage);
    else
        sl_products_forget(stage, stage->params);
}

sluice_status sl_products_pack(const struct sl_stage *stage,
                               enum sl_gemm_kind kind, const float *params)
{
    sluice_status st = SLUICE_OK;
    /* No gradient goes beyond the first layer of the model. */
    int first = stage->is_first && kind == SL_GEMM_INPUT;
    for (int i = first; i < stage->n_units; i++) {
        const struct sl_unit *unit = &stage->units[i];
        for (int k = 0; k < unit->plan->n_products && !st; k++)
            st = sl_product_pack(
                &unit->products[k], kind,
                params + unit->param_at[unit->plan->products[k].param]);
    }
    return st;
}

void sl_products_forget_all(const struct sl_stage *stage)
{
    for (int i = 0; i < stage->n_units; i++)
        for (int k = 0; k < stage->units[i].plan->n_products; k++)
            sl_product_forget(&stage->units[i].products[k], NULL);
}

/* Bits of sl_backends. */
enum { OPENBLAS = 1, PACKED = 2, ONEDNN = 4, PLAIN = 8 };

static unsigned bit_of(const struct sl_gemm_backend *backend)
{
    if (!backend)
        return 0;
    if (backend == sl_gemm_openblas())
        return OPENBLAS;
    if (backend == sl_gemm_packed())
        return PACKED;
    if (backend == sl_gemm_plain() || backend == sl_gemm_plain_bf16())
        return PLAIN;
    return ONEDNN;
}

void sl_backends_note(struct sl_backends *seen,
                      const struct sluice_product *products, int n)
{
    for (int i = 0; i < n; i++)
        for (int kind = 0; kind < SL_GEMM_KINDS; kind++)
            seen->bits |= bit_of(products[i].ruling.backend[kind]);
}

const char *sl_backends_name(const struct sl_backends *seen)
{
    static const char *const names[PLAIN] = {
        [0] = "none",
        [OPENBLAS] = "openblas",
        [PACKED] = "packed",
        [OPENBLAS | PACKED] = "openblas+packed",
        [ONEDNN] = "onednn",
        [ONEDNN | OPENBLAS] = "onednn+openblas",
        [ONEDNN | PACKED] = "onednn+packed",
        [ONEDNN | OPENBLAS | PACKED] = "onednn+openblas+packed",
    };
    return seen->bits < PLAIN ? names[seen->bits] : "plain";
}
