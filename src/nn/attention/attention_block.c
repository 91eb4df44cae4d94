/* Attention in blocks of queries.  The stage's device. */
#include "nn/attention/attention_block.h"

#include <math.h>
#include <string.h>

#include "nn/layers/dropout_mask.h"
#include "nn/layers/positions.h"
#include "tensor/attend.h"
#include "tensor/gemm/product.h"

int64_t sl_attention_qkv_width(const struct sl_attention *a)
{
    return a->width + 2 * a->n_kv_heads * a->head_width;
}

struct sl_rows sl_attention_heads(const struct sl_attention *a,
                                  struct sl_rows kv_heads)
{
    int64_t group = a->n_heads / a->n_kv_heads;
    return (struct sl_rows){kv_heads.first * group, kv_heads.n * group};
}

static int64_t block_rows(const struct sl_attention *a)
{
    return a->positions < SL_ATTENTION_BLOCK ? a->positions
                                             : SL_ATTENTION_BLOCK;
}

static int64_t score_stride(const struct sl_attention *a)
{
    return a->positions + SL_ATTENTION_GAP;
}

int64_t sl_attention_pairs(const struct sl_attention *a)
{
    int64_t t = a->positions, full = t / SL_ATTENTION_BLOCK;
    int64_t square = SL_ATTENTION_BLOCK * SL_ATTENTION_BLOCK;
    if (!a->causal)
        return t * t;
    return square * (full * (full + 1) / 2) + t % SL_ATTENTION_BLOCK * t;
}

int64_t sl_attention_room(const struct sl_attention *a)
{
    int64_t scores = 2 * block_rows(a) * score_stride(a);
    return sl_size_plus(scores, sl_size_times(2 * a->positions, a->head_width));
}

/* Some queries of a head, and the keys that they see. */
struct block {
    const struct sl_attention *a;
    const struct sl_attention_row *row;
    int64_t head;
    int64_t first; /* query */
    int64_t n;     /* queries */
    int64_t keys;
};

static struct block block_at(const struct sl_attention *a,
                             const struct sl_attention_row *row, int64_t head,
                             int64_t first)
{
    int64_t left = a->positions - first;
    int64_t n = left < SL_ATTENTION_BLOCK ? left : SL_ATTENTION_BLOCK;
    return (struct block){a,     row, head,
                          first, n,   a->causal ? first + n : a->positions};
}

/* Keys that query i of a block sees. */
static int64_t seen(const struct block *b, int64_t i)
{
    return b->a->causal ? b->first + i + 1 : b->a->positions;
}

static float *scores_at(const struct block *b, int64_t i)
{
    return b->row->room + i * score_stride(b->a);
}

static float *slopes_at(const struct block *b, int64_t i)
{
    return b->row->room + (block_rows(b->a) + i) * score_stride(b->a);
}

static float *queries_at(const struct block *b)
{
    return b->row->qkv + b->first * sl_attention_qkv_width(b->a) +
           b->head * b->a->head_width;
}

/* Where the keys of a head begin, or of the head that shares them. */
static float *keys_of(const struct sl_attention *a, float *qkv, int64_t kv_head)
{
    return qkv + a->width + kv_head * a->head_width;
}

static float *values_of(const struct sl_attention *a, float *qkv,
                        int64_t kv_head)
{
    return keys_of(a, qkv, a->n_kv_heads + kv_head);
}

static int64_t kv_head_of(const struct block *b)
{
    return b->head / (b->a->n_heads / b->a->n_kv_heads);
}

static float scale_of(const struct sl_attention *a)
{
    return (float)(1 / sqrt((double)a->head_width));
}

static struct sl_attended *attended_at(const struct block *b, int64_t i)
{
    return &b->row->attended[b->head * b->a->positions + b->first + i];
}

static sluice_status multiply(const struct block *b,
                              const struct sl_strided *product)
{
    return sl_product_strided(b->row->call->products, product);
}

/* to[n][keys] = alpha * from[n][head_width] * transpose(keys or values) */
static sluice_status by_keys(const struct block *b, float alpha,
                             struct sl_matrix from, const float *keys,
                             float *to)
{
    int64_t stride = sl_attention_qkv_width(b->a);
    return multiply(b, &(struct sl_strided){
                           .size = {b->n, b->a->head_width, b->keys},
                           .alpha = alpha,
                           .a = from,
                           .b = {keys, stride, true},
                           .c = to,
                           .c_stride = score_stride(b->a),
                       });
}

/* to[n][head_width] = alpha * from[n][keys] * (keys or values) */
static sluice_status over_keys(const struct block *b, float alpha,
                               const float *from, const float *keys, float *to,
                               int64_t to_stride)
{
    int64_t stride = sl_attention_qkv_width(b->a);
    return multiply(b, &(struct sl_strided){
                           .size = {b->n, b->keys, b->a->head_width},
                           .alpha = alpha,
                           .a = {from, score_stride(b->a), false},
                           .b = {keys, stride, false},
                           .c = to,
                           .c_stride = to_stride,
                       });
}

/* to[keys][head_width] += alpha * transpose(from[n][keys]) * with[n] */
static sluice_status to_keys(const struct block *b, float alpha,
                             const float *from, struct sl_matrix with,
                             float *to)
{
    return multiply(b, &(struct sl_strided){
                           .size = {b->keys, b->n, b->a->head_width},
                           .alpha = alpha,
                           .a = {from, score_stride(b->a), true},
                           .b = with,
                           .c = to,
                           .c_stride = b->a->head_width,
                           .accumulate = true,
                       });
}

static sluice_status find_scores(const struct block *b)
{
    struct sl_matrix queries = {queries_at(b), sl_attention_qkv_width(b->a),
                                false};
    const float *keys = keys_of(b->a, b->row->qkv, kv_head_of(b));
    return by_keys(b, scale_of(b->a), queries, keys, scores_at(b, 0));
}

/* Keys of a block that a query does not see weigh nothing. */
static void clear_unseen(const struct block *b, int64_t i, float *values)
{
    int64_t n = seen(b, i);
    memset(values + n, 0, (size_t)(b->keys - n) * sizeof *values);
}

/* Zero what dropout takes from the probabilities of query i, or from their
 * gradients. */
static void drop(const struct block *b, int64_t i, float *values)
{
    const struct sl_attention *a = b->a;
    int64_t query = b->head * a->positions + b->first + i;
    const struct sl_dropout_mask mask = {
        .call = b->row->call,
        .row = b->row->row,
        .first_block = query * ((a->positions - 1) / SL_DROPOUT_BLOCK + 1),
        .n = seen(b, i),
        .rate = a->dropout,
    };
    if (a->dropout > 0)
        sl_dropout_mask_apply(&mask, values, values);
}

/* Weights of the values are exps of the scores.  Their sum divides the output
 * of the head, which has fewer elements than there are weights. */
static void weigh(const struct block *b)
{
    for (int64_t i = 0; i < b->n; i++) {
        struct sl_attended *attended = attended_at(b, i);
        float *s = scores_at(b, i);
        double sum = sl_attend(seen(b, i), s, &attended->largest);
        attended->scale = (float)(1 / sum);
        drop(b, i, s);
        clear_unseen(b, i, s);
    }
}

static void divide(const struct block *b, float *mixed)
{
    for (int64_t i = 0; i < b->n; i++) {
        float scale = attended_at(b, i)->scale;
        for (int64_t j = 0; j < b->a->head_width; j++)
            mixed[i * b->a->width + j] *= scale;
    }
}

/* The outputs of the block's queries go to mixed[n], of all heads. */
static sluice_status forward_block(const struct block *b, float *mixed)
{
    const struct sl_attention *a = b->a;
    const float *values = values_of(a, b->row->qkv, kv_head_of(b));
    mixed += b->head * a->head_width;
    sluice_status st = find_scores(b);
    if (st)
        return st;
    weigh(b);
    st = over_keys(b, 1, scores_at(b, 0), values, mixed, a->width);
    divide(b, mixed);
    return st;
}

sluice_status sl_attention_forward(const struct sl_attention *a,
                                   const struct sl_attention_row *row)
{
    sluice_status st = SLUICE_OK;
    struct sl_rows heads = sl_attention_heads(a, row->kv_heads);
    for (int64_t head = heads.first; head < heads.first + heads.n; head++)
        for (int64_t first = 0; first < a->positions && !st;
             first += SL_ATTENTION_BLOCK) {
            struct block b = block_at(a, row, head, first);
            st = forward_block(&b, row->mixed + first * a->width);
        }
    return st;
}

sluice_status sl_attention_last(const struct sl_attention *a,
                                const struct sl_attention_row *row)
{
    sluice_status st = SLUICE_OK;
    struct sl_rows heads = sl_attention_heads(a, row->kv_heads);
    for (int64_t head = heads.first; head < heads.first + heads.n && !st;
         head++) {
        struct block b = block_at(a, row, head, a->positions - 1);
        st = forward_block(&b, row->mixed);
    }
    return st;
}

/*
 * From the scores and the gradients by the probabilities to the probabilities
 * and the gradients by the scores: ds = p * (dp - sum of p * dp), where that
 * sum is also the product of the query's output and its gradient, with dropout
 * and without.
 */
static void slopes(const struct block *b, const float *mixed,
                   const float *dmixed)
{
    int64_t d = b->a->head_width, stride = b->a->width;
    for (int64_t i = 0; i < b->n; i++) {
        float *s = scores_at(b, i), *ds = slopes_at(b, i);
        double delta = sl_dot(d, mixed + i * stride, dmixed + i * stride);
        drop(b, i, ds);
        sl_attend_slopes(seen(b, i), *attended_at(b, i), (float)delta, s, ds);
        drop(b, i, s);
        clear_unseen(b, i, s);
        clear_unseen(b, i, ds);
    }
}

/* dk and dv [positions][head_width] are added to; dq takes the place of q. */
static sluice_status backward_block(const struct block *b, const float *dmixed,
                                    float *dk, float *dv)
{
    const struct sl_attention *a = b->a;
    int64_t at = b->first * a->width + b->head * a->head_width;
    int64_t stride = sl_attention_qkv_width(a);
    float *qkv = b->row->qkv, *queries = queries_at(b);
    struct sl_matrix dout = {dmixed + at, a->width, false};
    const float *keys = keys_of(a, qkv, kv_head_of(b));
    float *p = scores_at(b, 0), *ds = slopes_at(b, 0);
    sluice_status st = find_scores(b);
    if (!st)
        st = by_keys(b, 1, dout, values_of(a, qkv, kv_head_of(b)), ds);
    if (st)
        return st;
    slopes(b, b->row->mixed + at, dmixed + at);
    st = to_keys(b, 1, p, dout, dv);
    if (!st)
        st = to_keys(b, scale_of(a), ds,
                     (struct sl_matrix){queries, stride, false}, dk);
    if (!st)
        st = over_keys(b, scale_of(a), ds, keys, queries, stride);
    return st;
}

/* Put the gradients of a head's keys or values in their place. */
static void put(const struct sl_attention *a, const float *from, float *to)
{
    int64_t stride = sl_attention_qkv_width(a);
    for (int64_t t = 0; t < a->positions; t++)
        memcpy(to + t * stride, from + t * a->head_width,
               (size_t)a->head_width * sizeof *to);
}

/* The heads that share keys and values, in order. */
static sluice_status backward_group(const struct sl_attention *a,
                                    const struct sl_attention_row *row,
                                    int64_t kv_head, const float *dmixed)
{
    int64_t n = a->positions * a->head_width;
    int64_t group = a->n_heads / a->n_kv_heads;
    float *dk = row->room + 2 * block_rows(a) * score_stride(a), *dv = dk + n;
    sluice_status st = SLUICE_OK;
    memset(dk, 0, (size_t)(2 * n) * sizeof *dk);
    for (int64_t i = 0; i < group; i++)
        for (int64_t first = 0; first < a->positions && !st;
             first += SL_ATTENTION_BLOCK) {
            struct block b = block_at(a, row, kv_head * group + i, first);
            st = backward_block(&b, dmixed, dk, dv);
        }
    put(a, dk, keys_of(a, row->qkv, kv_head));
    put(a, dv, values_of(a, row->qkv, kv_head));
    return st;
}

sluice_status sl_attention_backward(const struct sl_attention *a,
                                    const struct sl_attention_row *row,
                                    const float *dmixed)
{
    sluice_status st = SLUICE_OK;
    const struct sl_rows *own = &row->kv_heads;
    for (int64_t i = 0; i < own->n && !st; i++)
        st = backward_group(a, row, own->first + i, dmixed);
    return st;
}
