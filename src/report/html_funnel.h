/* html_funnel: a chart of how far the verification of the users has come. Thread: any; pure. */
#ifndef KYC_REPORT_HTML_FUNNEL_H
#define KYC_REPORT_HTML_FUNNEL_H

#include <stdint.h>

#include "core/buffer.h"
#include "report/refresh_report.h"

struct html_funnel {
    const char *path;          /* of customers, in the JSON file: constant */
    const uint64_t *customers; /* REFRESH_STATES; the sum is the whole */
    const uint64_t *changed;   /* the same, since the last refresh, path `changed`; NULL: not shown */
};

/* A table: the users, those with a state, and below them each state where the last one ended. */
void html_funnel_write(struct buffer *out, const struct html_funnel *funnel, const char *caption);

/* The label of a state, constant. */
const char *html_funnel_state(unsigned state);
/* Its tone, a class of html_style. */
const char *html_funnel_tone(unsigned state);

#endif
