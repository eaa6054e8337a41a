/* kyc-sandbox: the providers' APIs on loopback, strict, with faults on request. */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "sandbox/api.h"
#include "sandbox/credentials.h"
#include "sandbox/options.h"
#include "sandbox/server.h"
#include "sandbox/server_state.h"

static const struct api *const apis[] = {&api_payward, &api_kraken_embed, &api_kira, &api_payso};

static void print_start(const struct options *options, const struct server *server)
{
    char address[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &options->listen.sin_addr, address, sizeof address);
    printf("kyc-sandbox: listening on http://%s:%u\n", address, server_port(server));
    inet_ntop(AF_INET, &options->tls_listen.sin_addr, address, sizeof address);
    if (server_tls_port(server))
        printf("kyc-sandbox: listening on https://%s:%u\n", address, server_tls_port(server));
    inet_ntop(AF_INET, &options->listen.sin_addr, address, sizeof address);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t i = 0; i < sizeof apis / sizeof *apis; i++)
        printf("kyc-sandbox: base_url of %s: http://%s:%u/%s\n", apis[i]->name, address, server_port(server),
               apis[i]->name);
    for (int i = 0; i < CREDENTIAL_COUNT; i++)
        printf("kyc-sandbox: %s: api_key %s, api_secret %s\n", credential_table[i].api,
               credential_table[i].api_key, credential_table[i].api_secret);
    printf("kyc-sandbox: kira: api_key %s, client_id %s, password %s\n", credential_kira_api_key,
           credential_kira_client_id, credential_kira_password);
    printf("kyc-sandbox: payso: token %s\n", credential_payso_token);
    printf("kyc-sandbox: ready\n");
    fflush(stdout);
}

static int serve(const struct options *options, const sigset_t *signals, struct error *error)
{
    struct server_state state;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    if (server_state_open(&state, options, apis, sizeof apis / sizeof *apis, error) != 0)
        return -1;
    struct server *server = server_start(&state, error);
    if (server) {
        int signal_number;
        print_start(options, server);
        sigwait(signals, &signal_number);
        server_stop(server);
    }
    server_state_close(&state);
    return server ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options options;
    struct error error;
    log_setup("kyc-sandbox", LOG_INFO, false);
    if (options_read(&options, argc, argv, &error)) {
        log_error("%s", error.text);
        return ERROR_USAGE;
    }
    if (options.help) {
        fputs(options_help, stdout);
        return 0;
    }

    if (options.key_tag)
        credentials_tag(options.key_tag);

    /* blocked before any thread starts, so that only sigwait receives them */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    if (serve(&options, &signals, &error)) {
        log_error("%s", error.text);
        return ERROR_USAGE;
    }
    return 0;
}
