/* The yardstick: a whole POP3 box into a Maildir, durably, and nothing else: no ledger, no facts, no log. RETRs are asked
 * for up to WINDOW octets ahead; the mails of a batch (BATCH_MAILS or BATCH_OCTETS) share their syncs: all are written under
 * tmp/, with their writeback begun; then each is synced, and tmp/; then all are renamed into new/, and new/ is synced.
 * usage: bare PORT USER PASSWORD MAILDIR. bench/bare.py is the same in Python. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <time.h>
#include "pop3.h"

enum { WINDOW = 4 << 20, BATCH_MAILS = 512, BATCH_OCTETS = 8 << 20, BUFFER = 1 << 18, NAME = 64 };

static int fd, tmp, new;
static int *sizes, count, asked, done;
static long ahead; /* octets asked for and not come */

static char names[BATCH_MAILS][NAME];
static int files[BATCH_MAILS], written;
static long batch_octets;

static char *input, output[BUFFER];
static size_t capacity = BUFFER, begin, end, pending; /* input[begin..end) is unread, output[..pending) unwritten */

static char *next_line(size_t *length) { /* through LF; it may be moved by the next call */
    size_t searched = 0;
    for (;;) {
        char *at = memchr(input + begin + searched, '\n', end - begin - searched);
        if (at != NULL) {
            char *line = input + begin;
            *length = at + 1 - line;
            begin += *length;
            return line;
        }
        searched = end - begin;
        if (begin > 0) {
            memmove(input, input + begin, searched);
            begin = 0;
            end = searched;
        }
        if (end == capacity && (input = realloc(input, capacity *= 2)) == NULL) die("realloc");
        ssize_t got = read(fd, input + end, capacity - end);
        if (got <= 0) die("the server hung up");
        end += got;
    }
}

static void read_sizes(void) {
    size_t length;
    if ((sizes = calloc(count + 1, sizeof *sizes)) == NULL || (input = malloc(capacity)) == NULL) die("malloc");
    say(fd, "LIST\r\n", 6);
    if (strncmp(next_line(&length), "+OK", 3) != 0) die("LIST");
    for (char *line; (line = next_line(&length))[0] != '.';) {
        int number = atoi(line);
        if (number >= 1 && number <= count) sizes[number] = atoi(strchr(line, ' '));
    }
}

static void ask(void) {
    static char commands[1 << 16];
    size_t length = 0;
    if (ahead > WINDOW / 4 * 3) return;
    while (asked < count && (ahead == 0 || ahead + sizes[asked + 1] <= WINDOW) && length < sizeof commands - 32) {
        length += sprintf(commands + length, "RETR %d\r\n", ++asked);
        ahead += sizes[asked];
    }
    if (length > 0) say(fd, commands, length);
}

static void flush(void) {
    say(files[written], output, pending);
    batch_octets += pending;
    pending = 0;
}

static void put(const char *text, size_t length) {
    while (length > 0) {
        size_t part = sizeof output - pending < length ? sizeof output - pending : length;
        memcpy(output + pending, text, part);
        pending += part;
        text += part;
        length -= part;
        if (pending == sizeof output) flush();
    }
}

static void retrieve(void) { /* the next mail, into the batch: CRLF turned into LF, dots unstuffed */
    size_t length;
    bool starts = true;
    if (strncmp(next_line(&length), "+OK", 3) != 0) die("RETR");
    snprintf(names[written], NAME, "%ld.M%06dP%d.bench", (long)time(NULL), done, (int)getpid());
    files[written] = openat(tmp, names[written], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (files[written] < 0) die("open");
    for (;;) {
        char *line = next_line(&length);
        bool ends = length >= 2 && line[length - 2] == '\r'; /* LF alone ends no line */
        if (starts && line[0] == '.') {
            if (ends && length == 3) break;
            line++;
            length--;
        }
        put(line, ends ? length - 2 : length);
        if (ends) put("\n", 1);
        starts = ends;
    }
    flush();
    written++;
    ahead -= sizes[++done];
}

static void settle(void) {
    for (int index = 0; index < written; index++) sync_file_range(files[index], 0, 0, SYNC_FILE_RANGE_WRITE);
    for (int index = 0; index < written; index++)
        if (fsync(files[index]) != 0 || close(files[index]) != 0) die("fsync");
    if (fsync(tmp) != 0) die("fsync tmp");
    for (int index = 0; index < written; index++)
        if (renameat(tmp, names[index], new, names[index]) != 0) die("rename");
    if (fsync(new) != 0) die("fsync new");
    written = 0;
    batch_octets = 0;
}

int main(int argc, char **argv) {
    char path[4096];
    if (argc != 5) die("usage: bare PORT USER PASSWORD MAILDIR");
    snprintf(path, sizeof path, "%s/tmp", argv[4]);
    tmp = open(path, O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "%s/new", argv[4]);
    new = open(path, O_RDONLY | O_DIRECTORY);
    if (tmp < 0 || new < 0) die("no Maildir");
    fd = log_in(argv[1], argv[2], argv[3], &count);
    read_sizes();
    while (done < count) {
        ask();
        retrieve();
        if (written == BATCH_MAILS || batch_octets >= BATCH_OCTETS) settle();
    }
    settle();
    quit(fd);
    return 0;
}
