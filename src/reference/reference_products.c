/* The matrix products of the sequential reference.  The caller's thread. */
#include "reference/reference.h"

#include "base/memory.h"

static struct sl_product_wish wish_of(const struct sluice_reference *ref,
                                      enum sl_gemm_choice choice,
                                      const sluice_product_spec *spec)
{
    int64_t n_micros = (int64_t)ref->replicas * ref->microbatches;
    int64_t share = (ref->batch - 1) / ref->replicas + 1;
    int64_t most = (share - 1) / ref->microbatches + 1;
    return (struct sl_product_wish){
        .choice = choice,
        .precision = ref->precision,
        .in = spec->in,
        .out = spec->out,
        .rows = {most, ref->batch % n_micros ? most - 1 : 0},
        .rows_per_row = spec->rows_per_row,
        .own = spec->own,
        .copy_bytes = {spec->copy_bytes[0], spec->copy_bytes[1]},
        .copy_parts = {spec->copy_parts[0], spec->copy_parts[1]},
        .n_uses = ref->microbatches,
        .n_copies = 1,
    };
}

static sluice_status make_product(struct sluice_reference *ref,
                                  struct sluice_product *product,
                                  const struct sl_product_wish *wish,
                                  sluice_diag *why)
{
    sluice_status st = sl_product_settle(product, wish, why);
    if (st)
        return st;
    size_t packed = sl_product_packed_bytes(product);
    sl_product_bind(product, sl_reference_take(ref, (int64_t)packed, 1),
                    sl_reference_take(ref, (int64_t)product->scratch_bytes, 1));
    if (!product->packed[0] || !product->scratch)
        return sl_no_memory(why, "the reference's products");
    return sl_product_prepare(product, why);
}

sluice_status sl_reference_make_products(struct sluice_reference *ref,
                                         enum sl_gemm_choice choice,
                                         sluice_diag *why)
{
    for (int i = 0; i < ref->n_layers; i++) {
        struct sl_reference_layer *layer = &ref->layers[i];
        int n = layer->plan->n_products;
        layer->products = sl_reference_take(ref, n, sizeof *layer->products);
        if (!layer->products)
            return sl_no_memory(why, "the reference's products");
        for (int k = 0; k < n; k++) {
            struct sl_product_wish wish =
                wish_of(ref, choice, &layer->plan->products[k]);
            sluice_status st =
                make_product(ref, &layer->products[k], &wish, why);
            if (st)
                return st;
        }
    }
    return SLUICE_OK;
}

void sl_reference_free_products(struct sluice_reference *ref)
{
    for (int i = 0; i < ref->n_layers && ref->layers; i++)
        for (int k = 0;
             ref->layers[i].products && k < ref->layers[i].plan->n_products;
             k++)
            sl_product_fini(&ref->layers[i].products[k]);
}

void sl_reference_forget(const struct sluice_reference *ref)
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int k = 0; k < ref->layers[i].plan->n_products; k++)
            sl_product_forget(&ref->layers[i].products[k], NULL);
}
