/* help_page: a page of the help: text for a terminal, or rows, of which the manual pages and the completions
 * are made (scripts/list-help.c).
 *
 * Of a page of rows each line is one row: NAME, a tab, TEXT; a further paragraph of the same name has an
 * empty NAME; an example is two tabs and its text; a heading is `# ` and its text. Thread: any.
 */
#ifndef KYC_CMD_HELP_PAGE_H
#define KYC_CMD_HELP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/quantity.h"

struct help_page {
    struct buffer *out;
    bool has_rows;
};

/* Text that is in no row: not on a page of rows. */
void help_page_text(struct help_page *page, const char *text);
void help_page_heading(struct help_page *page, const char *text);
/* indent, width: as of wrap_append. name: "" for a further paragraph of the row. */
void help_page_row(struct help_page *page, size_t indent, size_t width, const char *name, const char *format,
                   ...) __attribute__((format(printf, 5, 6)));
/* The name of a row whose text follows in rows without a name. */
void help_page_name(struct help_page *page, size_t indent, const char *name);
/* What a person would write, in YAML: broken only where YAML may be. */
void help_page_example(struct help_page *page, size_t indent, const char *text);

/* Appends `, 1ms to 1h`; with a max of INT64_MAX or more `, from 1ms`. */
void help_page_bounds(struct buffer *text, uint64_t min, uint64_t max, const struct quantity *quantity);

#endif
