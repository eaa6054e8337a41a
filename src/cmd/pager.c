#include "cmd/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 }; /* the shell's exit statuses */

/* True when a program of this name is in $PATH. */
static bool is_installed(const char *name)
{
    const char *path = getenv("PATH");
    struct slice rest = slice_from(path ? path : ""), folder;
    bool found = false;

    while (!found && slice_next_item(&rest, SLICE_LITERAL(":"), &folder)) {
        char text[4096];
        if (folder.len == 0 || folder.len + strlen(name) + 2 > sizeof text)
            continue;
        memcpy(text, folder.data, folder.len);
        text[folder.len] = '/';
        memcpy(text + folder.len + 1, name, strlen(name) + 1);
        found = access(text, X_OK) == 0;
    }
    return found;
}

/* NULL: none. */
static const char *find_pager(void)
{
    const char *pager = getenv("PAGER");

    if (!isatty(STDOUT_FILENO))
        return NULL;
    if (pager)
        return *pager ? pager : NULL;
    return is_installed("less") ? "less -R" : NULL;
}

/* The pager reads from the pipe `in`. 0, or an errno. */
static int spawn(const char *command, int in, pid_t *pid)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): posix_spawn changes no argument. */
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int result = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int pager_open(struct pager *pager, struct error *error)
{
    const char *command = find_pager();
    int ends[2];

    *pager = (struct pager){.fd = STDOUT_FILENO};
    if (!command)
        return 0;
    /* The pager alone is ended by Ctrl-C, and closing it must not end this process. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, ERROR_USAGE, "cannot start the pager: %s", strerror(errno));
    int result = spawn(command, ends[0], &pager->pid);
    close(ends[0]);
    if (result == 0) {
        pager->fd = ends[1];
        return 0;
    }
    close(ends[1]);
    pager->pid = 0;
    return error_set(error, ERROR_USAGE, "cannot start the pager: %s", strerror(result));
}

int pager_write(struct pager *pager, struct slice text, struct error *error)
{
    if (pager->quit || file_write_all(pager->fd, text) == 0)
        return 0;
    if (pager->pid && errno == EPIPE) {
        pager->quit = true;
        return 0;
    }
    return error_set(error, ERROR_USAGE, "cannot write to standard output: %s", strerror(errno));
}

int pager_close(struct pager *pager, struct error *error)
{
    int status = 0;

    if (!pager->pid)
        return 0;
    close(pager->fd);
    while (waitpid(pager->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || (WEXITSTATUS(status) != NOT_FOUND && WEXITSTATUS(status) != NOT_EXECUTABLE))
        return 0;
    return error_set(
        error, ERROR_USAGE,
        "the pager cannot be run\nhint: correct $PAGER, or set it to nothing to write without one");
}
