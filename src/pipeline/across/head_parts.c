/* A cut vocabulary at work.  The device. */
#include "pipeline/across/head_parts.h"

#include <string.h>

#include "pipeline/across/row_parts.h"
#include "pipeline/across/vocabulary_links.h"
#include "pipeline/finite_check.h"
#include "pipeline/team/teamwork.h"
#include "pipeline/uneven/microbatch.h"

struct sl_head_part *sl_head_part_of(const struct sl_device *device, int stage)
{
    struct sl_cut_head *v = device->vocabulary;
    if (!v || v->parts[device->part].stage != stage)
        return NULL;
    return &v->parts[device->part];
}

static int stream_of(const struct sl_device *device, enum sl_cut_stream kind,
                     int part)
{
    return sl_cut_stream_number(device->vocabulary, kind, part);
}

/* p * w of a part. */
static float *gradients_of(const struct sl_device *device, int part,
                           int32_t item)
{
    return sl_mail_item(device, stream_of(device, SL_CUT_GRADIENTS, part),
                        item);
}

void sl_cut_head_keep_output(struct sl_device *device, const struct sl_op *op,
                             const float *y, int64_t rows)
{
    const struct sl_cut_head *v = device->vocabulary;
    sl_mail_room(device, stream_of(device, SL_CUT_OUTPUTS, 0), op->forward_no);
    memcpy(sl_ring_slot(&v->x, op->forward_no), y,
           (size_t)(rows * v->positions * v->width) * sizeof *y);
}

/* An S or T with what it needs at hand. */
struct work {
    struct sl_device *device;
    const struct sl_cut_head *v;
    struct sl_head_part *part;
    const struct sl_table_part *table;
    struct sl_rows rows;
    int64_t n; /* vectors of the rows */
    int32_t item;
    float *p;
    sluice_loss_part_call loss;
    sluice_diag *why;
};

static sluice_loss_part_call loss_call(const struct sl_device *device,
                                       struct sl_rows rows,
                                       const struct sl_table_part *part,
                                       sluice_diag *why)
{
    const sluice_pipeline *pipe = device->pipe;
    const sluice_loss_plan *plan = &pipe->blueprint.loss_plan;
    const char *targets = pipe->job.targets;
    return (sluice_loss_part_call){
        .plan = plan,
        .rows = rows.n,
        .targets =
            targets ? targets + rows.first * plan->target_row_bytes : NULL,
        .first = part->first,
        .n = part->n,
        .why = why,
    };
}

static struct work make_work(struct sl_device *device, const struct sl_op *op,
                             sluice_diag *why)
{
    struct sl_cut_head *v = device->vocabulary;
    struct sl_head_part *part = &v->parts[device->part];
    const struct sl_table_part *table = &v->table.parts[device->part];
    struct sl_rows rows = sl_rows_of(device, op);
    return (struct work){
        .device = device,
        .v = v,
        .part = part,
        .table = table,
        .rows = rows,
        .n = rows.n * v->positions,
        .item = op->forward_no,
        .p = sl_ring_slot(&part->p, op->forward_no),
        .loss = loss_call(device, rows, table, why),
        .why = why,
    };
}

static sluice_layer_call make_call(const struct work *w)
{
    const sluice_pipeline *pipe = w->device->pipe;
    return (sluice_layer_call){
        .config = w->part->config,
        .plan = &w->part->plan,
        .layer = w->v->layer,
        .rows = w->rows.n,
        .first_row = w->rows.first,
        .seed = pipe->blueprint.seed,
        .step = pipe->n_steps,
        .training = pipe->job.training,
        .x = sl_mail_item(w->device, stream_of(w->device, SL_CUT_OUTPUTS, 0),
                          w->item),
        .params = (const float *const *)&w->table->w,
        .grads = (float *const *)&w->table->g,
        .products = w->part->products,
        .workspace = w->part->workspace,
        .scratch = w->part->scratch,
        .off_core_ns = &w->device->off_core_ns,
        .why = w->why,
    };
}

/* Keep a failing part's own sentence; give it one if it has none. */
static sluice_status blame(const struct work *w, sluice_status st)
{
    if (st && !w->why->text[0])
        sluice_diag_set(w->why, st, "layer %d (%s) returned %s", w->v->layer,
                        w->v->ops->name, sluice_status_name(st));
    return st;
}

/* The scores of the part, for the caller of an inference. */
static void put_scores(const struct work *w)
{
    const sluice_pipeline *pipe = w->device->pipe;
    int64_t all = w->v->table.tensor.shape.dims[0];
    float *y = pipe->job.y;
    if (!y)
        return;
    y += w->rows.first * w->v->positions * all + w->table->first;
    for (int64_t i = 0; i < w->n; i++)
        memcpy(y + i * all, w->p + i * w->table->n,
               (size_t)w->table->n * sizeof *y);
}

static void add_row(const struct work *w, double factor, const float *row,
                    float *to)
{
    for (int64_t k = 0; k < w->v->width; k++)
        to[k] += (float)factor * row[k];
}

/* Classes of the part, behind which it has padding. */
static int64_t n_classes(const struct work *w)
{
    int64_t n = w->loss.plan->classes - w->table->first;
    n = n < w->table->n ? n : w->table->n;
    return n > 0 ? n : 0;
}

/* q * w: the row of the label, and with smoothing a share of all rows. */
static void target_gradients(const struct work *w, float *qw)
{
    const sluice_loss_part_ops *loss = w->device->pipe->blueprint.loss->part;
    int64_t width = w->v->width;
    bool summed = false;
    memset(qw, 0, (size_t)(w->n * width) * sizeof *qw);
    for (int64_t i = 0; i < w->n; i++) {
        sluice_part_target q = loss->target(&w->loss, i);
        int64_t own = q.label - w->table->first;
        if (q.label < 0)
            continue;
        if (q.elsewhere > 0 && !summed) {
            memset(w->part->row_sum, 0, (size_t)width * sizeof *qw);
            for (int64_t j = 0; j < n_classes(w); j++)
                add_row(w, 1, w->table->w + j * width, w->part->row_sum);
            summed = true;
        }
        if (q.elsewhere > 0)
            add_row(w, q.elsewhere, w->part->row_sum, qw + i * width);
        if (own >= 0 && own < w->table->n)
            add_row(w, q.at_label - q.elsewhere, w->table->w + own * width,
                    qw + i * width);
    }
}

/* The terms of the part, and its gradients. */
static sluice_status measure(const struct work *w)
{
    const sluice_pipeline *pipe = w->device->pipe;
    sluice_part_term *terms = sl_ring_slot(&w->part->terms, w->item);
    float *pw = gradients_of(w->device, w->device->part, w->item);
    sl_place_runs(&w->device->place, SL_LOSS_RUNS);
    sluice_status st =
        pipe->blueprint.loss->part->measure(&w->loss, w->p, terms);
    if (st || !pipe->job.training)
        return blame(w, st);
    sluice_layer_call call = make_call(w);
    call.dy = w->p;
    call.dx = pw;
    sl_place_runs(&w->device->place, SL_LAYER_RUNS);
    st = blame(w, w->v->ops->backward_input(&call));
    if (!st)
        target_gradients(w, pw + sl_cut_head_vectors(w->v) * w->v->width);
    return st;
}

sluice_status sl_cut_head_scores(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why)
{
    struct work w = make_work(device, op, why);
    int part = device->part;
    sluice_status st = sl_row_parts_take(device, op);
    sl_mail_room(device, stream_of(device, SL_CUT_TERMS, part), w.item);
    sl_mail_room(device, stream_of(device, SL_CUT_GRADIENTS, part), w.item);
    if (st || w.rows.n == 0)
        return st;
    sluice_layer_call call = make_call(&w);
    call.y = w.p;
    sl_place_runs(&device->place, SL_LAYER_RUNS);
    st = blame(&w, w.v->ops->forward(&call));
    if (st)
        return st;
    put_scores(&w);
    return w.loss.targets ? measure(&w) : SLUICE_OK;
}

/* The terms of all parts, as `reader` has got them. */
static const sluice_part_term *const *
terms_of(struct sl_device *device, const struct sl_device *reader, int32_t item)
{
    const struct sl_cut_head *v = device->vocabulary;
    for (int i = 0; i < v->n_parts; i++)
        device->part_terms[i] =
            sl_mail_item(reader, stream_of(reader, SL_CUT_TERMS, i), item);
    return device->part_terms;
}

void sl_cut_head_start_backward(struct sl_device *device,
                                const struct sl_op *op, struct sl_rows rows,
                                float scale, float *dx)
{
    const struct sl_cut_head *v = device->vocabulary;
    const sluice_loss_part_ops *loss = device->pipe->blueprint.loss->part;
    const struct sl_device *reader = sl_leader_of(device);
    const sluice_part_term *const *terms =
        terms_of(device, reader, op->forward_no);
    const sluice_loss_part_call call =
        loss_call(device, sl_rows_of(device, op), &v->table.parts[0], NULL);
    int64_t width = v->width, first = rows.first * v->positions;
    int64_t n = rows.n * v->positions;
    memset(dx + first * width, 0, (size_t)(n * width) * sizeof *dx);
    for (int64_t i = first; i < first + n; i++) {
        float *to = dx + i * width;
        if (loss->target(&call, i).label < 0)
            continue;
        for (int k = 0; k < v->n_parts; k++) {
            const float *pw =
                gradients_of(reader, k, op->forward_no) + i * width;
            const float *qw = pw + sl_cut_head_vectors(v) * width;
            float factor = loss->factor(terms, v->n_parts, k, i);
            for (int64_t c = 0; c < width; c++)
                to[c] += factor * pw[c] - qw[c];
        }
        for (int64_t c = 0; c < width; c++)
            to[c] *= scale;
    }
}

/* The gradient by the scores, in their place. */
static void differentiate(const struct work *w,
                          const sluice_part_term *const *terms, float scale)
{
    const sluice_loss_part_ops *loss = w->device->pipe->blueprint.loss->part;
    int64_t n = w->table->n, classes = n_classes(w);
    for (int64_t i = 0; i < w->n; i++) {
        float *dy = w->p + i * n;
        sluice_part_target q = loss->target(&w->loss, i);
        int64_t own = q.label - w->table->first;
        if (q.label < 0) {
            memset(dy, 0, (size_t)n * sizeof *dy);
            continue;
        }
        float factor =
            scale * loss->factor(terms, w->v->n_parts, w->device->part, i);
        float elsewhere = (float)(q.elsewhere * (double)scale);
        for (int64_t j = 0; j < classes; j++)
            dy[j] = factor * dy[j] - elsewhere;
        if (own >= 0 && own < classes)
            dy[own] -= (float)((q.at_label - q.elsewhere) * (double)scale);
    }
}

static sluice_status take_loss(const struct work *w,
                               const sluice_part_term *const *terms,
                               int microbatch)
{
    sluice_pipeline *pipe = w->device->pipe;
    struct sl_outcome *outcome = &w->device->outcomes[microbatch];
    if (w->device->part != w->v->last_part)
        return SLUICE_OK;
    pipe->blueprint.loss->part->total(&w->loss, terms, w->v->table.first,
                                      w->v->n_parts, &outcome->loss_sum,
                                      &outcome->correct);
    return sl_check_loss(pipe, outcome->loss_sum, w->why);
}

sluice_status sl_cut_head_weight(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why)
{
    struct work w = make_work(device, op, why);
    if (w.rows.n == 0 || !w.loss.targets)
        return SLUICE_OK;
    const sluice_part_term *const *terms = terms_of(device, device, w.item);
    sluice_status st = take_loss(&w, terms, op->action.microbatch);
    if (st || !device->pipe->job.training)
        return st;
    differentiate(&w, terms,
                  sl_loss_scale(device->pipe, op->action.microbatch));
    sluice_layer_call call = make_call(&w);
    call.dy = w.p;
    call.accumulate = !w.part->fresh;
    sl_place_runs(&device->place, SL_LAYER_RUNS);
    st = blame(&w, w.v->ops->backward_weight(&call));
    w.part->fresh = false;
    return st;
}
