/* Whether a refusal names a true place. */
#ifndef SL_TEST_SCHED_PLACE_H
#define SL_TEST_SCHED_PLACE_H

#include <stdio.h>

#include "sched/naive.h"

static inline bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static inline bool place_has_rule(const char *text)
{
    return begins(text, "complete: ") || begins(text, "order: ") ||
           begins(text, "hand-off: ") || begins(text, "deadlock: ") ||
           begins(text, "version: ") || begins(text, "vocabulary: ") ||
           begins(text, "shards: ");
}

static inline bool place_in_list(const struct plan *plan,
                                 const sluice_diag *why)
{
    char name[SLUICE_DIAG_ACTION];
    for (int i = 0; i < plan->n[why->device]; i++)
        if (!strcmp(sluice_action_format(plan->list[why->device][i], name,
                                         sizeof name),
                    why->action))
            return true;
    return false;
}

static inline bool place_is_true(const struct plan *plan,
                                 const sluice_diag *why)
{
    if (!place_has_rule(why->text) || why->status != SLUICE_SCHEDULE ||
        why->device < 0 || why->device >= plan->devices)
        return false;
    if (strstr(why->text, " is missing: "))
        return plan->stage_device[why->stage] == why->device &&
               why->position == -1 && !place_in_list(plan, why);
    char want[80];
    int position = -1, device = -1;
    const char *at = strstr(why->text, " at position ");
    if (!at ||
        sscanf(at, " at position %d of device %d", &position, &device) != 2)
        return false;
    if (device != why->device || position != why->position || position < 0 ||
        position >= plan->n[device])
        return false;
    sluice_action action = plan->list[device][position];
    char name[SLUICE_DIAG_ACTION];
    sluice_action_format(action, name, sizeof name);
    snprintf(want, sizeof want, ": %s at position %d", name, position);
    return action.stage == why->stage && action.microbatch == why->microbatch &&
           strcmp(name, why->action) == 0 && strstr(why->text, want);
}

/* The rule comes first; the action is at the position of the text, in the list
 * of the device of the diagnosis, or is missing from it. */
static inline void assert_place(const struct plan *plan, const sluice_diag *why)
{
    ck_assert_msg(place_is_true(plan, why), "device %d, %s: %s", why->device,
                  why->action, why->text);
}

#endif
