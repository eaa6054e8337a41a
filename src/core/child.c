#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/memory.h"

enum {
    WAIT_MS = 10,           /* between two looks at whether it has ended */
    BLOCK_SIZE = 16 * 1024, /* read at once */
    BLOCKS_MAX = 64,        /* between two looks: a flood is read, and the time is kept */
    NAMES_MAX = 9,
};

static const char *const inherited[NAMES_MAX] = {"PATH", "HOME",   "USER", "LOGNAME", "SHELL",
                                                 "LANG", "LC_ALL", "TZ",   "TMPDIR"};

const char *child_find_fault(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return errno == ENOENT ? "there is no such file" : strerror(errno);
    if (!S_ISREG(about.st_mode))
        return "it is not a file";
    if (about.st_mode & S_IWOTH)
        return "every account may change this program, and so run what it likes as this one";
    if (geteuid() == 0 && about.st_uid != 0)
        return "another account owns this program, and could run what it likes as root";
    return access(path, X_OK) == 0 ? NULL : "it is not executable";
}

/* `NAME=VALUE` of each inherited variable that is set, then the caller's. Owner: free_environment. */
static char **make_environment(const char *const *variables)
{
    char **environment = memory_new(CHILD_ENVIRONMENT_MAX + 1, sizeof *environment);
    size_t count = 0;
    for (size_t i = 0; i < NAMES_MAX; i++) {
        const char *value = getenv(inherited[i]);
        if (!value && i == 0)
            value = "/usr/local/bin:/usr/bin:/bin";
        if (!value)
            continue;
        size_t name_len = strlen(inherited[i]), value_len = strlen(value);
        char *variable = environment[count++] = memory_new(name_len + value_len + 2, 1);
        memcpy(variable, inherited[i], name_len);
        variable[name_len] = '=';
        memcpy(variable + name_len + 1, value, value_len);
    }
    for (size_t i = 0; variables && variables[i] && count < CHILD_ENVIRONMENT_MAX; i++)
        environment[count++] = memory_copy(slice_from(variables[i]));
    return environment;
}

static void free_environment(char **environment)
{
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
    free(environment);
}

/* A memory file with these bytes, read from its beginning. -1 with errno. */
static int open_input(struct slice input)
{
    int fd = memfd_create("notification", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (file_write_all(fd, input) == 0 && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    close(fd);
    return -1;
}

/* 0, or an errno. */
static int spawn(const struct child *child, int in, int out, pid_t *pid)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGXFSZ, SIGALRM};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;

    sigemptyset(&none);
    sigemptyset(&defaults);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&defaults, signals[i]);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    char **environment = make_environment(child->variables);
    char *const *words; /* the type lacks a const that POSIX promises */
    memcpy(&words, &child->words, sizeof words);
    int failed = posix_spawn(pid, child->words[0], &actions, &attributes, words, environment);
    free_environment(environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Reads what is there, keeps the beginning and forgets the rest. False at its end. */
static bool read_output(int fd, struct child_result *result, size_t *len)
{
    char block[BLOCK_SIZE];
    for (int i = 0; i < BLOCKS_MAX; i++) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        size_t space = CHILD_OUTPUT_SIZE - 1 - *len, kept = (size_t)got < space ? (size_t)got : space;
        memcpy(result->output + *len, block, kept);
        *len += kept;
    }
    return true;
}

/* True when it shall not go on. */
static bool is_over(const struct interrupt *interrupt, uint64_t end_ns, struct child_result *result)
{
    result->interrupted = interrupt_has_arrived(interrupt);
    result->timed_out = !result->interrupted && clock_mono_ns() >= end_ns;
    return result->interrupted || result->timed_out;
}

/* Waits for its end, which a background process of it that keeps the pipe open does not delay. */
static void await(pid_t pid, int fd, const struct interrupt *interrupt, uint64_t timeout_ns,
                  struct child_result *result)
{
    uint64_t end_ns = clock_mono_ns() + timeout_ns;
    size_t len = 0;
    int status = 0;
    bool is_open = true, killed = false;

    for (;;) {
        pid_t ended = waitpid(pid, &status, killed ? 0 : WNOHANG);
        if (is_open)
            is_open = read_output(fd, result, &len);
        if (ended == pid || (ended < 0 && errno != EINTR))
            break;
        if (ended == 0 && is_over(interrupt, end_ns, result)) {
            killed = true;
            kill(-pid, SIGKILL);
            continue;
        }
        struct pollfd wait = {.fd = is_open ? fd : -1, .events = POLLIN};
        if (ended == 0)
            poll(&wait, 1, WAIT_MS);
    }
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    while (len > 0 && (unsigned char)result->output[len - 1] <= ' ')
        result->output[--len] = '\0';
}

int child_run(const struct child *child, struct child_result *result, struct error *error)
{
    struct interrupt interrupt;
    int ends[2], failed = 0;
    pid_t pid = 0;

    *result = (struct child_result){0};
    int in = open_input(child->input);
    if (in < 0)
        return error_set(error, ERROR_USAGE, "no memory file for its input: %s", strerror(errno));
    if (pipe2(ends, O_CLOEXEC) != 0) {
        error_set(error, ERROR_USAGE, "no pipe for its output: %s", strerror(errno));
        close(in);
        return -1;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK); /* the other end blocks, as a program expects */
    signal(SIGCHLD, SIG_DFL);
    interrupt_begin(&interrupt);
    failed = spawn(child, in, ends[1], &pid);
    close(in);
    close(ends[1]);
    if (!failed)
        await(pid, ends[0], &interrupt, child->timeout_ns, result);
    interrupt_end(&interrupt);
    close(ends[0]);
    return failed ? error_set(error, ERROR_USAGE, "%s", strerror(failed)) : 0;
}
