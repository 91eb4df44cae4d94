/*
 * Rooms: memory of a device in which the whole parameters of a stage lie while
 * it has them, in ZeRO stage 3 where the holders of a part have no memory in
 * common.  An UNSHARD of the list takes a room, the RESHARD gives it back; so
 * there are as many as a device has whole stages at a time.
 *
 * A room is written again by the device that has it, before it meets others;
 * if they have met nowhere since they read there, they do so first (CLEAR).
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_SHARDS_ROOMS_H
#define SL_BLUEPRINT_SHARDS_ROOMS_H

#include "blueprint/program.h"

/*
 * Put [CLEAR,] BRING into the program of `device`, which is expanded yet to be,
 * where its list has an UNSHARD.  A stage of which the list has none is whole
 * from the beginning.
 *
 * Returns  SLUICE_OK, with *n_rooms raised to those that the program takes, if
 *          there are fewer; SLUICE_NO_MEMORY,
 *          with the program as it was; SLUICE_INVALID if `measures` is true and
 *          a REDUCE_GRAD, behind which whole parameters are measured, comes
 *          where those of its stage are given away.
 */
sluice_status sl_rooms_place(struct sl_program *program,
                             const sluice_schedule *schedule, int device,
                             bool measures, const sluice_allocator *allocator,
                             int *n_rooms, sluice_diag *why);

#endif
