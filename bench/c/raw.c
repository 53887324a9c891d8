/* The floor that the table compares with: reads a whole POP3 box with up to WINDOW RETRs outstanding, keeps nothing.
 * usage: raw PORT USER PASSWORD; prints the number of mails read. */
#define _GNU_SOURCE
#include "pop3.h"

enum { WINDOW = 1000, BUFFER = 1 << 18 };

int main(int argc, char **argv) {
    static char buffer[BUFFER], commands[WINDOW * 16];
    int count, asked = 0, done = 0, seen = 0;
    if (argc != 4) die("usage: raw PORT USER PASSWORD");
    int fd = log_in(argv[1], argv[2], argv[3], &count);
    while (done < count) {
        if (asked < count && asked - done <= WINDOW / 2) {
            size_t length = 0;
            while (asked < count && asked - done < WINDOW) length += sprintf(commands + length, "RETR %d\r\n", ++asked);
            say(fd, commands, length);
        }
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got <= 0) die("the server hung up");
        for (char *at = buffer, *end = buffer + got; at < end;) { /* `seen` octets of CRLF . CRLF are matched */
            if (seen == 0 && (at = memchr(at, '\r', end - at)) == NULL) break;
            seen = *at == "\r\n.\r\n"[seen] ? seen + 1 : *at == '\r';
            at++;
            if (seen == 5) { done++; seen = 0; }
        }
    }
    quit(fd);
    printf("%d\n", done);
    return 0;
}
