/* `sluice-bench` without arguments. */
#ifndef BENCH_HEADLINE_HEADLINE_H
#define BENCH_HEADLINE_HEADLINE_H

/*
 * Print the environment, train the default network, measure the bubble of two
 * devices with real layers and of up to eight with timed cells, and write the
 * report, sluice-report.html.  Returns the exit status: failure if any bit is
 * wrong.
 */
int headline(void);

/* The same as a command, with --report FILE. */
int headline_command(int argc, char **argv);

#endif
