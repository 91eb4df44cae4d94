/* ZeRO's formula of memory.  Any thread. */
#include "bench/zero/zero_formula.h"

double zero_formula(int zero, int n, struct zero_shares whole)
{
    return whole.parameters / (zero >= 3 ? n : 1) +
           whole.gradients / (zero >= 2 ? n : 1) +
           whole.states / (zero >= 1 ? n : 1);
}

double zero_formula_parameter(int zero, int n, int n_states)
{
    return zero_formula(zero, n, (struct zero_shares){4, 4, 4.0 * n_states});
}
