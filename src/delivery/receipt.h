/* receipt: what came back to one attempt, as it comes in, within bounds.
 *
 * At most 64 KiB of a body and 100 KiB of headers are read (3-providers.md, Outcomes); nothing of an interim
 * (1xx) answer is kept. Thread: the sender's. Owner: init/clear.
 */
#ifndef KYC_DELIVERY_RECEIPT_H
#define KYC_DELIVERY_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"
#include "model/outcome.h"

enum { RECEIPT_BODY_MAX = 64 * 1024, RECEIPT_HEADERS_MAX = 100 * 1024, RECEIPT_DATE_SIZE = 64 };

/* What the headers of an answer say of a list in its body: that it goes on (Link with rel="next", RFC 8288;
 * X-Next-Page), how many there are of all (X-Total-Count, X-Total, Content-Range) and how many pages
 * (X-Total-Pages); 0: not said. */
struct receipt_list {
    bool goes_on;
    uint64_t total, pages;
};

struct receipt {
    struct buffer body;
    bool body_cut; /* there was more than RECEIPT_BODY_MAX */
    size_t header_len;
    bool head_cut; /* there was more than RECEIPT_HEADERS_MAX */
    bool is_coded; /* it has a transfer coding beside chunked: libcurl 7.88 would undo it, asked for or not */
    char retry_after[RECEIPT_DATE_SIZE], date[RECEIPT_DATE_SIZE];
    char request_id[OUTCOME_REQUEST_ID_SIZE];
    unsigned request_id_rank;           /* 0: none yet */
    char error_type[RECEIPT_DATE_SIZE]; /* x-amzn-errortype, cut */
    struct receipt_list list;
};

void receipt_init(struct receipt *receipt);
void receipt_clear(struct receipt *receipt);
/* Empties it for the next attempt. */
void receipt_reset(struct receipt *receipt);

/* One header line, status lines included, with or without its line end. False: over the bound, or a transfer
 * coding that was not asked for: stop reading. */
bool receipt_add_header(struct receipt *receipt, struct slice line);
/* False: over the bound, stop reading; what fits is kept. */
bool receipt_add_body(struct receipt *receipt, struct slice bytes);

/* Retry-After (RFC 9110, 10.2.3) as a wait from now on: seconds, by some providers with a fraction, or a
 * date, taken relative to the answer's own Date, so that the two clocks need not agree. Of several, in lines
 * of their own or joined by commas, the first that can be read. At most 366 days; 0: none, past, or
 * unreadable. */
uint64_t receipt_retry_after_ns(const struct receipt *receipt, uint64_t real_ns);

/* The answer's Date (RFC 9110, 6.6.1) in real ns, in whole seconds; 0: none, unreadable, or behind 2261. */
uint64_t receipt_date_ns(const struct receipt *receipt);

#endif
