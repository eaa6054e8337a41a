/* file: whole small files, and files that appear complete or not at all.
 *
 * Thread: any; a struct file_draft belongs to one thread.
 */
#ifndef KYC_CORE_FILE_H
#define KYC_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"

/* Opens a regular file for reading, and never waits: a path may lead to a pipe, whose opening would wait for
 * a writer, or to a device. *about: the file as it was opened. Gives a descriptor, or -1 and *why: words that
 * go behind the path and a colon (valid until the next call). Owner: the caller closes. */
int file_open(const char *path, struct stat *about, const char **why);
/* What is not a regular file, for messages: `it is a folder, not a file`; NULL for a regular file. */
const char *file_kind_fault(mode_t mode);
/* Why open(2) of path has failed, by its errno: words as of file_open's why. */
const char *file_open_fault(const char *path);

/* Appends the whole file to out, whose maximum bounds it. Returns 0, or -1 with scope ERROR_USAGE and a
 * message that names the path and the reason: what is not a regular file is refused (file_open). */
int file_read(const char *path, struct buffer *out, struct error *error);
/* The same, and *about: the file as it was opened. */
int file_read_about(const char *path, struct buffer *out, struct stat *about, struct error *error);

/* folder + "/" + path, or path alone when it is absolute. Owner: the caller frees. */
char *file_join(const char *folder, const char *path);
/* All before the last slash ("." when there is none, "/" for the root). Owner: the caller frees. */
char *file_folder(const char *path);
/* path with its folder absolute and without symbolic links; its last part is as it is. NULL with errno: the
 * folder does not exist. Owner: the caller frees. */
char *file_absolute(const char *path);

/* Makes a folder and its missing parents, the new ones with mode 0700. 0, or -1 with errno. */
int file_make_folder(const char *path);
/* The same with mode 0755, whatever the umask: for files that other accounts read. */
int file_make_public_folder(const char *path);

/* fsync of the folder that path is in: a new or renamed file is durable when its folder is. 0, or -1 with
 * errno. */
int file_sync_folder(const char *path);

/* A file that is written aside (PATH.tmp-PID, or PATH.tmp-PID-NUMBER where there is one; 0600, O_EXCL) and
 * renamed over PATH by file_draft_commit: readers see the old one or the new one, whole. Opening one unlinks
 * the drafts of the same path that a killed process left behind. */
struct file_draft {
    int fd;
    char *path, *draft_path;
    unsigned mode; /* of the final file */
};

/* Unlinks the drafts that a killed process left of all files whose paths begin with this prefix: they may
 * hold secrets or personal data, and no one would ever look for them. */
void file_draft_sweep(const char *prefix);
/* The same of the file of this path alone. each, unless NULL, gets the path of each that was unlinked, valid
 * during the call. 0, or -1 with errno: one could not be opened or removed. */
int file_draft_sweep_of(const char *path, void (*each)(void *context, const char *draft), void *context);

/* mode: permission bits of the final file. 0, or -1 with errno. */
int file_draft_open(struct file_draft *draft, const char *path, unsigned mode);
/* Writes all of bytes. 0, or -1 with errno. */
int file_draft_write(struct file_draft *draft, struct slice bytes);
/* fsync, rename, fsync of the folder; then as file_draft_drop. 0, or -1 with errno. */
int file_draft_commit(struct file_draft *draft);
/* The same, but it replaces nothing: -1 with EEXIST where there is something at PATH. */
int file_draft_commit_new(struct file_draft *draft);
/* Closes and unlinks the draft; safe on a zeroed or committed one. */
void file_draft_drop(struct file_draft *draft);

/* All of the above: a file that holds bytes and nothing else, durable. 0, or -1 with errno. */
int file_replace(const char *path, unsigned mode, struct slice bytes);

/* True when fd is a regular file with one name: a lock that is more may be somebody's own file, linked there
 * so that we empty it. Else false with errno EMLINK or EINVAL. */
bool file_is_alone(int fd);

/* write(2) until all is written. 0, or -1 with errno. */
int file_write_all(int fd, struct slice bytes);

#endif
