/*
 * Partial schedules: how far each stage has come, and what could be next on
 * each device.  A partial schedule is an array of numbers, so that it can be
 * copied as a whole.  One thread.
 */
#ifndef SL_SEARCH_PARTIAL_H
#define SL_SEARCH_PARTIAL_H

#include "search/worth.h"

enum { SL_BEAM_STAGES = 64 }; /* of a problem, at most */

/* What all partial schedules of a search have in common. */
struct sl_frame {
    const struct sl_problem *problem;
    bool split; /* I and W in place of B */
    int n_devices;
    int n_stages;
    int n_microbatches;
    int n_times; /* of each stage's outputs that are remembered */
    int stage_device[SL_BEAM_STAGES];
    /* From the end of an F, B or I to the end of all that depends on it. */
    int64_t after_forward[SL_BEAM_STAGES];
    int64_t after_backward[SL_BEAM_STAGES];
    int n_actions;  /* of a whole schedule */
    size_t n_words; /* of a partial schedule */
};

/* An action that can be placed next on its device. */
struct sl_option {
    sluice_action action;
    int64_t start_ns;
    int64_t end_ns;
};

/* What a partial schedule promises; less is better. */
struct sl_outlook {
    int64_t bound_ns; /* no completion is worth less */
    int64_t sum_ns;   /* of the devices' own bounds */
};

/* Settle what follows from the problem.  `in_a_v`: 2K stages, the second half
 * on its way back. */
void sl_frame_init(struct sl_frame *frame, const struct sl_problem *problem,
                   bool split, bool in_a_v);

/* The empty one.  Shapes  words[n_words] */
void sl_partial_begin(const struct sl_frame *frame, int64_t *words);

/*
 * What can be next on the device whose next action can end first, among the
 * actions that start before that end.  Branching on them yields all active
 * schedules (Giffler and Thompson, 1960), and one of these is optimal.
 *
 * Shapes   options[3 * n_stages]
 * Returns  their number; 0 if nothing can go on.
 */
int sl_partial_options(const struct sl_frame *frame, int64_t *words,
                       struct sl_option *options);

/* Place an action. */
void sl_partial_put(const struct sl_frame *frame, int64_t *words,
                    const struct sl_option *option);

struct sl_outlook sl_partial_outlook(const struct sl_frame *frame,
                                     int64_t *words);

#endif
