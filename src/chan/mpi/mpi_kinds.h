/*
 * The rows of links and collectives between processes, in the tables of
 * chan/link_kind.h and chan/collective_kind.h, which declare them.
 */
#ifndef SL_CHAN_MPI_MPI_KINDS_H
#define SL_CHAN_MPI_MPI_KINDS_H

#include "chan/collective_kind.h"
#include "chan/link_kind.h"

#endif
