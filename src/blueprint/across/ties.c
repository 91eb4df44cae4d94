/* Tied tensors.  The thread that creates the pipeline. */
#include "blueprint/across/ties.h"

#include "base/memory.h"
#include "nn/model/model.h"

/* The devices of a team add up what each has of a tensor, so each use must give
 * it the same elements. */
static sluice_status check_team(const sluice_model *model, int n_shards,
                                sluice_diag *why)
{
    for (int i = 0; i < sluice_model_n_layers(model) && n_shards > 1; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++) {
            const sluice_param_spec *spec = &plan->params[p];
            const struct sl_parameter_use first =
                sl_model_first_use(model, (struct sl_parameter_use){i, p});
            if (!spec->tied ||
                (spec->divided && sl_model_spec(model, first)->divided))
                continue;
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "teams of %d devices: parameter %s of layer %d (%s) is tied to "
                "one of layer %d (%s), and a team divides only one of the "
                "layers, or none; tie embeddings, heads and linear layers, or "
                "set team to 1",
                n_shards, spec->name, i, sluice_model_layer(model, i)->name,
                first.layer, sluice_model_layer(model, first.layer)->name);
        }
    }
    return SLUICE_OK;
}

sluice_status sl_ties_choose(const sluice_model *model, int n_shards,
                             struct sl_update_mode *mode, sluice_diag *why)
{
    struct sluice_parameter at = {0};
    int n = 0;
    while (sluice_model_next_parameter(model, &at))
        n++;
    mode->ties = n < sl_n_tensors(model);
    if (!mode->ties || !mode->asynchronous)
        return check_team(model, n_shards, why);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the model has tied parameters, whose gradients are "
                           "added up before an update, but the stages of an "
                           "asynchronous schedule update without waiting for "
                           "each other; use a synchronous schedule, or tie "
                           "nothing");
}

/* Parts, units and parameters of a copy of the model, one after the other. */
struct walk {
    const struct sl_layout *layout;
    struct sl_tied_use at;
    int tensor; /* of `at`; -1: before the first */
};

static bool next_use(struct walk *walk)
{
    const struct sl_layout *layout = walk->layout;
    walk->at.param++;
    for (; walk->at.part < layout->grid.depth; walk->at.part++) {
        const struct sl_stage *stage = &layout->stages[walk->at.part];
        for (; walk->at.unit < stage->n_units; walk->at.unit++) {
            const struct sl_unit *unit = &stage->units[walk->at.unit];
            if (walk->at.param < unit->plan->n_params) {
                walk->tensor = unit->first_tensor + walk->at.param;
                return true;
            }
            walk->at.param = 0;
        }
        walk->at.unit = 0;
    }
    return false;
}

static struct walk start(const struct sl_layout *layout)
{
    return (struct walk){.layout = layout, .at = {.param = -1}, .tensor = -1};
}

/* Write the uses of `tensor` to `uses`. */
static void find_uses(const struct sl_layout *layout, int tensor,
                      struct sl_tied_use *uses)
{
    struct walk walk = start(layout);
    while (next_use(&walk))
        if (layout->tensors[walk.tensor].first == tensor)
            *uses++ = walk.at;
}

/* Shapes   n_uses[n_tensors] of each tensor, 0 for one that is tied. */
static void count(struct sl_ties *ties, const struct sl_layout *layout,
                  int *n_uses)
{
    for (int t = 0; t < layout->n_tensors; t++) {
        int first = layout->tensors[t].first;
        n_uses[first]++;
        if (n_uses[first] == 2)
            ties->n++;
        if (n_uses[first] >= 2)
            ties->n_uses += n_uses[first] == 2 ? 2 : 1;
    }
}

static sluice_status fill(struct sl_ties *ties, const struct sl_layout *layout,
                          const int *n_uses)
{
    ties->at = sl_alloc(ties->allocator, (size_t)ties->n, sizeof *ties->at);
    ties->uses =
        sl_alloc(ties->allocator, (size_t)ties->n_uses, sizeof *ties->uses);
    if (!ties->at || !ties->uses)
        return SLUICE_NO_MEMORY;
    struct sl_tied_use *uses = ties->uses;
    for (int t = 0, i = 0; i < ties->n; t++) {
        if (n_uses[t] < 2)
            continue;
        find_uses(layout, t, uses);
        ties->at[i++] = (struct sl_tie){
            .layer = layout->tensors[t].layer,
            .param = layout->tensors[t].param,
            .tensor = t,
            .n_uses = n_uses[t],
            .uses = uses,
        };
        uses += n_uses[t];
    }
    return SLUICE_OK;
}

sluice_status sl_ties_init(struct sl_ties *ties, const struct sl_layout *layout)
{
    size_t n = (size_t)layout->n_tensors;
    *ties = (struct sl_ties){.allocator = layout->allocator};
    int *n_uses = sl_alloc(ties->allocator, n, sizeof *n_uses);
    if (!n_uses)
        return SLUICE_NO_MEMORY;
    count(ties, layout, n_uses);
    sluice_status st = fill(ties, layout, n_uses);
    sl_free(ties->allocator, n_uses, n, sizeof *n_uses);
    return st;
}

void sl_ties_fini(struct sl_ties *ties)
{
    sl_free(ties->allocator, ties->uses, (size_t)ties->n_uses,
            sizeof *ties->uses);
    sl_free(ties->allocator, ties->at, (size_t)ties->n, sizeof *ties->at);
    *ties = (struct sl_ties){0};
}

const struct sl_tie *sl_tie_of(const struct sl_ties *ties, int layer, int param)
{
    for (int i = 0; i < ties->n; i++)
        if (ties->at[i].layer == layer && ties->at[i].param == param)
            return &ties->at[i];
    return NULL;
}

const struct sl_stage *sl_tied_stage(const struct sl_layout *layout,
                                     const struct sl_tied_use *use, int copy)
{
    return &layout->stages[copy * layout->grid.depth + use->part];
}

static int place_of(const struct sl_layout *layout, const struct sl_tie *tie,
                    int copy, int use)
{
    return sl_tied_stage(layout, &tie->uses[use], copy)->device;
}

/* Whether no use before number `use` lies on the same device. */
static bool is_new(const struct sl_layout *layout, const struct sl_tie *tie,
                   int copy, int use)
{
    for (int i = 0; i < use; i++)
        if (place_of(layout, tie, copy, i) == place_of(layout, tie, copy, use))
            return false;
    return true;
}

int sl_tie_n_members(const struct sl_layout *layout, const struct sl_tie *tie,
                     int copy)
{
    int n = 0;
    for (int i = 0; i < tie->n_uses; i++)
        n += is_new(layout, tie, copy, i);
    return n;
}

int sl_tie_rank(const struct sl_layout *layout, const struct sl_tie *tie,
                int copy, int place)
{
    int rank = 0;
    for (int i = 0; i < tie->n_uses; i++) {
        if (!is_new(layout, tie, copy, i))
            continue;
        if (place_of(layout, tie, copy, i) == place)
            return rank;
        rank++;
    }
    return -1;
}

/* The first of the device's stages with a use: the trace shows it. */
static int first_stage(const struct sl_layout *layout, const struct sl_tie *tie,
                       int copy, int place)
{
    int i = 0;
    while (place_of(layout, tie, copy, i) != place)
        i++;
    return sl_tied_stage(layout, &tie->uses[i], copy)->index;
}

static struct sl_op make_op(enum sl_op_kind kind, int stage, int tie)
{
    return (struct sl_op){
        .kind = kind,
        .action = {SLUICE_REDUCE_GRAD, stage, -1, 0},
        .forward_no = SL_NONE,
        .backward_no = SL_NONE,
        .stash_no = SL_NONE,
        .n_joined = 1,
        .tie = tie,
    };
}

/* Write the operations to `ops`, unless that is NULL.  Returns their number. */
static int write_ops(const struct sl_ties *ties, const struct sl_layout *layout,
                     int place, struct sl_op *ops)
{
    int n = 0;
    for (int t = 0; t < ties->n; t++)
        for (int copy = 0; copy < layout->grid.n_copies; copy++) {
            const struct sl_tie *tie = &ties->at[t];
            if (sl_tie_rank(layout, tie, copy, place) < 0)
                continue;
            int stage = first_stage(layout, tie, copy, place);
            if (ops) {
                ops[n] = make_op(SL_OP_TIE_SCATTER, stage, t);
                ops[n + 1] = make_op(SL_OP_TIE_GATHER, stage, t);
            }
            n += 2;
        }
    return n;
}

sluice_status sl_ties_program(const struct sl_ties *ties,
                              const struct sl_layout *layout, int place,
                              struct sl_program *program)
{
    int n = write_ops(ties, layout, place, NULL);
    *program = (struct sl_program){
        .ops = sl_alloc(ties->allocator, (size_t)n, sizeof *program->ops),
        .n_ops = n,
    };
    if (!program->ops)
        return SLUICE_NO_MEMORY;
    write_ops(ties, layout, place, program->ops);
    return SLUICE_OK;
}
