/* Closed forms. */
#include <sluice/schedule.h>

#include <math.h>

double sluice_bubble_formula(int devices, int microbatches)
{
    if (devices < 1 || microbatches < 1)
        return NAN;
    double idle = (double)devices - 1;
    return idle / ((double)microbatches + idle);
}
