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
 * Put [CLEAR,] BRING into the program of `device`, before its UPDATEs are
 * expanded, wherever its list has an UNSHARD.  A stage without an UNSHARD in
 * the list is whole from the beginning.  If `measures` is true whole parameters
 * are measured behind a REDUCE_GRAD: for one that comes after the RESHARD of
 * its stage they are brought once more.
 *
 * Returns  SLUICE_OK, with *n_rooms raised to the number that the program takes
 *          if it was smaller; SLUICE_NO_MEMORY, with the program unchanged.
 */
sluice_status sl_rooms_place(struct sl_program *program,
                             const sluice_schedule *schedule, int device,
                             bool measures, const sluice_allocator *allocator,
                             int *n_rooms, sluice_diag *why);

#endif
