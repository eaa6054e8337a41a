#include "delivery/receipt.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "core/clock.h"

#define RETRY_AFTER_MOST_S UINT64_C(31622400)

void receipt_init(struct receipt *receipt)
{
    *receipt = (struct receipt){0};
    buffer_init_wiped(&receipt->body, RECEIPT_BODY_MAX);
}

void receipt_clear(struct receipt *receipt)
{
    buffer_clear(&receipt->body);
}

static void forget_headers(struct receipt *receipt)
{
    receipt->retry_after[0] = receipt->date[0] = receipt->request_id[0] = receipt->error_type[0] = '\0';
    receipt->request_id_rank = 0;
}

void receipt_reset(struct receipt *receipt)
{
    buffer_reset(&receipt->body);
    receipt->body_cut = receipt->head_cut = false;
    receipt->header_len = 0;
    forget_headers(receipt);
}

/* The value of `name: value` without blanks around it; false for another name. */
static bool header_value(struct slice line, const char *name, struct slice *value)
{
    size_t len = strlen(name);
    if (line.len <= len || line.at[len] != ':' || strncasecmp(line.at, name, len) != 0) {
        return false;
    }
    const char *at = line.at + len + 1, *end = line.at + line.len;
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    while (end > at && strchr(" \t\r\n", end[-1])) {
        end--;
    }
    *value = slice_make(at, (size_t)(end - at));
    return true;
}

/* Copies printable ASCII; what is longer than the room is cut. */
static void keep(struct slice value, char *out, size_t size)
{
    size_t len = value.len < size - 1 ? value.len : size - 1;
    for (size_t i = 0; i < len; i++) {
        out[i] = value.at[i] >= ' ' && value.at[i] <= '~' ? value.at[i] : '?';
    }
    out[len] = '\0';
}

static void keep_request_id(struct receipt *receipt, struct slice line)
{
    static const char *const names[] = {"x-trace-id", "x-request-id", "x-amzn-requestid"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct slice value;
        unsigned rank = i + 1;
        if ((receipt->request_id_rank == 0 || rank < receipt->request_id_rank) &&
            header_value(line, names[i], &value) && value.len > 0) {
            keep(value, receipt->request_id, sizeof(receipt->request_id));
            receipt->request_id_rank = rank;
        }
    }
}

bool receipt_add_header(struct receipt *receipt, struct slice line)
{
    receipt->header_len += line.len;
    if (receipt->header_len > RECEIPT_HEADERS_MAX) {
        receipt->head_cut = true;
        return false;
    }
    struct slice value;
    if (line.len >= 5 && memcmp(line.at, "HTTP/", 5) == 0) {
        forget_headers(receipt);
    } else if (header_value(line, "retry-after", &value)) {
        keep(value, receipt->retry_after, sizeof(receipt->retry_after));
    } else if (header_value(line, "date", &value)) {
        keep(value, receipt->date, sizeof(receipt->date));
    } else if (header_value(line, "x-amzn-errortype", &value)) {
        keep(value, receipt->error_type, sizeof(receipt->error_type));
    } else {
        keep_request_id(receipt, line);
    }
    return true;
}

bool receipt_add_body(struct receipt *receipt, struct slice bytes)
{
    size_t room = RECEIPT_BODY_MAX - receipt->body.len;
    receipt->body_cut = bytes.len > room;
    buffer_append(&receipt->body, slice_make(bytes.at, receipt->body_cut ? room : bytes.len));
    return !receipt->body_cut;
}

uint64_t receipt_retry_after_ns(const struct receipt *receipt, uint64_t real_ns)
{
    const char *text = receipt->retry_after;
    size_t digits = strspn(text, "0123456789");
    uint64_t seconds = 0;
    if (digits > 0 && text[digits] == '\0') {
        for (size_t i = 0; i < digits && seconds < RETRY_AFTER_MOST_S; i++) {
            seconds = seconds * 10 + (uint64_t)(text[i] - '0');
        }
    } else if (text[0] != '\0') {
        time_t until = curl_getdate(text, NULL);
        time_t now = receipt->date[0] != '\0' ? curl_getdate(receipt->date, NULL) : -1;
        if (now < 0) {
            now = (time_t)(real_ns / CLOCK_NS_PER_S);
        }
        seconds = until > now ? (uint64_t)(until - now) : 0;
    }
    return (seconds < RETRY_AFTER_MOST_S ? seconds : RETRY_AFTER_MOST_S) * CLOCK_NS_PER_S;
}

uint64_t receipt_date_ns(const struct receipt *receipt)
{
    time_t date = receipt->date[0] != '\0' ? curl_getdate(receipt->date, NULL) : -1;
    return date > 0 ? (uint64_t)date * CLOCK_NS_PER_S : 0;
}
