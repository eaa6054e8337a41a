/* response: the reply to one attempt, as it comes in, within bounds.
 *
 * At most 64 KiB of a body and 100 KiB of headers are read; nothing of an interim
 * (1xx) reply is kept. Thread: the sender's. Owner: init/clear.
 */
#ifndef KYC_DELIVERY_RESPONSE_H
#define KYC_DELIVERY_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"
#include "model/outcome.h"

enum { RESPONSE_BODY_MAX = 64 * 1024, RESPONSE_HEADERS_MAX = 100 * 1024, RESPONSE_DATE_SIZE = 64 };

/* What the headers state about a list in the body: that there is more (Link with rel="next", RFC 8288;
 * X-Next-Page), how many there are of all (X-Total-Count, X-Total, Content-Range) and how many pages
 * (X-Total-Pages); 0: not stated. */
struct response_list {
    bool has_more;
    uint64_t total, pages;
};

struct response {
    struct buffer body;
    bool body_cut; /* there was more than RESPONSE_BODY_MAX */
    size_t header_len;
    bool head_cut; /* there was more than RESPONSE_HEADERS_MAX */
    bool is_coded; /* it has a transfer coding beside chunked: libcurl 7.88 would undo it, asked for or not */
    char retry_after[RESPONSE_DATE_SIZE], date[RESPONSE_DATE_SIZE];
    char request_id[OUTCOME_REQUEST_ID_SIZE];
    unsigned request_id_rank;            /* 0: none yet */
    char error_type[RESPONSE_DATE_SIZE]; /* x-amzn-errortype, cut */
    struct response_list list;
};

void response_init(struct response *response);
void response_clear(struct response *response);
/* Empties it for the next attempt. */
void response_reset(struct response *response);

/* One header line, status lines included, with or without its line end. False: over the bound, or a transfer
 * coding that was not asked for: stop reading. */
bool response_add_header(struct response *response, struct slice line);
/* False: over the bound, stop reading; what fits is kept. */
bool response_add_body(struct response *response, struct slice bytes);

/* Retry-After (RFC 9110, 10.2.3) as a wait from now on: seconds, by some providers with a fraction, or a
 * date, taken relative to the reply's own Date, so that the two clocks need not agree. Of several, in lines
 * of their own or joined by commas, the first that can be read. At most 366 days; 0: none, past, or
 * unreadable. */
uint64_t response_retry_after_ns(const struct response *response, uint64_t real_ns);

/* The reply's Date (RFC 9110, 6.6.1) in real ns, in whole seconds; 0: none, unreadable, or behind 2261. */
uint64_t response_date_ns(const struct response *response);

#endif
