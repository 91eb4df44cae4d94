/* How slow a device can be, where one is told a speed. */
#ifndef SLUICE_SPEED_H
#define SLUICE_SPEED_H

/* The least speed; a device of speed 1 takes what its actions take. */
#define SLUICE_SLOWEST 1e-3

#endif
