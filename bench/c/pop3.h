/* What the C clients of this directory say first, and the reading of one-line answers. All of it blocks; any failure ends
 * the program with 1. Needs _GNU_SOURCE. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *why) { fprintf(stderr, "%s: %s\n", program_invocation_short_name, why); exit(1); }

static void say(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written <= 0) die("write");
        text += written;
        length -= written;
    }
}

static int connect_to(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void answer(int fd, char *line, size_t size) { /* octet by octet: what follows may be a mail */
    size_t length = 0;
    while (length < size - 1 && read(fd, line + length, 1) == 1)
        if (line[length++] == '\n') break;
    line[length] = 0;
    if (strncmp(line, "+OK", 3) != 0) die(line);
}

static int log_in(const char *port, const char *user, const char *password, int *count) { /* up to STAT's answer */
    char line[512];
    int fd = connect_to(port);
    answer(fd, line, sizeof line);
    say(fd, line, snprintf(line, sizeof line, "USER %s\r\n", user));
    answer(fd, line, sizeof line);
    say(fd, line, snprintf(line, sizeof line, "PASS %s\r\n", password));
    answer(fd, line, sizeof line);
    say(fd, "STAT\r\n", 6);
    answer(fd, line, sizeof line);
    *count = atoi(line + 4);
    return fd;
}

static void quit(int fd) {
    char line[512];
    say(fd, "QUIT\r\n", 6);
    answer(fd, line, sizeof line);
}
