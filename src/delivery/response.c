#include "delivery/response.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "core/clock.h"

#define RETRY_AFTER_MAX_S UINT64_C(31622400)

void response_init(struct response *response)
{
    *response = (struct response){0};
    buffer_init_wiped(&response->body, RESPONSE_BODY_MAX);
}

void response_clear(struct response *response)
{
    buffer_clear(&response->body);
}

static void clear_headers(struct response *response)
{
    response->retry_after[0] = response->date[0] = response->request_id[0] = response->error_type[0] = '\0';
    response->request_id_rank = 0;
    response->list = (struct response_list){.has_more = false};
}

void response_reset(struct response *response)
{
    buffer_reset(&response->body);
    response->body_cut = response->head_cut = response->is_coded = false;
    response->header_len = 0;
    clear_headers(response);
}

/* The value of `name: value` without blanks around it; false for another name. */
static bool header_value(struct slice line, const char *name, struct slice *value)
{
    size_t len = strlen(name);
    if (line.len <= len || line.data[len] != ':' || strncasecmp(line.data, name, len) != 0)
        return false;
    const char *cursor = line.data + len + 1, *end = line.data + line.len;
    while (cursor < end && (*cursor == ' ' || *cursor == '\t'))
        cursor++;
    while (end > cursor && strchr(" \t\r\n", end[-1]))
        end--;
    *value = slice_make(cursor, (size_t)(end - cursor));
    return true;
}

/* Copies printable ASCII; a text longer than out is cut. */
static void copy_printable(struct slice value, char *out, size_t size)
{
    size_t len = value.len < size - 1 ? value.len : size - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = value.data[i] >= ' ' && value.data[i] <= '~' ? value.data[i] : '?';
    out[len] = '\0';
}

static bool is_word(struct slice value, const char *word)
{
    return value.len == strlen(word) && strncasecmp(value.data, word, value.len) == 0;
}

static void read_request_id(struct response *response, struct slice line)
{
    static const char *const names[] = {"x-trace-id", "x-request-id", "x-amzn-requestid"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice value;
        unsigned rank = i + 1;
        if ((response->request_id_rank == 0 || rank < response->request_id_rank) &&
            header_value(line, names[i], &value) && value.len > 0) {
            copy_printable(value, response->request_id, sizeof response->request_id);
            response->request_id_rank = rank;
        }
    }
}

/* Seconds with or without a fraction, then the end, a blank or a comma. False: something else. */
static bool read_seconds(const char *text, uint64_t *ns)
{
    size_t digits = strspn(text, "0123456789"), len = digits;
    uint64_t seconds = 0, fraction_ns = 0, place_ns = CLOCK_NS_PER_S;

    if (text[len] == '.') {
        size_t more = strspn(text + len + 1, "0123456789");
        for (size_t i = len + 1; i <= len + more && place_ns >= 10; i++)
            fraction_ns += (uint64_t)(text[i] - '0') * (place_ns /= 10);
        len += 1 + more;
    }
    if (digits == 0 || !strchr(", \t", text[len]))
        return false;
    for (size_t i = 0; i < digits && seconds < RETRY_AFTER_MAX_S; i++)
        seconds = seconds * 10 + (uint64_t)(text[i] - '0');
    *ns = seconds < RETRY_AFTER_MAX_S ? seconds * CLOCK_NS_PER_S + fraction_ns
                                      : RETRY_AFTER_MAX_S * CLOCK_NS_PER_S;
    return true;
}

/* The date at the beginning of text (it holds a comma itself: what is joined to it follows its zone), or -1.
 */
static time_t read_date(const char *text)
{
    char date[RESPONSE_DATE_SIZE];
    const char *zone = strstr(text, "GMT");
    size_t len = zone ? (size_t)(zone - text) + 3 : strlen(text);

    if (len >= sizeof date)
        return -1;
    memcpy(date, text, len);
    date[len] = '\0';
    return len > 0 ? curl_getdate(date, NULL) : -1;
}

/* The first that can be read is the one. */
static void read_retry_after(struct response *response, struct slice value)
{
    char text[RESPONSE_DATE_SIZE] = "";
    uint64_t ns;

    if (response->retry_after[0] != '\0')
        return;
    copy_printable(value, text, sizeof text);
    if (read_seconds(text, &ns) || read_date(text) >= 0)
        memcpy(response->retry_after, text, sizeof text);
}

static uint64_t read_number(struct slice text)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9' && number <= UINT32_MAX;
         i++)
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    return number;
}

/* A Link whose relation is `next`, quoted or not. */
static bool links_to_next(struct slice value)
{
    static const char *const relations[] = {"rel=\"next\"", "rel='next'", "rel=next"};
    for (size_t offset = 0; offset < value.len; offset++)
        for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
            size_t len = strlen(relations[i]);
            if (len <= value.len - offset && strncasecmp(value.data + offset, relations[i], len) == 0)
                return true;
        }
    return false;
}

/* False: the line is not about a list. */
static bool read_list_header(struct response_list *list, struct slice line)
{
    struct slice value;
    if (header_value(line, "link", &value)) {
        list->has_more = list->has_more || links_to_next(value);
    } else if (header_value(line, "x-next-page", &value)) {
        list->has_more = list->has_more || read_number(value) > 0;
    } else if (header_value(line, "x-total-count", &value) || header_value(line, "x-total", &value)) {
        list->total = read_number(value);
    } else if (header_value(line, "x-total-pages", &value)) {
        list->pages = read_number(value);
    } else if (header_value(line, "content-range", &value)) {
        const char *slash = value.len > 0 ? memchr(value.data, '/', value.len) : NULL;
        size_t before = slash ? (size_t)(slash - value.data) + 1 : value.len;
        list->total = read_number(slice_skip(value, before));
    } else {
        return false;
    }
    return true;
}

bool response_add_header(struct response *response, struct slice line)
{
    response->header_len += line.len;
    if (response->header_len > RESPONSE_HEADERS_MAX) {
        response->head_cut = true;
        return false;
    }
    struct slice value;
    if (line.len >= 5 && memcmp(line.data, "HTTP/", 5) == 0) {
        clear_headers(response);
    } else if (header_value(line, "transfer-encoding", &value)) {
        response->is_coded = !is_word(value, "chunked") && !is_word(value, "identity");
        return !response->is_coded;
    } else if (header_value(line, "retry-after", &value)) {
        read_retry_after(response, value);
    } else if (header_value(line, "date", &value)) {
        copy_printable(value, response->date, sizeof response->date);
    } else if (header_value(line, "x-amzn-errortype", &value)) {
        copy_printable(value, response->error_type, sizeof response->error_type);
    } else if (!read_list_header(&response->list, line)) {
        read_request_id(response, line);
    }
    return true;
}

bool response_add_body(struct response *response, struct slice bytes)
{
    size_t capacity = RESPONSE_BODY_MAX - response->body.len;
    response->body_cut = bytes.len > capacity;
    buffer_append(&response->body, slice_make(bytes.data, response->body_cut ? capacity : bytes.len));
    return !response->body_cut;
}

uint64_t response_retry_after_ns(const struct response *response, uint64_t real_ns)
{
    uint64_t ns;
    if (response->retry_after[0] == '\0')
        return 0;
    if (read_seconds(response->retry_after, &ns))
        return ns;
    time_t until = read_date(response->retry_after);
    time_t now = response->date[0] != '\0' ? curl_getdate(response->date, NULL) : -1;
    if (now < 0)
        now = (time_t)(real_ns / CLOCK_NS_PER_S);
    uint64_t seconds = until > now ? (uint64_t)(until - now) : 0;
    return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * CLOCK_NS_PER_S;
}

uint64_t response_date_ns(const struct response *response)
{
    time_t date = response->date[0] != '\0' ? curl_getdate(response->date, NULL) : -1;
    bool is_time =
        date > 0 && (uint64_t)date < INT64_MAX / CLOCK_NS_PER_S; /* others are compared as signed ns */
    return is_time ? (uint64_t)date * CLOCK_NS_PER_S : 0;
}
