/* The layout of a file.  The thread that owns the pipeline. */
#include "checkpoint/which_layout.h"

#include <string.h>

#include "checkpoint/exchange_read.h"
#include "checkpoint/tensor_shape.h"
#include "data/safetensors/safetensors.h"

static const char *const names[] = {
    [SLUICE_LAYOUT_AUTO] = "auto",
    [SLUICE_LAYOUT_SLUICE] = "sluice",
    [SLUICE_LAYOUT_PYTORCH] = "pytorch",
};

enum { N_LAYOUTS = sizeof names / sizeof *names };

/* What names and shapes say. */
struct votes {
    int named_ours; /* names that only one has */
    int named_theirs;
    int shaped_ours; /* matrices, by our names, that fit only one */
    int shaped_theirs;
    int square; /* those that fit both, and mean different ones */
};

const char *sl_layout_name(sluice_weights_layout layout)
{
    return names[layout];
}

sluice_status sluice_weights_layout_find(const char *name,
                                         sluice_weights_layout *out)
{
    for (int i = 0; i < N_LAYOUTS; i++)
        if (!strcmp(names[i], name)) {
            *out = (sluice_weights_layout)i;
            return SLUICE_OK;
        }
    return SLUICE_NOT_FOUND;
}

/* What the metadata say; AUTO: nothing. */
static sluice_status ask_file(const sluice_safetensors *file, const char *path,
                              sluice_weights_layout *told, sluice_diag *why)
{
    const char *name = sl_safetensors_metadata(file, SL_LAYOUT_KEY);
    *told = sl_safetensors_metadata(file, "sluice.format")
                ? SLUICE_LAYOUT_SLUICE /* before there were others */
                : SLUICE_LAYOUT_AUTO;
    if (!name || (!sluice_weights_layout_find(name, told) &&
                  *told != SLUICE_LAYOUT_AUTO))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "%.150s has the layout \"%.40s\", which this "
                           "version does not know",
                           path, name);
}

/* One tensor of PyTorch's that a parameter is in. */
static void vote(const sluice_safetensors *file, const sluice_parameter *at,
                 const struct sl_exchange_part *part, struct votes *votes)
{
    sluice_shape has;
    bool ours = sl_safetensors_find(file, at->name, &has) >= 0;
    if (strcmp(at->name, part->name) != 0) {
        votes->named_ours += ours;
        votes->named_theirs += sl_safetensors_find(file, part->name, NULL) >= 0;
    }
    if (!ours || !part->is_transposed)
        return;
    bool fits = sluice_shape_equal(&has, &at->spec->shape);
    bool turned = sl_tensor_shape_turned(&has, &at->spec->shape);
    votes->square += fits && turned;
    votes->shaped_ours += fits && !turned;
    votes->shaped_theirs += turned && !fits;
}

static struct votes count_votes(const sluice_safetensors *file,
                                const sluice_model *model)
{
    struct sl_exchange exchange;
    struct votes votes = {0};
    sluice_parameter at = {0};
    sl_exchange_init(&exchange, model);
    if (exchange.published)
        exchange.has_prefix =
            sl_exchange_has_prefix(file, exchange.published->prefix);
    while (sluice_model_next_parameter(model, &at)) {
        struct sl_exchange_part parts[SL_PUBLISHED_PARTS];
        int n = sl_exchange_parts(&exchange, at.layer, at.index, parts);
        for (int i = 0; i < n; i++)
            vote(file, &at, &parts[i], &votes);
    }
    return votes;
}

static void look(const sluice_safetensors *file, const sluice_model *model,
                 sluice_weights_layout *layout, enum sl_layout_source *source)
{
    struct votes votes = count_votes(file, model);
    const char *format = sl_safetensors_metadata(file, "format");
    bool torch_wrote = format && !strcmp(format, "pt");
    bool theirs = votes.shaped_theirs > 0 || torch_wrote;
    *source = SL_LAYOUT_SEEN;
    *layout = SLUICE_LAYOUT_SLUICE;
    if (votes.named_theirs > votes.named_ours)
        *layout = SLUICE_LAYOUT_PYTORCH;
    else if (!votes.named_ours && !votes.shaped_ours && theirs)
        *layout = SLUICE_LAYOUT_PYTORCH;
    else if (!votes.shaped_ours && !votes.shaped_theirs && votes.square)
        *source = SL_LAYOUT_ASSUMED;
}

sluice_status sl_layout_find(const sluice_safetensors *file, const char *path,
                             const sluice_model *model,
                             sluice_weights_layout wanted,
                             sluice_weights_layout *layout,
                             enum sl_layout_source *source, sluice_diag *why)
{
    sluice_weights_layout told;
    sluice_status st = ask_file(file, path, &told, why);
    if (st)
        return st;
    *source = SL_LAYOUT_TOLD;
    *layout = wanted == SLUICE_LAYOUT_AUTO ? told : wanted;
    if (told != SLUICE_LAYOUT_AUTO && *layout != told)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%.150s has the layout %s, as it says itself: "
                               "do not load it as %s",
                               path, names[told], names[wanted]);
    if (*layout == SLUICE_LAYOUT_AUTO)
        look(file, model, layout, source);
    return SLUICE_OK;
}
