/*
 * The list of schedules that a plan may have.  Any thread.
 */
#ifndef SL_PLAN_PLAN_NAMES_H
#define SL_PLAN_PLAN_NAMES_H

#include <stdbool.h>

#include <sluice/status.h>

/* Whether `name` is in the list of names between commas; NULL has all. */
bool sl_plan_is_listed(const char *list, const char *name);

/*
 * Check that each is the name of a generator, or auto.
 *
 * Returns  SLUICE_OK, SLUICE_NOT_FOUND.
 */
sluice_status sl_plan_check_names(const char *list, sluice_diag *why);

#endif
