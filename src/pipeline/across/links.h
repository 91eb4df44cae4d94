/*
 * The links of a pipeline: of neighbouring stages, and of skip connections.
 *
 * Threads: the caller of sluice_pipeline_create() and _destroy().
 */
#ifndef SL_PIPELINE_ACROSS_LINKS_H
#define SL_PIPELINE_ACROSS_LINKS_H

#include "pipeline/pipeline.h"

/* Edges of all replicas, and the most links that there can be. */
size_t sl_n_all_edges(const struct sl_blueprint *bp);
size_t sl_n_all_links(const struct sl_blueprint *bp);

/* Make all links, whose slots lie in the devices' arenas.  Returns as
 * sl_init_collectives(). */
sluice_status sl_init_links(sluice_pipeline *pipe, sluice_diag *why);
void sl_fini_links(sluice_pipeline *pipe);

#endif
