/* The floor that the table compares with: reads a whole POP3 box with up to WINDOW RETRs outstanding, keeps nothing.
 * usage: raw PORT USER PASSWORD; prints the number of mails read. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WINDOW = 200, BUFFER = 1 << 18 };

static int fd;

static void die(const char *why) { fprintf(stderr, "raw: %s\n", why); exit(1); }

static void say(const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written <= 0) die("write");
        text += written;
        length -= written;
    }
}

static void answer(char *line, size_t size) {
    size_t length = 0;
    while (length < size - 1 && read(fd, line + length, 1) == 1)
        if (line[length++] == '\n') break;
    line[length] = 0;
    if (strncmp(line, "+OK", 3) != 0) die(line);
}

int main(int argc, char **argv) {
    static char buffer[BUFFER], line[512], commands[WINDOW * 16];
    struct sockaddr_in address = {.sin_family = AF_INET};
    int one = 1, count = 0, asked = 0, done = 0, seen = 0;
    if (argc != 4) die("usage: raw PORT USER PASSWORD");
    address.sin_port = htons(atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    answer(line, sizeof line);
    say(line, snprintf(line, sizeof line, "USER %s\r\n", argv[2]));
    answer(line, sizeof line);
    say(line, snprintf(line, sizeof line, "PASS %s\r\n", argv[3]));
    answer(line, sizeof line);
    say("STAT\r\n", 6);
    answer(line, sizeof line);
    count = atoi(line + 4);
    while (done < count) {
        if (asked < count && asked - done <= WINDOW / 2) {
            size_t length = 0;
            while (asked < count && asked - done < WINDOW) length += sprintf(commands + length, "RETR %d\r\n", ++asked);
            say(commands, length);
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
    say("QUIT\r\n", 6);
    answer(line, sizeof line);
    printf("%d\n", done);
    return 0;
}
