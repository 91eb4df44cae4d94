/*
 * The generators, in the order in which they are listed.  The row X(mine) is
 * the sl_generator_mine of a file that CMakeLists.txt names; the first row is
 * the generator of a config without a name.
 */
#ifndef SL_SCHED_GENERATORS_GENERATOR_LIST_H
#define SL_SCHED_GENERATORS_GENERATOR_LIST_H

/* clang-format off */
#define SL_GENERATORS(X) \
    X(gpipe)            \
    X(1f1b)             \
    X(eager_1f1b)       \
    X(interleaved_1f1b) \
    X(gis)              \
    X(interleaved_zb)   \
    X(looped_bfs)       \
    X(seq1f1b)          \
    X(zb_h1)            \
    X(zb_h2)            \
    X(zb_v)             \
    X(v_half)           \
    X(v_min)            \
    X(dualpipe)         \
    X(dualpipe_v)       \
    X(pipedream)        \
    X(pipedream_2bw)    \
    X(varuna)           \
    X(forward)          \
    /* the end: each row ends with a backslash */
/* clang-format on */

#endif
