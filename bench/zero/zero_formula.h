/*
 * ZeRO's formula of memory (Rajbhandari et al., 2020), for every command that
 * tells it.
 */
#ifndef BENCH_ZERO_ZERO_FORMULA_H
#define BENCH_ZERO_ZERO_FORMULA_H

/* Bytes of one kind each that a device would have without ZeRO. */
struct zero_shares {
    double parameters;
    double gradients;
    double states;
};

/*
 * What it has of them as one of `n` replicas: stage 1 shares out the states, 2
 * the gradients, too, 3 everything.
 */
double zero_formula(int zero, int n, struct zero_shares whole);

/* The same of one parameter of 4 bytes with n_states states. */
double zero_formula_parameter(int zero, int n, int n_states);

#endif
