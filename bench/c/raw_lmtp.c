/* The floor of the LMTP rows: a whole POP3 box, RETR pipelined, handed over by one LMTP connection to one recipient. A mail
 * goes on as it came, its dots stuffed and its end included, and in the same breath the next one's MAIL, RCPT and DATA (RFC
 * 2920), so that the server waits for nothing. Keeps nothing, and looks at nothing but the replies' first digit.
 * usage: raw_lmtp PORT USER PASSWORD LMTP_PORT RECIPIENT; prints the number of mails handed over. */
#define _GNU_SOURCE
#include "pop3.h"

enum { WINDOW = 1000, BUFFER = 1 << 18, ENVELOPE = 512 };

static int pop3, count, asked, done;
static char *input;
static size_t capacity = BUFFER, begin, end; /* input[begin..end) is unread */

static void ask(void) {
    static char commands[WINDOW * 16];
    size_t length = 0;
    if (asked - done > WINDOW / 2) return;
    while (asked < count && asked - done < WINDOW) length += sprintf(commands + length, "RETR %d\r\n", ++asked);
    if (length > 0) say(pop3, commands, length);
}

static char *next_mail(size_t *length) { /* from behind the status line through CRLF . CRLF */
    size_t searched = 0;
    for (;;) {
        char *last = memmem(input + begin + searched, end - begin - searched, "\r\n.\r\n", 5);
        if (last != NULL) {
            char *status = input + begin, *mail = memchr(status, '\n', last + 2 - status);
            if (strncmp(status, "+OK", 3) != 0 || mail++ == NULL) die("RETR");
            *length = last + 5 - mail;
            begin = last + 5 - input;
            return mail;
        }
        searched = end - begin > 4 ? end - begin - 4 : 0;
        if (begin > 0) {
            memmove(input, input + begin, end - begin);
            end -= begin;
            begin = 0;
        }
        if (end == capacity && (input = realloc(input, capacity *= 2)) == NULL) die("realloc");
        ssize_t got = read(pop3, input + end, capacity - end);
        if (got <= 0) die("the POP3 server hung up");
        end += got;
    }
}

static void reply(int lmtp, char first_digit) {
    static char buffer[1 << 16], line[1024];
    static size_t from, to;
    for (size_t length = 0;;) {
        if (from == to) {
            ssize_t got = read(lmtp, buffer, sizeof buffer);
            if (got <= 0) die("the LMTP server hung up");
            from = 0;
            to = got;
        }
        if (length < sizeof line - 1) line[length++] = buffer[from];
        line[length] = 0;
        if (buffer[from++] != '\n') continue;
        if (line[0] != first_digit) die(line);
        if (length >= 4 && line[3] == '-') length = 0; else return;
    }
}

int main(int argc, char **argv) {
    char envelope[ENVELOPE];
    if (argc != 6) die("usage: raw_lmtp PORT USER PASSWORD LMTP_PORT RECIPIENT");
    if ((input = malloc(capacity)) == NULL) die("malloc");
    int lmtp = connect_to(argv[4]);
    reply(lmtp, '2');
    say(lmtp, "LHLO localhost\r\n", 16);
    reply(lmtp, '2');
    pop3 = log_in(argv[1], argv[2], argv[3], &count);
    size_t size = snprintf(envelope, sizeof envelope, "MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n", argv[5]);
    if (count > 0) say(lmtp, envelope, size);
    while (done < count) {
        size_t length;
        ask();
        char *mail = next_mail(&length);
        if (done > 0) reply(lmtp, '2'); /* the end of the one before */
        reply(lmtp, '2');
        reply(lmtp, '2');
        reply(lmtp, '3');
        static char *both;
        static size_t room;
        if (length + size > room && (both = realloc(both, room = length + size)) == NULL) die("realloc");
        memcpy(both, mail, length);
        memcpy(both + length, envelope, size);
        say(lmtp, both, ++done < count ? length + size : length);
    }
    if (count > 0) reply(lmtp, '2');
    say(lmtp, "QUIT\r\n", 6);
    reply(lmtp, '2');
    quit(pop3);
    printf("%d\n", done);
    return 0;
}
