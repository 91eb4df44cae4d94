/* Sentences about a reshape.  Any thread. */
#include "train/adapt/tidings.h"

#include <stdio.h>
#include <string.h>

void sl_print_cut(struct sl_cut cut, char text[SL_CUT_TEXT])
{
    int at = 0;
    text[0] = '\0';
    for (int s = 0; s < cut.n_stages && at < SL_CUT_TEXT - 8; s++)
        at += snprintf(text + at, (size_t)(SL_CUT_TEXT - at), "%s%d",
                       s ? "," : "", cut.partition[s]);
}

void sl_tell_reshape(int n_devices, const char *before, const char *after,
                     sluice_adaptation *news)
{
    char seen[SL_CUT_TEXT], layers[3 * SL_CUT_TEXT];
    if (strcmp(before, after))
        snprintf(layers, sizeof layers, "layers %s instead of %s", after,
                 before);
    else
        snprintf(layers, sizeof layers,
                 "layers %s on other devices, or in another order", after);
    if (news->device < 0)
        snprintf(seen, sizeof seen, "cores were lost or have come back");
    else
        snprintf(seen, sizeof seen, "device %d runs at %.2f of its speed",
                 news->device, news->speed);
    snprintf(news->text, sizeof news->text,
             "%s: %d device%s, %s; a step took %.3f ms, %.3f predicted, "
             "%.2f x",
             seen, n_devices, n_devices == 1 ? "" : "s", layers,
             (double)news->before_ns / 1e6, (double)news->predicted_ns / 1e6,
             (double)news->before_ns / (double)news->predicted_ns);
}

void sl_tell_measured(sluice_adaptation *news)
{
    double took = (double)news->measured_ns;
    double predicted = (double)news->predicted_ns;
    double expected = (double)news->expected_ns;
    snprintf(news->text, sizeof news->text,
             "a step takes %.3f ms, %.3f predicted (%+.1f %%), %.3f at the "
             "speeds seen since (%+.1f %%), %.2f x",
             took / 1e6, predicted / 1e6, 100 * (took / predicted - 1),
             expected / 1e6, 100 * (took / expected - 1),
             (double)news->before_ns / took);
}

void sl_tell_return(const char *cut, sluice_adaptation *news)
{
    snprintf(news->text, sizeof news->text,
             "a step takes %.3f ms, %.3f before the reshape: back to layers %s",
             (double)news->measured_ns / 1e6, (double)news->before_ns / 1e6,
             cut);
}
