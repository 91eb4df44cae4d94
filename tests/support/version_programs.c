/* Weight versions by the papers. */
#include "support/version_programs.h"

#include <stdlib.h>
#include <string.h>

bool sl_test_is_asynchronous(const char *name)
{
    return !strncmp(name, "pipedream", 9);
}

static int at_least_1(int version)
{
    return version > 1 ? version : 1;
}

/*
 * PipeDream: device r of p begins micro-batch m, counted from 0, when the
 * gradients of all but the p - 1 - r before it are there; with vertical sync
 * the first device decides.
 */
static int stashed(int p, int r, int m, bool vertical_sync)
{
    return at_least_1(m + 1 - (p - 1 - (vertical_sync ? 0 : r)));
}

/* PipeDream-2BW: group g, counted from 0, uses what group g - 2 made. */
static int buffered(int m, int group)
{
    return at_least_1(m / group);
}

static int device_of(const sluice_pipeline *pipe, int p, int layer)
{
    for (int r = 0; r < p; r++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, r, &info);
        if (layer < info.first_layer + info.n_layers)
            return r;
    }
    abort();
}

sluice_status sl_test_versions(struct sl_test_pair *pair, const char *name,
                               int microbatches, bool vertical_sync, int group)
{
    int p = sluice_schedule_n_devices(sluice_pipeline_schedule(pair->pipe));
    int n_layers = sluice_model_n_layers(pair->problem->model);
    bool in_groups = !strcmp(name, "pipedream-2bw");
    int each = !in_groups ? 1 : group ? group : p;
    size_t n = (size_t)microbatches * (size_t)(n_layers + 1);
    int *versions = malloc(n * sizeof *versions);
    if (!versions)
        abort();
    int *groups = versions + n_layers * microbatches;
    for (int u = 0; u < microbatches / each; u++)
        groups[u] = each;
    for (int i = 0; i < n_layers; i++) {
        int r = device_of(pair->pipe, p, i);
        for (int m = 0; m < microbatches; m++)
            versions[i * microbatches + m] =
                in_groups ? buffered(m, each) : stashed(p, r, m, vertical_sync);
    }
    sluice_status st = sluice_reference_versions(
        pair->ref, groups, microbatches / each, versions, &pair->why);
    free(versions);
    return st;
}
