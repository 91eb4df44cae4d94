/*
 * The rows of links and collectives within a process, in the tables of
 * chan/link_kind.h and chan/collective_kind.h, which declare them.
 */
#ifndef SL_CHAN_LOCAL_KINDS_H
#define SL_CHAN_LOCAL_KINDS_H

#include "chan/collective_kind.h"
#include "chan/link_kind.h"

#endif
