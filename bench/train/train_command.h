/* `sluice train`. */
#ifndef BENCH_TRAIN_TRAIN_COMMAND_H
#define BENCH_TRAIN_TRAIN_COMMAND_H

/* The command; returns the exit status. */
int train_command(int argc, char **argv);

#endif
