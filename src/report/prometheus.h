/* prometheus: the parts of a file of metrics (Prometheus' text format 0.0.4). Thread: any. */
#ifndef KYC_REPORT_PROMETHEUS_H
#define KYC_REPORT_PROMETHEUS_H

#include "core/buffer.h"

/* The beginning of every metric's name. */
#define PROMETHEUS_PREFIX "kyc_import_"

/* Begins the metric of this name, without the prefix. type: `gauge`, `summary`, … */
void prometheus_write_family(struct buffer *out, const char *name, const char *type, const char *help);
/* Appends the value of a label, without its quotes. */
void prometheus_write_label(struct buffer *out, const char *text);

#endif
