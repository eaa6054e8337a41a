/* bare-curl URL TOKEN IN_FLIGHT < BODIES: posts each line with libcurl's multi interface as fast as possible:
 * the reference of `make bench` for the sending half. Prints the seconds. Any answer but 200 ends it with 1.
 * Independent of the project's code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

static struct {
    CURLM *multi;
    size_t begun, done, bad;
} loop;

/* NOLINTNEXTLINE(readability-non-const-parameter): the type of a CURLOPT_WRITEFUNCTION. */
static size_t drop(char *cursor, size_t size, size_t count, void *context)
{
    (void)cursor, (void)context;
    return size * count;
}

/* Empty at the end of the bodies. */
static void post_next(CURL *easy, char *line, int size)
{
    if (!fgets(line, size, stdin))
        return;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, line);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strcspn(line, "\n"));
    curl_multi_add_handle(loop.multi, easy);
    loop.begun++;
}

static void take_finished(int size)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop.multi, &left))) {
        CURL *easy = message->easy_handle;
        long status = 0;
        char *line = NULL;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &line);
        loop.done++;
        loop.bad += message->data.result != CURLE_OK || status != 200;
        curl_multi_remove_handle(loop.multi, easy);
        post_next(easy, line, size);
    }
}

static CURL *handle_new(const char *url, struct curl_slist *headers, int size)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, malloc((size_t)size));
    return easy;
}

int main(int argc, char **argv)
{
    enum { BODY_MAX = 16384 };
    char token[256];
    struct timespec begin, end;
    if (argc != 4)
        return 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    loop.multi = curl_multi_init();
    snprintf(token, sizeof token, "Authorization: Bearer %s", argv[2]);
    struct curl_slist *headers = curl_slist_append(NULL, token);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json");
    headers = curl_slist_append(headers, "Expect:");
    long in_flight = strtol(argv[3], NULL, 10);
    curl_multi_setopt(loop.multi, CURLMOPT_MAXCONNECTS, in_flight);

    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < in_flight; i++) {
        CURL *easy = handle_new(argv[1], headers, BODY_MAX);
        char *line = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &line);
        post_next(easy, line, BODY_MAX);
    }
    while (loop.done < loop.begun) {
        int running;
        curl_multi_perform(loop.multi, &running);
        take_finished(BODY_MAX);
        curl_multi_perform(loop.multi, &running);
        if (running > 0)
            curl_multi_poll(loop.multi, NULL, 0, 1000, NULL);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n", (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    if (loop.bad)
        fprintf(stderr, "bare-curl: %zu of %zu were not created\n", loop.bad, loop.done);
    return loop.bad ? 1 : 0;
}
