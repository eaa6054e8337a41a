#include "sandbox/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/loopback.h"
#include "sandbox/credentials.h"

const char options_help[] =
    "usage: kyc-sandbox [--listen 127.0.0.1:8780] [OPTION]...\n"
    "\n"
    "Serves the providers' APIs on loopback, strict, with faults on request.\n"
    "\n"
    "  --listen ADDRESS:PORT  a loopback address; port 0: the kernel chooses (127.0.0.1:8780)\n"
    "  --tls-pem FILE         serve HTTPS too, with the private key and the certificate in this file\n"
    "  --tls-listen ADDRESS:PORT       of HTTPS (127.0.0.1:0)\n"
    "  --rate N/s             answer 429 when more than N requests arrive within a second\n"
    "  --latency A..B         delay each answer by a random time, e.g. 20ms..80ms or 50ms\n"
    "  --fault KIND:SHARE     repeatable; SHARE is 5%, 0.05, or x3 for the next three; KIND is one of\n"
    "                         without handling the request: status-401, status-422, status-500, status-503,\n"
    "                         status-429, reset, not-found (404), retry-after (503 with Retry-After)\n"
    "                         after handling it: drop (no answer), garbage, truncate;\n"
    "                         folded-header: the answer's first header line begins with a blank;\n"
    "                         foreign-bytes: the answer a second time, unasked, on a connection that stays open;\n"
    "                         left-out: kira and payso answer without the user's birth date;\n"
    "                         not-taken: kira applies an update without its first member, and reports that;\n"
    "                         warning: kira answers a create or an update with warnings;\n"
    "                         link-error: kira creates a user, but not its link; rejected: a user that is\n"
    "                         rejected at once; not-triggered: kira creates one and does not begin to verify it\n"
    "                         slow: handles the request only after --slow-for\n"
    "                         KIND:SHARE@OPERATION: only for create, update, look_up, fetch, list, link, document or login\n"
    "  --retry-after TIME     of each 429 and retry-after, in whole seconds; date:TIME: an HTTP date; 0s: none (1s)\n"
    "  --slow-for TIME        delay of `slow`, longer than the client waits (35s)\n"
    "  --seed N               of faults and latencies (1)\n"
    "  --state FILE           keep users and nonces over a restart\n"
    "  --nonce-window N       how far a nonce may be below the highest one seen (0)\n"
    "  --kraken-version-header NAME    of kraken-embed (Payward-Version)\n"
    "  --token-life TIME               of kira's logins (3600s)\n"
    "  --idempotency-life TIME         of kira's idempotency keys (24h)\n"
    "  --kira-unique external_id|none  field that must be unique among kira's users (none)\n"
    "  --payso-unique email|none       field that must be unique among payso's users (none)\n"
    "  --verify-after A..B    decide each user after a random time, e.g. 2s..10s: verified, rejected, or it needs\n"
    "                         action; then a visited link or a document moves it on: in review, decided again\n"
    "  --reject-share SHARE   of the decided users that are rejected, e.g. 5% (0%)\n"
    "  --action-share SHARE   of the decided users that need action (0%)\n"
    "  --link-life TIME       of verification links; one made while another can be used is a duplicate (no end)\n"
    "  --kira-list-states yes|no       whether kira's listing has verification_status (yes)\n"
    "  --payso-dates DD/MM/YYYY|YYYY-MM-DD  payso's format of a birth date (DD/MM/YYYY)\n"
    "  --conflicts plain|name-user     whether a 409 of kraken-embed or kira contains the user's id (plain)\n"
    "  --emails as-sent|lower-case     how e-mails are stored, and compared by kira's look-up (as-sent)\n"
    "  --threads N            that serve connections (2)\n"
    "  --key-tag TAG          append -TAG (a-z, 0-9) to each API key, token and client id, for several sandboxes at once\n"
    "  --help\n"
    "\n"
    "GET /_sandbox returns the counters, GET /_sandbox/users/PROVIDER the users, one JSON object a line.\n"
    "POST /_sandbox/faults replaces the faults (one KIND:SHARE[@OPERATION] a line), /_sandbox/reset sets the\n"
    "counters to zero, /_sandbox/revoke-tokens ends all logins, /_sandbox/revoke-keys refuses every API key until\n"
    "/_sandbox/restore-keys.\n"
    "POST /_sandbox/verification?api=PROVIDER&user=ID&state=STATE sets the state of a user: unverified, started,\n"
    "in_review, needs_action, verified, rejected, or deleted: the provider does not have it any more.\n"
    "/_sandbox/verify/ID is the same for verified (kira then refuses updates of it), /_sandbox/remove for deleted\n"
    "(the id is the body). POST /_sandbox/visit does what a visit of the link in its body would.\n"
    "POST /_sandbox/later, with a time in the body, decides users as if so much time had passed, e.g. 12h.\n";

enum option_id {
    OPTION_LISTEN = 256,
    OPTION_TLS_PEM,
    OPTION_TLS_LISTEN,
    OPTION_RATE,
    OPTION_LATENCY,
    OPTION_FAULT,
    OPTION_RETRY_AFTER,
    OPTION_SLOW_FOR,
    OPTION_SEED,
    OPTION_STATE,
    OPTION_NONCE_WINDOW,
    OPTION_THREADS,
    OPTION_KEY_TAG,
    OPTION_KRAKEN_VERSION_HEADER,
    OPTION_TOKEN_LIFE,
    OPTION_IDEMPOTENCY_LIFE,
    OPTION_KIRA_UNIQUE,
    OPTION_PAYSO_UNIQUE,
    OPTION_PAYSO_DATES,
    OPTION_EMAILS,
    OPTION_VERIFY_AFTER,
    OPTION_REJECT_SHARE,
    OPTION_ACTION_SHARE,
    OPTION_LINK_LIFE,
    OPTION_KIRA_LIST_STATES,
    OPTION_CONFLICTS,
    OPTION_HELP
};

static const struct option option_table[] = {
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"tls-pem", required_argument, NULL, OPTION_TLS_PEM},
    {"tls-listen", required_argument, NULL, OPTION_TLS_LISTEN},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"latency", required_argument, NULL, OPTION_LATENCY},
    {"fault", required_argument, NULL, OPTION_FAULT},
    {"retry-after", required_argument, NULL, OPTION_RETRY_AFTER},
    {"slow-for", required_argument, NULL, OPTION_SLOW_FOR},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"state", required_argument, NULL, OPTION_STATE},
    {"nonce-window", required_argument, NULL, OPTION_NONCE_WINDOW},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"key-tag", required_argument, NULL, OPTION_KEY_TAG},
    {"kraken-version-header", required_argument, NULL, OPTION_KRAKEN_VERSION_HEADER},
    {"token-life", required_argument, NULL, OPTION_TOKEN_LIFE},
    {"idempotency-life", required_argument, NULL, OPTION_IDEMPOTENCY_LIFE},
    {"kira-unique", required_argument, NULL, OPTION_KIRA_UNIQUE},
    {"payso-unique", required_argument, NULL, OPTION_PAYSO_UNIQUE},
    {"payso-dates", required_argument, NULL, OPTION_PAYSO_DATES},
    {"emails", required_argument, NULL, OPTION_EMAILS},
    {"conflicts", required_argument, NULL, OPTION_CONFLICTS},
    {"verify-after", required_argument, NULL, OPTION_VERIFY_AFTER},
    {"reject-share", required_argument, NULL, OPTION_REJECT_SHARE},
    {"action-share", required_argument, NULL, OPTION_ACTION_SHARE},
    {"link-life", required_argument, NULL, OPTION_LINK_LIFE},
    {"kira-list-states", required_argument, NULL, OPTION_KIRA_LIST_STATES},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

/* an unsigned decimal at *text up to max; advances it */
static bool read_number(const char **text, uint64_t max, uint64_t *number)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(*text, &end, 10);
    if (errno != 0 || value > max)
        return false;
    *text = end;
    *number = value;
    return true;
}

static bool read_whole_number(const char *text, uint64_t max, uint64_t *number)
{
    return read_number(&text, max, number) && *text == '\0';
}

/* `20ms`, `2s`, `1m`; at most a day */
static bool read_time(const char **text, uint64_t *time_ns)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"us", 1000},
                 {"ms", CLOCK_NS_PER_MS},
                 {"s", CLOCK_NS_PER_S},
                 {"m", 60 * CLOCK_NS_PER_S},
                 {"h", 3600 * CLOCK_NS_PER_S}};
    uint64_t number;
    if (!read_number(text, 86400000, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i].unit);
        if (strncmp(*text, units[i].unit, len) == 0) {
            *text += len;
            *time_ns = number * units[i].ns;
            return *time_ns <= 86400 * CLOCK_NS_PER_S;
        }
    }
    return false;
}

bool options_read_time(struct slice text, uint64_t *time_ns)
{
    char copy[24] = "";
    const char *cursor = copy;
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.len);
    return read_time(&cursor, time_ns) && *cursor == '\0';
}

static int read_listen(struct sockaddr_in *listen, const char *text, struct error *error)
{
    char host[64];
    uint64_t port;
    const char *colon = strrchr(text, ':');
    size_t host_len = colon ? (size_t)(colon - text) : 0;
    if (host_len == 0 || host_len >= sizeof host || !read_whole_number(colon + 1, UINT16_MAX, &port))
        return error_set(
            error, ERROR_USAGE,
            "--listen %s: not an address and a port\nhint: write ADDRESS:PORT, such as 127.0.0.1:8780", text);
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    const char *address = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    *listen = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, address, &listen->sin_addr) != 1 || !loopback_is_host(slice_from(address)))
        return error_set(
            error, ERROR_USAGE,
            "--listen %s: not a loopback address\nhint: the sandbox's keys are public; listen on 127.0.0.1",
            text);
    return 0;
}

/* `50ms` or `20ms..80ms` */
static int read_range(const char *option, const char *text, uint64_t *min_ns, uint64_t *max_ns,
                      struct error *error)
{
    const char *cursor = text;
    bool good = read_time(&cursor, min_ns);
    *max_ns = *min_ns;
    if (good && strncmp(cursor, "..", 2) == 0) {
        cursor += 2;
        good = read_time(&cursor, max_ns);
    }
    if (!good || *cursor != '\0' || *max_ns < *min_ns)
        return error_set(error, ERROR_USAGE,
                         "%s %s: not a time or a range\nhint: write one such as 50ms or 20ms..80ms", option,
                         text);
    return 0;
}

static int read_share(const char *option, const char *text, double *share, struct error *error)
{
    *share = fault_read_share(text);
    if (*share < 0)
        return error_set(error, ERROR_USAGE, "%s %s: not a share\nhint: write 5%% or 0.05", option, text);
    return 0;
}

static int read_rate(struct options *options, const char *text, struct error *error)
{
    uint64_t rate;
    const char *cursor = text;
    if (!read_number(&cursor, 1000000, &rate) || rate == 0 || strcmp(cursor, "/s") != 0)
        return error_set(error, ERROR_USAGE, "--rate %s: not a rate\nhint: write N/s, such as 50/s", text);
    options->rate_per_s = (uint32_t)rate;
    return 0;
}

/* `2s`, `0s`, `date:2s` */
static bool read_retry_after(struct options *options, const char *text)
{
    static const char date[] = "date:";
    options->retry_after_is_date = strncmp(text, date, strlen(date)) == 0;
    text += options->retry_after_is_date ? strlen(date) : 0;
    return read_time(&text, &options->retry_after_ns) && *text == '\0' &&
           options->retry_after_ns % CLOCK_NS_PER_S == 0;
}

static int read_numbers(struct options *options, int id, const char *text, struct error *error)
{
    uint64_t threads = 0;
    const char *cursor = text;
    if (id == OPTION_SEED && read_whole_number(text, UINT64_MAX, &options->seed))
        return 0;
    if (id == OPTION_NONCE_WINDOW && read_whole_number(text, UINT64_MAX, &options->nonce_window))
        return 0;
    if (id == OPTION_SLOW_FOR && read_time(&cursor, &options->slow_for_ns) && *cursor == '\0')
        return 0;
    if (id == OPTION_RETRY_AFTER && read_retry_after(options, text))
        return 0;
    if (id == OPTION_TOKEN_LIFE && read_time(&cursor, &options->token_life_ns) && *cursor == '\0')
        return 0;
    if (id == OPTION_LINK_LIFE && read_time(&cursor, &options->link_life_ns) && *cursor == '\0')
        return 0;
    if (id == OPTION_IDEMPOTENCY_LIFE && read_time(&cursor, &options->idempotency_life_ns) && *cursor == '\0')
        return 0;
    if (id == OPTION_THREADS && read_whole_number(text, 64, &threads) && threads > 0) {
        options->threads = (unsigned)threads;
        return 0;
    }
    return error_set(error, ERROR_USAGE, "%s: not a value of this option\nhint: see kyc-sandbox --help",
                     text);
}

/* one of two words; *second: it is the second */
static int read_choice(const char *option, const char *text, const char *first, const char *other,
                       bool *second, struct error *error)
{
    *second = strcmp(text, other) == 0;
    if (*second || strcmp(text, first) == 0)
        return 0;
    return error_set(error, ERROR_USAGE, "%s %s: unknown value\nhint: write %s or %s", option, text, first,
                     other);
}

static int read_key_tag(struct options *options, const char *text, struct error *error)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (len == 0 || len > CREDENTIAL_TAG_MAX || text[len] != '\0')
        return error_set(error, ERROR_USAGE,
                         "--key-tag %s: not a tag\nhint: write at most %d of a-z, 0-9 and '-'", text,
                         CREDENTIAL_TAG_MAX);
    options->key_tag = text;
    return 0;
}

static int read_option(struct options *options, int id, const char *text, struct error *error)
{
    switch (id) {
    case OPTION_LISTEN:
        return read_listen(&options->listen, text, error);
    case OPTION_TLS_LISTEN:
        return read_listen(&options->tls_listen, text, error);
    case OPTION_TLS_PEM:
        options->tls_pem = text;
        return 0;
    case OPTION_RATE:
        return read_rate(options, text, error);
    case OPTION_LATENCY:
        return read_range("--latency", text, &options->latency_min_ns, &options->latency_max_ns, error);
    case OPTION_VERIFY_AFTER:
        return read_range("--verify-after", text, &options->verify_min_ns, &options->verify_max_ns, error);
    case OPTION_REJECT_SHARE:
        return read_share("--reject-share", text, &options->reject_share, error);
    case OPTION_ACTION_SHARE:
        return read_share("--action-share", text, &options->action_share, error);
    case OPTION_KIRA_LIST_STATES:
        return read_choice("--kira-list-states", text, "yes", "no", &options->kira_list_without_states,
                           error);
    case OPTION_FAULT:
        return fault_plan_add(&options->faults, slice_from(text), error);
    case OPTION_STATE:
        options->state_path = text;
        return 0;
    case OPTION_KEY_TAG:
        return read_key_tag(options, text, error);
    case OPTION_KRAKEN_VERSION_HEADER:
        options->kraken_version_header = text;
        return 0;
    case OPTION_KIRA_UNIQUE:
        return read_choice("--kira-unique", text, "none", "external_id", &options->kira_unique_external_id,
                           error);
    case OPTION_PAYSO_UNIQUE:
        return read_choice("--payso-unique", text, "none", "email", &options->payso_unique_email, error);
    case OPTION_PAYSO_DATES:
        return read_choice("--payso-dates", text, "DD/MM/YYYY", "YYYY-MM-DD", &options->payso_iso_dates,
                           error);
    case OPTION_CONFLICTS:
        return read_choice("--conflicts", text, "plain", "name-user", &options->conflicts_name_user, error);
    case OPTION_EMAILS:
        return read_choice("--emails", text, "as-sent", "lower-case", &options->lower_case_emails, error);
    case OPTION_HELP:
        options->help = true;
        return 0;
    default:
        return read_numbers(options, id, text, error);
    }
}

int options_read(struct options *options, int argc, char **argv, struct error *error)
{
    *options = (struct options){.seed = 1,
                                .threads = 2,
                                .retry_after_ns = CLOCK_NS_PER_S,
                                .slow_for_ns = 35 * CLOCK_NS_PER_S,
                                .kraken_version_header = "Payward-Version",
                                .token_life_ns = 3600 * CLOCK_NS_PER_S,
                                .idempotency_life_ns = 86400 * CLOCK_NS_PER_S};
    read_listen(&options->listen, "127.0.0.1:8780", error);
    read_listen(&options->tls_listen, "127.0.0.1:0", error);
    opterr = 0;
    int id;
    while ((id = getopt_long(argc, argv, ":", option_table, NULL)) != -1) {
        if (id == '?' || id == ':')
            return error_set(error, ERROR_USAGE, "%s: %s\nhint: see kyc-sandbox --help", argv[optind - 1],
                             id == ':' ? "a value is missing" : "not an option");
        if (read_option(options, id, optarg, error))
            return -1;
    }
    if (optind < argc)
        return error_set(error, ERROR_USAGE, "%s: not an option\nhint: see kyc-sandbox --help", argv[optind]);
    if (options->reject_share + options->action_share > 1.0000001)
        return error_set(error, ERROR_USAGE,
                         "--reject-share and --action-share add up to more than 100%%\nhint: lower one");
    options->faults.random = options->seed;
    return 0;
}
