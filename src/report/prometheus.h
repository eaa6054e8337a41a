/* prometheus: the parts of a file of metrics (Prometheus' text format 0.0.4). Thread: any. */
#ifndef KYC_REPORT_PROMETHEUS_H
#define KYC_REPORT_PROMETHEUS_H

#include "core/buffer.h"
#include "core/error.h"

/* The beginning of every metric's name. */
#define PROMETHEUS_PREFIX "kyc_import_"

/* Begins the metric of this name, without the prefix. type: `gauge`, `summary`, … */
void prometheus_write_family(struct buffer *out, const char *name, const char *type, const char *help);
/* Appends the value of a label, without its quotes. */
void prometheus_write_label(struct buffer *out, const char *text);

/* Replaces the file atomically, with mode 0644: the user of the node exporter reads it. Makes its folder when
 * it is missing, with mode 0755, but in private_folder with 0700. A file that has something else than metrics
 * of this program is left alone. 0, or -1 with ERROR_USAGE: the path, the
 * reason and a hint. */
int prometheus_save(const char *path, const char *private_folder, const struct buffer *text,
                    struct error *error);

#endif
