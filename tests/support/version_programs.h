/*
 * Which weight version each device uses for each micro-batch, as the papers
 * define it; nothing here reads a schedule.
 */
#ifndef SL_TEST_VERSIONS_H
#define SL_TEST_VERSIONS_H

#include "support/judged_pair.h"

/* Whether a generator of this name is asynchronous. */
bool sl_test_is_asynchronous(const char *name);

/*
 * Tell the reference of `pair` the version program of the asynchronous schedule
 * `name`: of pipedream, with or without vertical sync, or of pipedream-2bw in
 * groups of `group`, 0 meaning the number of devices.  The pipeline says only
 * which layers are on which device.
 *
 * Returns  what sluice_reference_versions() did.
 */
sluice_status sl_test_versions(struct sl_test_pair *pair, const char *name,
                               int microbatches, bool vertical_sync, int group);

#endif
