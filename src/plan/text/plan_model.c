/* The model that a plan was made for.  Any thread. */
#include "plan/plan.h"

#include <string.h>

#include "base/memory.h"

const char sl_plan_any_model[] = "any";

sluice_status sl_plan_keep_model(sluice_plan *plan, const char *text,
                                 sluice_diag *why)
{
    plan->model_bytes = strlen(text) + 1;
    plan->model = sl_alloc(plan->allocator, plan->model_bytes, 1);
    if (!plan->model)
        return sl_no_memory(why, "the model of a plan");
    memcpy(plan->model, text, plan->model_bytes);
    return SLUICE_OK;
}

/* A model as text, `*n` bytes with the terminating 0. */
static sluice_status print(const sluice_plan *plan, const sluice_model *model,
                           char **out, size_t *n, sluice_diag *why)
{
    *n = sluice_model_print(model, NULL, 0) + 1;
    *out = sl_alloc(plan->allocator, *n, 1);
    if (!*out)
        return sl_no_memory(why, "the model of a plan");
    sluice_model_print(model, *out, *n);
    return SLUICE_OK;
}

sluice_status sl_plan_keep_model_of(sluice_plan *plan,
                                    const sluice_model *model, sluice_diag *why)
{
    return print(plan, model, &plan->model, &plan->model_bytes, why);
}

/* Where two texts begin to differ, from the comma or semicolon before it on. */
static size_t difference(const char *a, const char *b)
{
    size_t at = 0, comma = 0;
    for (; a[at] && a[at] == b[at]; at++)
        if (a[at] == ',' || a[at] == ';')
            comma = at;
    return comma;
}

sluice_status sl_plan_check_model(const sluice_plan *plan,
                                  const sluice_model *model, sluice_diag *why)
{
    char *text;
    size_t n;
    if (!plan->model)
        return SLUICE_OK;
    sluice_status st = print(plan, model, &text, &n, why);
    if (st)
        return st;
    if (strcmp(text, plan->model) != 0) {
        size_t at = difference(text, plan->model);
        const char *dots = at ? "..." : "";
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "the plan was made for the model "
                             "\"%s%.150s\", and this one is \"%s%.150s\": "
                             "make a plan for it with sluice_plan_find(), or "
                             "`sluice plan --write'",
                             dots, plan->model + at, dots, text + at);
    }
    sl_free(plan->allocator, text, n, 1);
    return st;
}
