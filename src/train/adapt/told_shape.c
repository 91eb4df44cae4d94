/* Shapes between processes.  The caller's thread. */
#include "train/adapt/told_shape.h"

#include <string.h>

#include <sluice/world.h>

#include "base/memory.h"
#include "pipeline/abroad/abroad.h"
#include "plan/plan.h"

sluice_status sl_told_shape_say(const struct sl_held_shape *shape,
                                const sluice_pipeline *pipe, sluice_diag *why)
{
    struct sl_told_word word = {.n_places = shape->n_places};
    char *text = NULL;
    sluice_status st = SLUICE_OK;
    memcpy(word.places, shape->places, sizeof word.places);
    if (shape->plan)
        st = sl_plan_format(shape->plan, &text, &word.n_text, why);
    if (st)
        return st; /* nothing was said */
    st = sl_abroad_share(pipe, 0, &word, sizeof word, why);
    if (!st)
        st = sluice_world_agree(pipe->world, SLUICE_OK, why);
    if (!st)
        st = sl_abroad_share(pipe, 0, text, word.n_text, why);
    if (text)
        sl_free(shape->plan->allocator, text, word.n_text + 1, 1);
    return st;
}

sluice_status sl_told_shape_hear(const struct sl_told_word *word,
                                 const sluice_pipeline *pipe,
                                 const sluice_allocator *allocator,
                                 struct sl_held_shape *shape, bool *is_told,
                                 sluice_diag *why)
{
    *shape = (struct sl_held_shape){.n_places = word->n_places};
    memcpy(shape->places, word->places, sizeof shape->places);
    char *text = sl_alloc(allocator, word->n_text + 1, 1);
    sluice_status st =
        text ? SLUICE_OK : sl_no_memory(why, "a plan that is told");
    st = sluice_world_agree(pipe->world, st, why);
    if (!st)
        st = sl_abroad_share(pipe, 0, text, word->n_text, why);
    *is_told = !st;
    if (!st && word->n_text)
        st = sl_plan_parse(text, word->n_text, allocator, &shape->plan, why);
    sl_free(allocator, text, word->n_text + 1, 1);
    return st;
}
