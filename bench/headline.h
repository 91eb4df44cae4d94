/* `sluice-bench` without arguments. */
#ifndef BENCH_HEADLINE_H
#define BENCH_HEADLINE_H

/*
 * Print the environment, train the default network, then measure the bubble of
 * two devices with real layers.  Returns the exit status: failure if any bit is
 * wrong.
 */
int headline(void);

#endif
